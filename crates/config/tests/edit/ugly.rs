//! Generated `.tf` files with an `s3` backend, as ugly as people write them.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// How the `=` of the block stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Never as `terraform fmt` puts them.
    Ragged,
    /// One blank, and all names of a group equally long because no group has two lines.
    Tidy,
}

/// A file, and what is known about it.
#[derive(Clone, Debug)]
pub(crate) struct Ugly {
    pub(crate) text: String,
    pub(crate) style: Style,
}

/// One argument with what stands around it.
#[derive(Clone, Debug)]
struct Line {
    above: &'static str,
    argument: (&'static str, &'static str),
    blanks: (usize, usize),
    behind: &'static str,
}

const ARGUMENTS: &[(&str, &str)] = &[
    ("bucket", "\"acme\""),
    ("key", "\"a/${1}$${x}/\u{e9}}#\""),
    ("region", "\"eu-west-1\" /* c */"),
    ("encrypt", "true"),
    ("acl", "<<-E\n  } dynamodb_table = 1\n  E"),
    ("profile", "(\n  \"p\" # dynamodb_table = 2\n)"),
    ("dynamodb_table", "\"locks\""),
    ("kms_key_id", "/* = */ \"alias/{\""),
    ("max_retries", "5"),
    ("allowed_account_ids", "[\n  \"1\",\n\n  \"2\", # }\n]"),
    ("endpoints", "{ s3 = \"x\", dynamodb = \"y\"\n sts : \"z\" }"),
];
const ABOVE: &[&str] = &[
    "",
    "",
    "\n",
    "# dynamodb_table = \"no\"\n",
    "// use_lockfile = true\n\n",
    "/* backend \"s3\" {\n * dynamodb_table */\n",
];
const BEHIND: &[&str] =
    &["", "", " ", "\t# c", " // \"", " /* } */", " # \u{1f512} use_lockfile = true"];
const HEADS: &[&str] = &[
    "",
    "# terraform { backend \"s3\" {} }\n",
    "locals {\n  x = <<E\nterraform {\n  backend \"s3\" {\n    /**/ dynamodb_table = 1\n  }\n}\nE\n}\n\n",
    "terraform {\n  required_version = \">= 1.10\"\n}\n",
];
const TAILS: &[&str] = &["", "\n", "\n\n# end", "\noutput \"x\" {value=\"}\"}\n"];
const INDENTATIONS: &[&str] = &["", "  ", "    ", "\t"];

fn line(style: Style) -> impl Strategy<Value = Line> {
    let before = match style {
        Style::Ragged => select(vec![0_usize, 2, 3, 7]),
        Style::Tidy => select(vec![1_usize]),
    };
    let above = match style {
        Style::Ragged => select(ABOVE.to_vec()),
        // A gap makes each line a group of its own.
        Style::Tidy => select(vec!["\n", "# c\n", "\n// c\n"]),
    };
    (above, select(ARGUMENTS.to_vec()), before, select(vec![0_usize, 2]), select(BEHIND.to_vec()))
        .prop_map(move |(above, argument, before, after, behind)| Line {
            above,
            argument,
            blanks: (before, if style == Style::Tidy { 1 } else { after }),
            behind: if style == Style::Tidy { behind.trim_end() } else { behind },
        })
}

/// A file with one block, over several lines.
pub(crate) fn ugly() -> impl Strategy<Value = Ugly> {
    select(vec![Style::Ragged, Style::Tidy]).prop_flat_map(|style| {
        let lines = proptest::collection::vec(line(style), 1..8);
        let around = (select(HEADS.to_vec()), select(TAILS.to_vec()), select(BEHIND.to_vec()));
        let ends = proptest::collection::vec(any::<bool>(), 1..9);
        (lines, around, select(INDENTATIONS.to_vec()), ends, any::<bool>(), any::<Index>())
            .prop_map(move |(lines, around, indentation, ends, has_mark, position)| {
                let text = with_ends(&laid_out(&lines, around, indentation, position), &ends);
                let mark = if has_mark { "\u{feff}" } else { "" };
                Ugly { text: format!("{mark}{text}"), style }
            })
    })
}

fn laid_out(
    lines: &[Line],
    (head, tail, open): (&str, &str, &str),
    indentation: &str,
    position: Index,
) -> String {
    let mut seen = std::collections::BTreeSet::new();
    let mut arguments: Vec<_> = lines
        .iter()
        .filter(|line| seen.insert(line.argument.0))
        .map(|line| {
            let (name, value) = line.argument;
            let (before, after) = line.blanks;
            let (before, after) = (" ".repeat(before), " ".repeat(after));
            // Nothing may stand behind the delimiter of a heredoc.
            let behind = if value.starts_with("<<") { "" } else { line.behind };
            format!("{}{indentation}{name}{before}={after}{value}{behind}\n", line.above)
        })
        .collect();
    if position.index(2) == 0 {
        arguments.reverse();
    }
    format!("{head}terraform {{\n backend \"s3\" {{{open}\n{} }}\n}}{tail}", arguments.concat())
}

/// Turns some line ends into CRLF, in the order of `ends`.
fn with_ends(text: &str, ends: &[bool]) -> String {
    let mut ends = ends.iter().cycle();
    text.split_inclusive('\n')
        .map(|line| match (line.strip_suffix('\n'), ends.next()) {
            (Some(line), Some(true)) => format!("{line}\r\n"),
            _ => line.to_owned(),
        })
        .collect()
}
