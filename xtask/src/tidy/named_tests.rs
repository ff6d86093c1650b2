//! Every test that a document names exists, and every loss in docs/bugs.md names what shows it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::tree::SourceFile;

/// Names of tests in Markdown that no function has. Only names that carry a promise (`p12_…`) are looked
/// at, and those by which docs/bugs.md says what holds a loss: other words in backticks may be anything.
pub(super) fn check(files: &[SourceFile]) -> Vec<String> {
    let functions: BTreeSet<&str> =
        files.iter().filter(|file| file.is_rust()).flat_map(|file| functions(&file.text)).collect();
    let documents = files.iter().filter(|file| {
        Path::new(&file.path).extension().is_some_and(|extension| extension == "md")
    });
    documents
        .flat_map(|file| {
            let of_losses = Some(&*file.text).filter(|_| file.path == super::BUGS);
            let names = named(&file.text).chain(of_losses.into_iter().flat_map(holding));
            names.map(|name| (file.path.as_str(), name))
        })
        .filter(|(_, name)| !functions.contains(name))
        .map(|(path, name)| format!("{path}: names the test `{name}`, and there is none"))
        .collect()
}

/// Sections of docs/bugs.md that say nothing about a test.
pub(super) fn losses(bugs: &str) -> Vec<String> {
    let sections = bugs.split("\n## ").skip(1);
    sections
        .filter(|section| !section.lines().any(|line| line.starts_with("Test")))
        .filter_map(|section| section.lines().next())
        .map(|title| format!("docs/bugs.md: \"{title}\" names no test"))
        .collect()
}

/// Words in backticks that look like the name of a test.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|word| {
        let rest = word.strip_prefix('p').unwrap_or_default();
        let digits = rest.chars().take_while(char::is_ascii_digit).count();
        let is_name = word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        digits > 0 && is_name && rest.chars().nth(digits) == Some('_')
    })
}

/// Words in backticks of paragraphs that begin with `Test`, if they are long enough for the name of a test and
/// carry no promise.
fn holding(text: &str) -> impl Iterator<Item = &str> {
    let paragraphs = text.split("\n\n").filter(|paragraph| paragraph.starts_with("Test"));
    let words = paragraphs.flat_map(|paragraph| paragraph.split('`').skip(1).step_by(2));
    words.filter(|word| {
        let is_name = word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        is_name && word.matches('_').count() > 2 && named(&format!("`{word}`")).next().is_none()
    })
}

fn functions(text: &str) -> impl Iterator<Item = &str> {
    text.split("fn ").skip(1).filter_map(|rest| {
        rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).find(|name| !name.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_named_test_must_be_there() {
        let code = file("a.rs", "#[test]\nfn p1_excludes() {}\n");
        let good = file("docs/a.md", "`p1_excludes` shows it; `p1` and `path_to` are no tests");
        assert_eq!(check(&[code.clone(), good]), Vec::<String>::new());
        let bad = file("docs/a.md", "Tests: `p1_excludes`, `p12_was_renamed`");
        let findings = check(&[code, bad]);
        assert_eq!(findings, ["docs/a.md: names the test `p12_was_renamed`, and there is none"]);
    }

    #[test]
    fn what_holds_a_loss_must_be_there_whatever_its_name() {
        let code = file("a.rs", "fn a_lock_that_stays_is_told() {}\nfn p1_excludes() {}\n");
        let text = "## One\n\n`no_such_test_at_all` is no test.\n\nTests: `a_lock_that_stays_is_told`,\n\
                    `p1_excludes`, `use_lockfile`, `it_was_renamed_since` in `crates/x/a_b_c_d`.\n";
        let findings = check(&[code, file("docs/bugs.md", text)]);
        let expected = "docs/bugs.md: names the test `it_was_renamed_since`, and there is none";
        assert_eq!(findings, [expected]);
    }

    #[test]
    fn a_loss_names_what_shows_it() {
        let bugs = "# Losses\n\n## One\n\nThere.\n\nTest: `p1_x`.\n\n## Two\n\nThere.\n";
        assert_eq!(losses(bugs), ["docs/bugs.md: \"Two\" names no test"]);
    }
}
