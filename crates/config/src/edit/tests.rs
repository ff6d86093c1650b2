//! What each kind of edit makes of small texts. Whole files stand in the corpus of the integration tests.

use std::path::Path;

use super::*;

const SET: ArgumentChange = ArgumentChange::Set {
    name: "use_lockfile",
    value: NewValue::Bool(true),
    after: "dynamodb_table",
};
const REMOVE: ArgumentChange = ArgumentChange::Remove { path: &["dynamodb_table"] };
const REMOVE_ENDPOINT: ArgumentChange = ArgumentChange::Remove { path: &["endpoints", "dynamodb"] };

fn after(form: Form, text: &str, changes: &[ArgumentChange]) -> String {
    let edited = edited_text(Path::new("x"), form, text, changes);
    let edited = edited.unwrap_or_else(|error| panic!("{error} in {text}"));
    assert_eq!(edited.is_changed, edited.text != text);
    let again = edited_text(Path::new("x"), form, &edited.text, changes).expect("again");
    assert_eq!(again.text, edited.text, "a second time");
    edited.text
}

fn block(arguments: &str) -> String {
    format!("terraform {{\n  backend \"s3\" {{{arguments}}}\n}}\n")
}

#[track_caller]
fn in_block(change: &ArgumentChange, before: &str, expected: &str) {
    let found = after(Form::Terraform, &block(before), std::slice::from_ref(change));
    assert_eq!(found, block(expected));
}

#[track_caller]
fn refusals(form: Form, text: &str, changes: &[ArgumentChange]) -> Vec<String> {
    match edited_text(Path::new("x.tf"), form, text, changes) {
        Err(EditError::ByHand(by_hand)) => by_hand.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?} in {text}"),
    }
}

#[test]
fn an_argument_is_added_behind_another() {
    in_block(
        &SET,
        "\n    key = \"k\"\n    dynamodb_table = \"t\" # c\n    region = \"r\"\n  ",
        "\n    key = \"k\"\n    dynamodb_table = \"t\" # c\n    use_lockfile = true\n    region = \"r\"\n  ",
    );
    in_block(
        &SET,
        "\n    bucket = \"b\" /* c\n */\n\n    # d\n  ",
        "\n    bucket       = \"b\" /* c\n */\n    use_lockfile = true\n\n    # d\n  ",
    );
    in_block(&SET, "\r\n\tkey=\"k\"\r\n", "\r\n\tkey=\"k\"\r\n\tuse_lockfile = true\r\n");
    in_block(
        &SET,
        "\n    endpoints = {\n      s3 = \"x\"\n    }\n  ",
        "\n    endpoints = {\n      s3 = \"x\"\n    }\n    use_lockfile = true\n  ",
    );
}

#[test]
fn groups_stay_aligned_if_they_were() {
    in_block(
        &SET,
        "\n    key            = \"k\"\n    dynamodb_table = \"t\"\n    # c\n    region = \"r\"\n  ",
        "\n    key            = \"k\"\n    dynamodb_table = \"t\"\n    use_lockfile   = true\n    # c\n    region = \"r\"\n  ",
    );
    in_block(
        &REMOVE,
        "\n    key            = \"k\" # one\n    dynamodb_table = \"t\"\n    region         = \"eu\" # two\n  ",
        "\n    key    = \"k\"  # one\n    region = \"eu\" # two\n  ",
    );
    // One column over a comment, which `terraform fmt` would not make: it stays.
    in_block(
        &REMOVE,
        "\n    key            = \"k\"\n    # c\n    dynamodb_table = \"t\"\n    region         = \"r\"\n  ",
        "\n    key            = \"k\"\n    # c\n    region         = \"r\"\n  ",
    );
    in_block(
        &SET,
        "\n    key            = \"k\"\n    # c\n    dynamodb_table = \"t\"\n    region         = \"r\"\n  ",
        "\n    key            = \"k\"\n    # c\n    dynamodb_table = \"t\"\n    use_lockfile   = true\n    region         = \"r\"\n  ",
    );
    // Not as `terraform fmt` puts it, although one blank stands before the `=`.
    in_block(&SET, "\n    key =1\n  ", "\n    key =1\n    use_lockfile = true\n  ");
    // Two groups become one when what stood between them goes.
    let endpoints = "\n    region = \"r\"\n    endpoints = {\n      dynamodb = \"x\"\n    }\n    use_lockfile = true\n  ";
    in_block(
        &REMOVE_ENDPOINT,
        endpoints,
        "\n    region       = \"r\"\n    use_lockfile = true\n  ",
    );
}

#[test]
fn blocks_on_one_line_are_opened_up() {
    in_block(&SET, "", "\n    use_lockfile = true\n  ");
    in_block(&SET, " ", "\n    use_lockfile = true\n  ");
    in_block(&SET, " bucket = \"b\" ", "\n    bucket       = \"b\"\n    use_lockfile = true\n  ");
    in_block(&SET, "bucket=\"b\"/* c */", "\n    bucket=\"b\"/* c */\n    use_lockfile = true\n  ");
    in_block(&SET, "\n  ", "\n    use_lockfile = true\n  ");
    in_block(&SET, " # c\n    # d\n  ", " # c\n    # d\n    use_lockfile = true\n  ");
    in_block(&REMOVE, " dynamodb_table = \"t\" ", "");
    in_block(&REMOVE, " /* c */ dynamodb_table = \"t\" ", " /* c */ ");
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    in_block(
        &SET,
        "\n  use_lockfile = /* a */ false // b\n",
        "\n  use_lockfile = /* a */ true // b\n",
    );
    in_block(&SET, "\n  use_lockfile = null\n", "\n  use_lockfile = true\n");
    in_block(&SET, "\n  use_lockfile = \"true\"\n", "\n  use_lockfile = \"true\"\n");
    let text = ArgumentChange::Set {
        name: "key",
        value: NewValue::Text("a\"${b}%{\\\n".to_owned()),
        after: "bucket",
    };
    in_block(
        &text,
        "\n  key = <<E\nx\nE\n  a = 1\n",
        "\n  key = \"a\\\"$${b}%%{\\\\\\n\"\n  a = 1\n",
    );
}

#[test]
fn an_argument_goes_with_its_line() {
    in_block(
        &REMOVE,
        "\n  # a\n  dynamodb_table = \"t\" # b\n\n  key = 1\n",
        "\n  # a\n\n  key = 1\n",
    );
    in_block(&REMOVE, "\n  /* a */ dynamodb_table = local.t\r\n  key = 1\n", "\n  key = 1\n");
    in_block(
        &REMOVE,
        "\n  /* a\n  */ dynamodb_table = <<E\nx\nE\n  key = 1\n",
        "\n  /* a\n  */\n  key = 1\n",
    );
    in_block(
        &REMOVE,
        "\n  endpoints = { dynamodb = \"d\" }\n",
        "\n  endpoints = { dynamodb = \"d\" }\n",
    );
}

#[test]
fn an_attribute_of_an_object_goes_alone() {
    for (before, expected) in [
        ("{ s3 = \"x\", dynamodb = \"y\" }", "{ s3 = \"x\" }"),
        ("{ s3 = \"x\", dynamodb = \"y\", }", "{ s3 = \"x\", }"),
        ("{ dynamodb = \"y\", s3 = \"x\" }", "{ s3 = \"x\" }"),
        ("{ dynamodb = \"y\" /* c */, s3 : \"x\" }", "{ s3 : \"x\" }"),
        ("{ dynamodb = \"y\", /* c */ s3 : \"x\" }", "{ /* c */ s3 : \"x\" }"),
        ("{\n  s3 = \"x\", # c\n  dynamodb = \"y\" # d\n }", "{\n  s3 = \"x\", # c\n }"),
        ("{ s3 = \"x\", # c\n  dynamodb = \"y\" }", "{ s3 = \"x\", # c\n }"),
        ("{\n  \"dynamodb\" : \"y\",\n  s3 = \"x\"\n }", "{\n  s3 = \"x\"\n }"),
        ("{ s3 = 1, dynamodb = 2\n  sts = 3 }", "{ s3 = 1\n  sts = 3 }"),
        ("null", "null"),
    ] {
        let with = |endpoints| format!("\n  key={{}}\n  endpoints = {endpoints} # e\n");
        in_block(&REMOVE_ENDPOINT, &with(before), &with(expected));
    }
    in_block(&REMOVE_ENDPOINT, "\n  endpoints = { \n  # c\n dynamodb = 1, }\n", "\n");
}

#[test]
fn files_of_arguments_keep_their_ends() {
    for (before, expected) in [
        ("", "use_lockfile = true\n"),
        ("# c", "# c\nuse_lockfile = true"),
        ("\u{feff}# c\r\n", "\u{feff}# c\r\nuse_lockfile = true\r\n"),
        ("a=1", "a=1\nuse_lockfile = true"),
        ("a=1\r\nb=2 # c", "a=1\r\nb=2 # c\r\nuse_lockfile = true"),
    ] {
        let set = after(Form::BackendConfig, before, &[SET]);
        assert_eq!(set, expected);
        let remove = ArgumentChange::Remove { path: &["use_lockfile"] };
        assert_eq!(after(Form::BackendConfig, &set, &[remove]), before);
    }
}

#[test]
fn every_backend_of_a_file_is_changed() {
    let two =
        format!("{}{}", block("\n    key = 1\n  "), block(" key = 1 ").replace("\"s3\"", "s3"));
    let set = after(Form::Terraform, &two, &[SET, REMOVE]);
    assert_eq!(set.matches("use_lockfile = true").count(), 2);
    let edited = edited_text(Path::new("x"), Form::Terraform, &two, &[SET]).expect("edited");
    assert_eq!(edited.backends, 2);
    let other = "terraform {\n  backend \"gcs\" {}\n}\nbackend \"s3\" {}\n";
    let edited = edited_text(Path::new("x"), Form::Terraform, other, &[SET]).expect("edited");
    assert_eq!((edited.backends, edited.is_changed), (0, false));
}

#[test]
fn terragrunt_keeps_its_objects() {
    for (before, expected) in [
        (
            "config = {\n    bucket = \"b\",\n    dynamodb_table = \"t\",\n    key = \"k\"\n  }",
            "config = {\n    bucket = \"b\",\n    use_lockfile = true,\n    key = \"k\"\n  }",
        ),
        (
            "config = {\n    \"bucket\": \"b\"\n    \"dynamodb_table\": \"t\"\n  }",
            "config = {\n    \"bucket\": \"b\"\n    \"use_lockfile\": true\n  }",
        ),
        (
            "config = { bucket = \"${f(\"}\")}\", dynamodb_table = \"t\" }",
            "config = { bucket = \"${f(\"}\")}\", use_lockfile = true }",
        ),
        ("config = {}", "config = { use_lockfile = true }"),
        (
            "config = {\n    bucket = \"b\"\n    lock_table = \"t\"\n  }",
            "config = {\n    bucket = \"b\"\n    use_lockfile = true\n  }",
        ),
        (
            "config = {\n    lock_table = \"t\"\n    dynamodb_table = \"t\"\n  }",
            "config = {\n    use_lockfile = true\n  }",
        ),
        ("config = {\n  }", "config = {\n    use_lockfile = true\n  }"),
        ("config {\n    dynamodb_table = \"t\"\n  }", "config {\n    use_lockfile = true\n  }"),
    ] {
        for open in ["remote_state {", "remote_state = {"] {
            let with =
                |config| format!("locals {{}}\n{open}\n  backend = \"s3\"\n  {config}\n}}\n");
            if open.contains('=') && before.starts_with("config {") {
                continue;
            }
            let found = after(Form::Terragrunt, &with(before), &[SET, REMOVE]);
            assert_eq!(found, with(expected));
        }
    }
    let other = "remote_state {\n  backend = \"gcs\"\n  config = local.c\n}\n";
    assert_eq!(after(Form::Terragrunt, other, &[SET]), other);
}

#[test]
fn a_generated_block_is_changed_in_its_heredoc() {
    let with = |arguments: &str| {
        format!(
            "generate \"backend\" {{\n  path = \"backend.tf\"\n  contents = <<-EOF\n    terraform {{\n      backend \"s3\" {{\n{arguments}      }}\n    }}\n  EOF\n}}\n"
        )
    };
    let key = "        key            = \"${path_relative_to_include()}/x\"\n";
    let before = with(&format!("{key}        dynamodb_table = \"t\"\n"));
    let dual =
        with(&format!("{key}        dynamodb_table = \"t\"\n        use_lockfile   = true\n"));
    assert_eq!(after(Form::Terragrunt, &before, &[SET]), dual);
    let last = with(
        "        key          = \"${path_relative_to_include()}/x\"\n        use_lockfile = true\n",
    );
    assert_eq!(after(Form::Terragrunt, &dual, &[REMOVE]), last);
}

#[test]
fn generate_may_be_an_attribute() {
    let with = |arguments: &str| {
        format!(
            "generate = {{\n  backend = {{\n    path = \"b.tf\"\n    contents = <<E\nterraform {{\n  backend \"s3\" {{{arguments}}}\n}}\nE\n  }}\n}}\n"
        )
    };
    let found = after(Form::Terragrunt, &with(" key = 1 "), &[SET]);
    assert_eq!(found, with("\n    key          = 1\n    use_lockfile = true\n  "));
}

#[test]
fn what_is_not_safe_is_said() {
    let set = "set `use_lockfile = true` (after `dynamodb_table` if it is new) by hand";
    for (form, text, change, expected) in [
        (Form::Terraform, block("\n  use_lockfile = var.x\n"), SET, format!("x.tf:3: `use_lockfile` refers to a variable or a local value; {set}")),
        (Form::Terraform, block("\n  dynamodb_table = 1\n  dynamodb_table = 2\n"), REMOVE, "x.tf:4: `dynamodb_table` is set twice; remove `dynamodb_table` by hand".to_owned()),
        (Form::Terraform, format!("# DO NOT EDIT\n{}", block("")), SET, format!("x.tf:1: the file is generated, so the change belongs into its source; {set}")),
        (Form::Terraform, block("\n  endpoints = var.e\n"), REMOVE_ENDPOINT, "x.tf:3: `endpoints` is no object that is written out; remove `dynamodb` from `endpoints` by hand".to_owned()),
        (Form::Terragrunt, "remote_state {\n  backend = \"s3\"\n  config = merge(local.x, {})\n}\n".to_owned(), REMOVE, "x.tf:3: `config` is computed; remove `dynamodb_table`, if it is set there, by hand".to_owned()),
        (Form::Terragrunt, "remote_state {\n  backend = local.b\n  config = {}\n}\n".to_owned(), REMOVE, "x.tf:2: the kind of backend refers to a variable or a local value; remove `dynamodb_table`, if it is set there, by hand".to_owned()),
        (Form::Terragrunt, "\nremote_state = local.r\n".to_owned(), REMOVE, "x.tf:2: `remote_state` is computed; remove `dynamodb_table`, if it is set there, by hand".to_owned()),
        (Form::Terragrunt, "generate \"backend\" {\n  contents = templatefile(\"x\", {})\n}\n".to_owned(), REMOVE, "x.tf:2: `contents` is computed; remove `dynamodb_table`, if it is set there, by hand".to_owned()),
        (Form::Terragrunt, "generate \"x\" {\n  contents = <<E\n%{ if a }terraform {\n backend \"s3\" {}\n}\n%{ endif }\nE\n}\n".to_owned(), REMOVE, "x.tf:2: `contents` is a template of more than texts; remove `dynamodb_table`, if it is set there, by hand".to_owned()),
        (Form::TerraformJson, "{\"terraform\": {\n\"backend\": {\"s3\": {\n\"dynamodb_table\": 1,\n\"dynamodb_table\": 1}}}}".to_owned(), REMOVE, "x.tf:4: `dynamodb_table` is set twice; remove `dynamodb_table` by hand".to_owned()),
        (Form::TerraformJson, "{\"//\": {\"metadata\": {}}, \"terraform\": {\"backend\": {\"s3\": {}}}}".to_owned(), SET, format!("x.tf:1: the file is generated, so the change belongs into its source; {set}")),
    ] {
        assert_eq!(refusals(form, &text, &[change]), [expected], "{text}");
    }
    // What needs no change is not refused.
    let generated = format!("# DO NOT EDIT\n{}", block("\n  use_lockfile = true\n"));
    assert_eq!(after(Form::Terraform, &generated, &[SET, REMOVE]), generated);
}

#[test]
fn json_of_terragrunt_is_left_alone() {
    let path = Path::new("terragrunt.hcl.json");
    let text = "{\"remote_state\": {\"backend\": \"s3\", \"config\": {}}}";
    let error = edited_text(path, Form::of(path, text), text, &[SET]).expect_err("by hand");
    assert_eq!(
        error.to_string(),
        "terragrunt.hcl.json:1: terragrunt's files of JSON are not edited; set `use_lockfile = true` (after `dynamodb_table` if it is new) by hand"
    );
}

#[test]
fn each_change_that_is_refused_is_listed() {
    let text = block("\n  use_lockfile = var.x\n  endpoints = var.e\n");
    assert_eq!(refusals(Form::Terraform, &text, &[SET, REMOVE_ENDPOINT]).len(), 2);
}

#[test]
fn invalid_files_are_errors() {
    for (form, text, expected) in [
        (Form::Terraform, "terraform {\n", "syntax error in x:1, column 13: "),
        (Form::Terraform, "terraform {\n  backend {}\n}\n", "x:2: a `backend` block has one label"),
        (Form::BackendConfig, "a {}\n", "x:1: a file for -backend-config has arguments only"),
        (Form::TerraformJson, "{", "syntax error in x:1, column 1: the file ends too early"),
        (Form::BackendConfigJson, "[]", "x: the file must be an object, not a list"),
    ] {
        let error = edited_text(Path::new("x"), form, text, &[SET]).expect_err(text);
        assert!(matches!(error, EditError::Invalid(_)));
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[test]
fn json_keeps_its_style() {
    for (before, set, removed) in [
        (
            "{\n\t\"terraform\": {\n\t\t\"backend\": {\n\t\t\t\"s3\": {\n\t\t\t\t\"key\" : 1,\n\t\t\t\t\"dynamodb_table\" : \"t\"\n\t\t\t}\n\t\t}\n\t}\n}",
            "{\n\t\"terraform\": {\n\t\t\"backend\": {\n\t\t\t\"s3\": {\n\t\t\t\t\"key\" : 1,\n\t\t\t\t\"dynamodb_table\" : \"t\",\n\t\t\t\t\"use_lockfile\" : true\n\t\t\t}\n\t\t}\n\t}\n}",
            "{\n\t\"terraform\": {\n\t\t\"backend\": {\n\t\t\t\"s3\": {\n\t\t\t\t\"key\" : 1,\n\t\t\t\t\"use_lockfile\" : true\n\t\t\t}\n\t\t}\n\t}\n}",
        ),
        (
            "[{\"terraform\":[{\"backend\":{\"s3\":[{\"dynamodb_table\":\"t\",\"key\":\"k\"}]}}]}]",
            "[{\"terraform\":[{\"backend\":{\"s3\":[{\"dynamodb_table\":\"t\",\"use_lockfile\":true,\"key\":\"k\"}]}}]}]",
            "[{\"terraform\":[{\"backend\":{\"s3\":[{\"use_lockfile\":true,\"key\":\"k\"}]}}]}]",
        ),
        (
            "{ \"terraform\": {\"backend\": {\"s3\": { \"dynamodb_table\": \"t\" } } } }",
            "{ \"terraform\": {\"backend\": {\"s3\": { \"dynamodb_table\": \"t\", \"use_lockfile\": true } } } }",
            "{ \"terraform\": {\"backend\": {\"s3\": { \"use_lockfile\": true } } } }",
        ),
        (
            "{\r\n  \"terraform\": {\r\n    \"backend\": {\r\n      \"s3\": {}\r\n    }\r\n  }\r\n}",
            "{\r\n  \"terraform\": {\r\n    \"backend\": {\r\n      \"s3\": {\r\n        \"use_lockfile\": true\r\n      }\r\n    }\r\n  }\r\n}",
            "{\r\n  \"terraform\": {\r\n    \"backend\": {\r\n      \"s3\": {\r\n        \"use_lockfile\": true\r\n      }\r\n    }\r\n  }\r\n}",
        ),
    ] {
        assert_eq!(after(Form::TerraformJson, before, &[SET]), set);
        assert_eq!(after(Form::TerraformJson, before, &[SET, REMOVE]), removed);
    }
    let endpoints = "{\"endpoints\": {\"dynamodb\": \"x\", \"s3\": \"y\"}, \"key\": \"k\"}";
    assert_eq!(
        after(Form::BackendConfigJson, endpoints, &[REMOVE_ENDPOINT]),
        "{\"endpoints\": {\"s3\": \"y\"}, \"key\": \"k\"}"
    );
    assert_eq!(
        after(
            Form::BackendConfigJson,
            "{\"key\": \"k\", \"endpoints\": {\"dynamodb\": \"x\"}}",
            &[REMOVE_ENDPOINT]
        ),
        "{\"key\": \"k\"}"
    );
}

#[test]
fn the_form_is_told_by_name_and_text() {
    for (name, text, expected) in [
        ("a.tf", "", Form::Terraform),
        ("a.tofu", "", Form::Terraform),
        ("a.tf.json", "", Form::TerraformJson),
        ("a.tofu.json", "", Form::TerraformJson),
        ("backend.json", "", Form::BackendConfigJson),
        ("prod.tfbackend", "", Form::BackendConfig),
        ("backend.conf", "", Form::BackendConfig),
        ("backend.hcl", "bucket = \"b\"\n", Form::BackendConfig),
        ("root.hcl", "remote_state {}\n", Form::Terragrunt),
        ("root.hcl", "remote_state = {}\n", Form::Terragrunt),
        ("env.hcl", "inputs = {}\n", Form::Terragrunt),
        ("terragrunt.hcl", "", Form::Terragrunt),
        ("terragrunt.hcl.json", "{}", Form::Terragrunt),
    ] {
        assert_eq!(Form::of(&Path::new("d").join(name), text), expected, "{name}");
    }
}
