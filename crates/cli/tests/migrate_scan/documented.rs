//! The page about it shows what it prints, and its price file works.

use std::path::Path;

use crate::stage::Stage;

pub(crate) fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations").join(name);
    std::fs::read_to_string(path).expect("a page")
}

/// The text of the first fence after `marker`.
fn fenced<'a>(page: &'a str, marker: &str) -> &'a str {
    let (_, after) = page.split_once(marker).expect(marker);
    let (_, inside) = after.split_once("```").expect("a fence");
    let (_, text) = inside.split_once('\n').expect("a language");
    text.split_once("\n```").expect("its end").0
}

#[test]
fn the_shown_output_is_what_is_printed() {
    let page = page("migrate.md");
    let shown = fenced(&page, "<!-- test: scan -->");
    let mut lines = shown.lines();
    assert_eq!(lines.next(), Some("$ statelock migrate scan"));
    let printed = documented().scan(&[]).stdout;
    let shown: Vec<_> = lines.collect();
    assert_eq!(shown.join("\n"), printed.trim_end());
}

#[test]
fn the_shown_price_file_can_be_used() {
    let stage = documented();
    stage.write("prices.json", fenced(&page("migrate.md"), "<!-- test: prices -->"));
    stage.scan(&["--price-file", "prices.json"]).ended(0, "");
}

/// Three modules, as the page has them.
fn documented() -> Stage {
    let module = |key: &str, version: &str, lock: &str| {
        format!(
            "terraform {{\n  required_version = \"{version}\"\n  backend \"s3\" {{\n    bucket = \"acme-tfstate\"\n    \
             key    = \"{key}/terraform.tfstate\"\n    region = \"us-east-1\"\n{lock}  }}\n}}\n"
        )
    };
    let table = "    dynamodb_table = \"terraform-locks\"\n";
    Stage::with(&[
        ("network/main.tf", &module("network", ">= 1.10", table)),
        ("app/main.tf", &module("app", ">= 1.5", table)),
        ("sandbox/main.tf", &module("sandbox", ">= 1.10", "")),
    ])
}
