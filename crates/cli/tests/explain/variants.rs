//! A text means the same with colours, boxes, prefixes, at any width, and in the middle of a log.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::fixture::{Fixture, all, found};

type Variant = (&'static str, fn(&str) -> String);

const VARIANTS: &[Variant] = &[
    ("in a coloured box", |text| boxed(text, 78)),
    ("with CRLF", |text| text.replace('\n', "\r\n")),
    ("with times", |text| prefixed(&wrapped(text, 132), "2026-11-22T10:00:00.000Z ")),
    ("with a tag", |text| prefixed(&wrapped(text, 60), "[apply] ")),
    ("from docker", |text| prefixed(text, "  deploy-1  | ")),
    ("from terragrunt", |text| {
        prefixed(&boxed(text, 60), "10:00:00.123 STDERR [live/prod] terraform: ")
    }),
    ("in 60 columns", |text| wrapped(text, 60)),
    ("in 78 columns", |text| wrapped(text, 78)),
    ("in 132 columns", |text| wrapped(text, 132)),
    ("on one line", |text| text.replace('\n', " ")),
    ("in a long log", in_a_log),
    ("as JSON", as_json),
];

#[test]
fn each_form_of_a_text_means_the_same() {
    let fixtures = all();
    let next = AtomicUsize::new(0);
    let check = || {
        while let Some(fixture) = fixtures.get(next.fetch_add(1, Ordering::Relaxed)) {
            compare(fixture);
        }
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(check);
        }
    });
}

fn compare(fixture: &Fixture) {
    let plain = found(&fixture.text);
    for (name, make) in VARIANTS {
        let variant = make(&fixture.text);
        assert_eq!(found(&variant), plain, "{} {name}:\n{variant}", fixture.name);
    }
}

/// As Terraform wraps: at blanks only, and never a line that begins with one.
fn wrapped(text: &str, columns: usize) -> String {
    let mut shown = String::new();
    let mut column = 0;
    for line in text.lines() {
        let stands_alone =
            line.starts_with([' ', '\t']) || line.is_empty() || line.starts_with("Error: ");
        if column > 0 && (stands_alone || line.starts_with("Lock Info:")) {
            shown.push('\n');
            column = 0;
        }
        if stands_alone {
            shown.extend([line, "\n"]);
            continue;
        }
        for word in line.split_whitespace() {
            if column > 0 && column + 1 + word.len() > columns {
                shown.push('\n');
                column = 0;
            }
            if column > 0 {
                shown.push(' ');
                column += 1;
            }
            shown.push_str(word);
            column += word.len();
        }
        if line.starts_with("Lock Info:") {
            shown.push('\n');
            column = 0;
        }
    }
    shown.push('\n');
    shown
}

fn boxed(text: &str, columns: usize) -> String {
    let bar = "\u{1b}[31m│\u{1b}[0m \u{1b}[0m";
    let lines = wrapped(text, columns)
        .replace("Error: ", "\u{1b}[1m\u{1b}[31mError: \u{1b}[0m\u{1b}[0m\u{1b}[1m");
    format!(
        "\u{1b}[31m╷\u{1b}[0m\u{1b}[0m\n{}\u{1b}[31m╵\u{1b}[0m\u{1b}[0m\n",
        prefixed(&lines, bar)
    )
}

fn prefixed(text: &str, prefix: &str) -> String {
    text.lines().flat_map(|line| [prefix, line, "\n"]).collect()
}

fn in_a_log(text: &str) -> String {
    let line = |number: usize| {
        format!(
            "module.network.aws_subnet.private[{number}]: Refreshing state... [id=subnet-{number}]\n"
        )
    };
    let before: String = (0..300).map(line).collect();
    let after: String = (300..600).map(line).collect();
    format!("$ terraform apply\n{before}{text}\n{after}ERROR: Job failed: exit code 1\n")
}

/// As `terraform apply -json` prints it, where the text is one diagnostic.
fn as_json(text: &str) -> String {
    let parts = text.strip_prefix("Error: ").filter(|rest| !rest.contains("Error: "));
    let Some((summary, detail)) = parts.and_then(|rest| rest.split_once('\n')) else {
        return text.to_owned();
    };
    let line = json!({
        "@level": "error",
        "@message": format!("Error: {summary}"),
        "diagnostic": { "severity": "error", "summary": summary, "detail": detail },
    });
    format!("{{\"@level\":\"info\",\"@message\":\"Terraform 1.11.4\"}}\n{line}\n")
}
