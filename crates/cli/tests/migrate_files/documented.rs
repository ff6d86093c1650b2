//! The pages show what is printed.

use std::fs;
use std::path::Path;

use crate::stage::Stage;

/// The command and what follows it in the first fence after `marker` of a page.
fn shown(page: &str, marker: &str) -> (Vec<String>, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations").join(page);
    let page = fs::read_to_string(path).expect("a page");
    let (_, after) = page.split_once(&format!("<!-- test: {marker} -->")).expect("the marker");
    let (_, inside) = after.split_once("```console\n").expect("a fence");
    let (text, _) = inside.split_once("```").expect("its end");
    let (command, output) = text.split_once('\n').expect("a command");
    let words = command.strip_prefix("$ statelock migrate ").expect("a command of this verb");
    (words.split(' ').map(str::to_owned).collect(), output.to_owned())
}

/// The three root modules of the pages.
fn documented() -> Stage {
    let stage = Stage::new(&["nothing"]);
    let block = |version: &str, arguments: &str| {
        format!(
            "terraform {{\n  required_version = \"{version}\"\n  backend \"s3\" {{\n{arguments}  }}\n}}\n"
        )
    };
    let whole = |key: &str, comment: &str| {
        format!(
            "    bucket         = \"acme-tfstate\"\n    key            = \"{key}/terraform.tfstate\"\n    region         = \
             \"us-east-1\"\n    dynamodb_table = \"terraform-locks\"{comment}\n"
        )
    };
    let partial = "    key = \"network/terraform.tfstate\"\n";
    for (path, text) in [
        ("app/main.tf", block(">= 1.10", &whole("app", " # shared"))),
        ("network/main.tf", block(">= 1.10", partial)),
        (
            "network/prod.tfbackend",
            "bucket         = \"acme-tfstate\"\nregion         = \"us-east-1\"\ndynamodb_table = \"terraform-locks\"\n"
                .to_owned(),
        ),
        ("legacy/main.tf", block("~> 1.5.0", &whole("legacy", ""))),
    ] {
        let path = stage.path(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }
    stage
}

#[test]
fn every_command_of_the_pages_prints_what_they_show() {
    let stage = documented();
    for (page, marker) in [
        ("migrate.md", "plan"),
        ("migrate.md", "apply"),
        ("migrate.md", "status"),
        ("roll-back.md", "rollback"),
    ] {
        let (words, output) = shown(page, marker);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let said = stage.migrate(&words);
        assert_eq!(format!("{}{}", said.out, said.err), output, "{marker}");
    }
}
