//! How it ends, and what it says of what it could not do.

use crate::stage::{LOCK_TABLE_BLOCK, Stage};

#[test]
fn a_tree_without_trouble_ends_well() {
    let stage = Stage::with(&[("app/main.tf", LOCK_TABLE_BLOCK)]);
    let run = stage.scan(&[]);
    run.ended(0, "");
    assert_eq!(run.stderr, "");
    assert!(run.stdout.starts_with("1 s3 backend in 1 root module ("), "{}", run.stdout);
}

#[test]
fn a_tree_without_root_modules_is_not_found() {
    let run = Stage::with(&[("readme.txt", "nothing")]).scan(&["--json"]);
    run.ended(6, "error: no root module was found in `.`");
    assert_eq!(run.json()["units"], serde_json::json!([]));
}

#[test]
fn a_directory_that_is_not_there_is_named_and_the_others_are_shown() {
    let stage = Stage::with(&[("app/main.tf", LOCK_TABLE_BLOCK)]);
    let run = stage.scan(&["gone", "app"]);
    run.ended(2, "`gone`").ended(2, "one thing could not be read");
    assert!(run.stdout.contains("s3://tfstate/app/terraform.tfstate"), "{}", run.stdout);
}

#[test]
fn a_file_with_another_encoding_is_named_with_its_line() {
    let stage = Stage::with(&[("app/main.tf", LOCK_TABLE_BLOCK)]);
    std::fs::write(stage.file("app/other.tf"), b"terraform {\n  # \xff\n}\n").expect("a file");
    stage.scan(&[]).ended(2, "warning: ./app/other.tf:2 is not UTF-8");
}

#[test]
fn the_report_is_written_whole_or_not_at_all() {
    let stage = Stage::with(&[("app/main.tf", LOCK_TABLE_BLOCK)]);
    let run = stage.scan(&["--html", "none/report.html"]);
    run.ended(2, "error: could not write the report `none/report.html`: ");
    run.ended(2, "hint: name a file in a directory that exists");
    stage.scan(&["--html", "report.html"]).ended(0, "");
    let page = std::fs::read_to_string(stage.file("report.html")).expect("a page");
    assert!(page.ends_with("</html>"), "{page}");
}
