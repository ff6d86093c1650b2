//! `docs/errors.md` has a row for each error of `migrate`, and none for an error that there is not.

const PAGE: &str = include_str!("../../../../../docs/errors.md");
/// Where errors are, and the texts that they are made of.
const SOURCES: [&str; 10] = [
    include_str!("files/error.rs"),
    include_str!("finish/error.rs"),
    include_str!("git.rs"),
    include_str!("phase_error.rs"),
    include_str!("prices/mod.rs"),
    include_str!("record/error.rs"),
    include_str!("scan/error.rs"),
    include_str!("verify/error.rs"),
    include_str!("writing/outcome.rs"),
    include_str!("verify/text.rs"),
];
/// Of every verb, and not only of this one.
const OF_EVERY_VERB: [&str; 3] =
    ["could not catch signals", "could not print", "could not write JSON"];

/// The string literals of a source after `before`, in one line each, with `…` for what is filled in.
fn literals(source: &str, before: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some((_, after)) = rest.split_once(before) {
        rest = after.trim_start();
        let Some(text) = rest.strip_prefix('"') else { continue };
        let mut literal = String::new();
        let mut characters = text.chars().peekable();
        let mut depth = 0_u32;
        while let Some(character) = characters.next().filter(|c| *c != '"') {
            match character {
                '\\' if characters.peek() == Some(&'\n') => {
                    while characters.next_if(|c| c.is_whitespace()).is_some() {}
                }
                '\\' => literal.extend(characters.next()),
                '{' => {
                    depth += 1;
                    literal.push('…');
                }
                '}' => depth -= 1,
                other if depth == 0 => literal.push(other),
                _ => {}
            }
        }
        found.push(literal);
    }
    found
}

/// As the page writes it: names without the quotes that are around them in the message.
fn plain(text: &str) -> String {
    text.replace("`…`", "…")
}

/// The texts of the first column.
fn rows() -> Vec<String> {
    let section = PAGE.split("## Errors of `statelock migrate`").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let texts = rows.flat_map(|row| {
        let cell = row.trim_start_matches("| ").split(" | ").next().unwrap();
        // A text that has a backtick of its own stands in two.
        let fence = if cell.starts_with("``") { "``" } else { "`" };
        let texts: Vec<_> = cell.split(fence).skip(1).step_by(2).map(str::to_owned).collect();
        texts
    });
    texts.collect()
}

#[test]
fn every_error_of_migrate_is_on_the_page() {
    let rows = rows();
    let errors = SOURCES.iter().flat_map(|source| literals(source, "#[error("));
    let errors: Vec<_> = errors.map(|text| plain(&text)).collect();
    // What consists of nothing but what is filled in is made by functions.
    let told = errors.iter().filter(|text| !text.chars().all(|c| c == '…'));
    let told: Vec<_> = told.filter(|text| !OF_EVERY_VERB.contains(&text.as_str())).collect();
    assert!(told.len() > 35, "{}", told.len());
    let missing: Vec<_> = told.iter().filter(|text| !rows.contains(text)).collect();
    assert!(missing.is_empty(), "docs/errors.md lacks {missing:#?}");
}

#[test]
fn the_page_has_no_error_that_there_is_not() {
    let all = SOURCES.iter().flat_map(|source| {
        let calls = ["#[error(", "format!(", "=>", "="].map(|before| literals(source, before));
        calls.concat()
    });
    let all: Vec<_> = all.map(|text| plain(&text)).collect();
    let is_there = |row: &String| {
        // The end of a long text may be left out.
        let begin = row.strip_suffix("; …");
        all.iter().any(|text| {
            text == row || begin.is_some_and(|begin| text.starts_with(&format!("{begin}; ")))
        })
    };
    let unknown: Vec<_> = rows().into_iter().filter(|row| !is_there(row)).collect();
    assert!(unknown.is_empty(), "no error says {unknown:#?}");
}
