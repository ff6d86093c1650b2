//! What a user meets is documented: error codes, exit codes, environment variables, flags.

use std::collections::BTreeSet;

use crate::tree::SourceFile;

/// Variables that a test sets for a process it starts itself; nobody else sets them.
const FOR_A_CHILD: &str = "STATELOCK_TEST_CHILD_";

/// Files in which every string that looks like an error code is one.
const LISTS_OF_CODES: [&str; 3] =
    ["/api/identity/refusal.rs", "/listener/error_body.rs", "/auth/guard/reading.rs"];
/// What looks like a code there, and is the name of an element in an answer.
const ELEMENTS: [&str; 5] =
    ["ErrorResponse", "HeadersNotSigned", "HostId", "RequestId", "ResponseMetadata"];
/// Functions whose first string is an error code.
const TAKE_A_CODE: [&str; 3] = ["custom_error(", "GuardError::new(", "::bad_request("];

/// Codes of errors that the server's code names, missing from docs/errors.md.
pub(super) fn error_codes(errors: &str, files: &[SourceFile]) -> Vec<String> {
    let product = files.iter().filter(|file| is_product(file));
    let codes: BTreeSet<_> = product.flat_map(error_codes_in).collect();
    missing(errors, codes.iter().map(String::as_str))
        .map(|code| format!("docs/errors.md: error code `{code}` is used and not documented"))
        .collect()
}

/// Exit codes in the arms of `exit_code.rs` and in `ExitCode::from(N)`, missing from docs/errors.md.
pub(super) fn exit_codes(errors: &str, files: &[SourceFile]) -> Vec<String> {
    let product = files.iter().filter(|file| is_product(file));
    let codes: BTreeSet<u8> = product.flat_map(exit_codes_in).collect();
    let in_prose: Vec<_> = words(errors).filter(|word| !word.is_empty()).collect();
    let documented = |code: &u8| {
        let number = code.to_string();
        let sentence = ["exit", "code", &number];
        in_prose.windows(3).any(|three| three == sentence)
            || errors.lines().any(|line| table_cells(line).any(|cell| cell == number))
    };
    codes
        .iter()
        .filter(|code| !documented(code))
        .map(|code| format!("docs/errors.md: exit code {code} is used and not documented"))
        .collect()
}

/// Environment variables: those of the product belong to users, all others to contributors.
pub(super) fn settings(operators: &str, contributors: &str, files: &[SourceFile]) -> Vec<String> {
    let rust = || files.iter().filter(|file| file.is_rust() && file.path.starts_with("crates/"));
    let product: BTreeSet<_> =
        rust().filter(|file| is_product(file)).flat_map(|file| variables(&file.text)).collect();
    let all: BTreeSet<_> = rust().flat_map(|file| variables(&file.text)).collect();
    let for_operators = missing(operators, product.iter().map(String::as_str))
        .map(|name| format!("docs/operations: `{name}` is read and not documented"));
    let tests_only = all.difference(&product).map(String::as_str);
    let for_contributors = missing(contributors, tests_only)
        .map(|name| format!("CONTRIBUTING.md: `{name}` is read by tests and not documented"));
    for_operators.chain(for_contributors).collect()
}

/// Flags in the output of `serve --help`, missing from docs/operations/serve.md.
pub(super) fn flags(operators: &str, help: &str) -> Vec<String> {
    let flags: BTreeSet<_> = flags_in(help).into_iter().filter(|flag| flag != "--help").collect();
    if flags.is_empty() {
        return vec!["`statelock serve --help` shows no flag".to_owned()];
    }
    missing(operators, flags.iter().map(String::as_str))
        .map(|flag| format!("docs/operations/serve.md: flag `{flag}` is not documented"))
        .collect()
}

fn is_product(file: &SourceFile) -> bool {
    let product = ["crates/server/src/", "crates/cli/src/"];
    file.is_rust() && !file.is_test() && product.iter().any(|room| file.path.starts_with(room))
}

fn missing<'a>(
    document: &'a str,
    names: impl Iterator<Item = &'a str> + 'a,
) -> impl Iterator<Item = &'a str> + 'a {
    let documented: BTreeSet<_> = words(document).collect();
    names.filter(move |name| !documented.contains(name))
}

/// Words of a text; `-` and `_` are part of a word, so that `--data` is not in `--data-dir`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
}

/// The cells of a table's row; a line that is no row has none.
fn table_cells(line: &str) -> impl Iterator<Item = &str> {
    let row = if line.starts_with('|') { line } else { "" };
    row.split('|').map(|cell| cell.trim().trim_matches('`'))
}

/// All error codes that a file of the product names.
fn error_codes_in(file: &SourceFile) -> Vec<String> {
    let (text, _) = file.text.split_once("#[cfg(test)]").unwrap_or((&file.text, ""));
    let mut codes = s3_error_codes(text);
    codes.extend(TAKE_A_CODE.iter().flat_map(|function| codes_given_to(function, text)));
    if LISTS_OF_CODES.iter().any(|list| file.path.ends_with(list)) {
        let strings = text.lines().flat_map(|line| line.split('"').skip(1).step_by(2));
        let found = strings.filter(|string| is_camel_case(string) && !ELEMENTS.contains(string));
        codes.extend(found.map(str::to_owned));
    }
    codes
}

/// The codes that begin the arguments of `function`, where they are given as strings.
fn codes_given_to(function: &str, text: &str) -> Vec<String> {
    text.split(function)
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
        .filter(|code| is_camel_case(code))
        .map(str::to_owned)
        .collect()
}

/// Two capitals at least, of which one begins it, and nothing but letters and digits.
fn is_camel_case(word: &str) -> bool {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric());
    let capitals = word.chars().filter(char::is_ascii_uppercase).count();
    let begins = word.starts_with(|c: char| c.is_ascii_uppercase());
    plain && begins && capitals >= 2 && word.chars().any(|c| c.is_ascii_lowercase())
}

/// The identifiers that follow `S3ErrorCode::`.
fn s3_error_codes(text: &str) -> Vec<String> {
    let named = text.split("S3ErrorCode::").skip(1).filter_map(|rest| words(rest).next());
    named
        .filter(|code| code.starts_with(char::is_uppercase) && *code != "Custom")
        .map(str::to_owned)
        .collect()
}

/// Numbers in `Self::Kind => N,` and `ExitCode::from(N)`.
fn exit_codes_in(file: &SourceFile) -> Vec<u8> {
    let is_the_list = file.path.ends_with("/exit_code.rs");
    let arms = file.text.lines().filter_map(|line| {
        let (kind, number) = line.trim().split_once(" => ")?;
        (is_the_list && kind.starts_with("Self::")).then_some(number)
    });
    let direct = file.text.split("ExitCode::from(").skip(1);
    arms.chain(direct)
        .filter_map(|rest| words(rest).next())
        .filter_map(|number| number.parse().ok())
        .collect()
}

fn variables(text: &str) -> Vec<String> {
    let of_ours = words(text).filter(|word| word.starts_with("STATELOCK_"));
    let for_people = |word: &&str| *word != "STATELOCK_" && !word.starts_with(FOR_A_CHILD);
    of_ours.filter(for_people).map(str::to_owned).collect()
}

/// `--long` flags at the beginning of a line of help, after an optional `-s, `.
fn flags_in(help: &str) -> Vec<String> {
    help.lines()
        .filter_map(|line| {
            let line = line.trim_start();
            let line = match line.split_once(", ") {
                Some((short, rest)) if short.starts_with('-') && short.len() == 2 => rest,
                _ => line,
            };
            line.starts_with("--").then(|| words(line).next().unwrap_or_default().to_owned())
        })
        .filter(|flag| flag.len() > 2)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> Vec<SourceFile> {
        vec![SourceFile { path: "crates/server/src/a.rs".to_owned(), text: text.to_owned() }]
    }

    #[test]
    fn a_used_error_code_must_be_documented() {
        let files = server("Err(S3ErrorCode::NoSuchKey), S3ErrorCode::Custom(x)");
        assert_eq!(error_codes("| `NoSuchKey` |", &files), Vec::<String>::new());
        assert_eq!(error_codes("| `NoSuchKeyAtAll` |", &files).len(), 1);
    }

    #[test]
    fn codes_given_as_strings_must_be_documented() {
        let of_ours = "custom_error(\n    \"OneCode\",\n    \"A sentence.\"); \
                       GuardError::bad_request(\"TwoCode\", m); GuardError::new(\"ThreeCode\", s)";
        assert_eq!(error_codes("", &server(of_ours)).len(), 3);
        let neither = "GuardError::new(code, \"NotACode\"); custom_error(\"a sentence\")";
        assert_eq!(error_codes("", &server(neither)), Vec::<String>::new());
        let in_a_test = format!("#[cfg(test)]\nmod tests {{ {of_ours} }}");
        assert_eq!(error_codes("", &server(&in_a_test)), Vec::<String>::new());
    }

    #[test]
    fn strings_are_codes_where_codes_are_listed() {
        let text = "(status, \"SomeCode\"), element(\"RequestId\"), \"Message\", \"x\\\"y\"\n";
        let mut files = server(text);
        assert_eq!(error_codes("", &files), Vec::<String>::new());
        files[0].path = "crates/server/src/api/identity/refusal.rs".to_owned();
        assert_eq!(error_codes("", &files).len(), 1);
        assert_eq!(error_codes("`SomeCode`", &files), Vec::<String>::new());
    }

    #[test]
    fn a_used_exit_code_must_be_documented() {
        let mut files = server("let x = ExitCode::from(8);\nSelf::Kind => 12,\n");
        let list = "match self {\n    Self::Corrupt => 11,\n}\n".to_owned();
        files.push(SourceFile { path: "crates/cli/src/exit_code.rs".to_owned(), text: list });
        assert_eq!(exit_codes("| 8 | a |\n| 11 | b |", &files), Vec::<String>::new());
        assert_eq!(exit_codes("ends with exit code 8; HTTP 11", &files).len(), 1);
    }

    #[test]
    fn variables_are_documented_where_their_reader_looks() {
        let mut files = server("env(\"STATELOCK_ROOT_ACCESS_KEY_ID\")");
        let text = "env(\"STATELOCK_TERRAFORM\"); set(\"STATELOCK_TEST_CHILD_X\")".to_owned();
        files.push(SourceFile { path: "crates/testkit/src/t.rs".to_owned(), text });
        let operators = "set `STATELOCK_ROOT_ACCESS_KEY_ID`";
        assert_eq!(settings(operators, "`STATELOCK_TERRAFORM`", &files), Vec::<String>::new());
        assert_eq!(settings("", "", &files).len(), 2);
        assert_eq!(settings("STATELOCK_ROOT_ACCESS_KEY_ID_FILE", "", &files).len(), 2);
    }

    #[test]
    fn flags_are_read_from_help_and_compared_whole() {
        let help = "Options:\n      --listen <ADDRESS>  where\n  -d, --data <DIR>  see --listen\n  \
                    -h, --help  Print help\n";
        assert_eq!(flags_in(help), ["--listen", "--data", "--help"]);
        assert_eq!(flags("`--listen`, `--data`", help), Vec::<String>::new());
        assert_eq!(flags("`--listen`, `--data-dir`", help).len(), 1);
        assert_eq!(flags("", "").len(), 1);
    }
}
