//! The `init` that follows: printed, or run with a program of ours in terraform's place.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::stage::Stage;

#[test]
fn every_changed_backend_has_its_command() {
    let stage = Stage::new(&["aligned", "partial", "live", "modules"]);
    let said = stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for line in [
        "terraform -chdir=./aligned init -reconfigure\n",
        "  # ./partial has several backends, and the last init counts; run the one that is meant:\n  # terraform \
         -chdir=./partial init -reconfigure -backend-config=dev.tfbackend\n  # terraform -chdir=./partial init -reconfigure \
         -backend-config=prod.tfbackend\n",
        "(cd ./live/a && terragrunt init -reconfigure)\n",
    ] {
        assert!(said.out.contains(line), "{line}{}", said.out);
    }
}

#[test]
fn who_pastes_the_commands_stays_on_his_backend() {
    let stage = Stage::new(&["partial", "aligned"]);
    initialised(&stage, "partial", "tfstate-prod", "partial");
    initialised(&stage, "aligned", "tfstate", "elsewhere");
    let said = stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let (_, printed) = said.out.split_once("to be run").expect("commands");
    let commands: Vec<_> = printed.lines().skip(1).map(str::trim_start).collect();
    assert_eq!(
        commands,
        [
            "# ./aligned is initialised with another backend; where it is with this one:",
            "# terraform -chdir=./aligned init -reconfigure",
            "terraform -chdir=./partial init -reconfigure -backend-config=prod.tfbackend",
            "# ./partial is initialised with that one; where it is with another one:",
            "# terraform -chdir=./partial init -reconfigure -backend-config=dev.tfbackend",
        ]
    );
}

#[test]
fn a_failed_init_is_named_and_the_rest_goes_on() {
    let stage = Stage::new(&["aligned", "json", "comments"]);
    let program = stage.path("fake-terraform");
    let text = "#!/bin/sh\necho \"$PWD $*\"\ncase $PWD in */comments) echo 'no credentials' >&2; exit 1;; esac\n";
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.to_str().unwrap();
    let said =
        stage.migrate(&["apply", "--phase", "dual", "--yes", "--init", "--terraform", program]);
    assert_eq!(said.code, 8, "{}", said.err);
    assert!(said.out.contains("initialised ./aligned\n"), "{}", said.out);
    assert!(said.out.contains("initialised ./json\n"), "{}", said.out);
    assert!(said.err.contains("init of `./comments` failed"), "{}", said.err);
    assert!(said.err.contains("no credentials") && said.err.contains("rollback"), "{}", said.err);
    // Its change stays, and what was said is kept.
    assert!(stage.read("comments/main.tf").contains("use_lockfile"));
    assert!(stage.read(".statelock/init/comments.log").contains("no credentials"));
    let log = stage.read(".statelock/init/aligned.log");
    assert!(log.contains("aligned init -reconfigure -input=false"), "{log}");

    // Without --init it is said what is left; with it, that is tried again, and nothing else.
    let left = stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert!(left.out.contains("-chdir=./comments init -reconfigure\n"), "{}", left.out);
    assert!(!left.out.contains("./aligned"), "{}", left.out);
    let other = logging(&stage);
    let again = stage.migrate(&[INIT.as_slice(), &[&other]].concat());
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.out.contains("initialised ./comments\n"), "{}", again.out);
    assert_eq!(stage.read("ran.txt").lines().count(), 1);
    let done = stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert_eq!(done.out, "no file had to be changed\n");
}

#[test]
fn a_failed_init_that_was_done_by_hand_since_is_not_named_again() {
    let stage = Stage::new(&["aligned"]);
    let words = ["apply", "--phase", "dual", "--yes", "--init", "--terraform", "/bin/false"];
    assert_eq!(stage.migrate(&words).code, 8);
    let config = r#""bucket":"tfstate","key":"network/terraform.tfstate","region":"eu-west-1","dynamodb_table":"terraform-locks","encrypt":true,"use_lockfile":true"#;
    initialised_with(&stage, "aligned", config);
    let done = stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert_eq!(done.out, "no file had to be changed\n");
}

#[test]
fn an_init_is_owed_as_soon_as_files_are_changed() {
    let stage = Stage::new(&["aligned", "partial"]);
    initialised(&stage, "partial", "tfstate", "elsewhere");
    let program = logging(&stage);
    let words = [INIT.as_slice(), &[&program]].concat();
    // It ends when it says what it changed, before any init.
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
    let run = stage.command(&words).stdout(full).output().expect("it runs");
    assert_eq!(run.status.code(), Some(8), "{run:?}");
    assert!(stage.read("aligned/main.tf").contains("use_lockfile"));
    assert_eq!(stage.read("ran.txt"), "");

    let again = stage.migrate(&words);
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    let ran = stage.read("ran.txt");
    assert!(ran.lines().count() == 1 && ran.contains("/aligned init -reconfigure"), "{ran}");
    assert!(again.out.contains("-backend-config=prod.tfbackend\n"), "{}", again.out);
    // Those that are not meant here are not owed here.
    let third = stage.migrate(&words);
    assert_eq!((third.code, third.out.as_str()), (0, "no file had to be changed\n"));
    // The fake program has initialised nothing, and was seen to succeed all the same.
    assert_eq!(stage.read("ran.txt"), ran);
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let stage = Stage::new(&["aligned"]);
    let words =
        ["apply", "--phase", "dual", "--yes", "--init", "--terraform", "/nowhere/terraform"];
    let said = stage.migrate(&words);
    assert_eq!(said.code, 8, "{}", said.err);
    assert!(said.err.contains("could not run `/nowhere/terraform`"), "{}", said.err);
}

/// Says that a directory was initialised with this key.
fn initialised(stage: &Stage, directory: &str, bucket: &str, key: &str) {
    let config = format!(r#""bucket":"{bucket}","key":"{key}","region":"eu-west-1""#);
    initialised_with(stage, directory, &config);
}

/// Says that a directory was initialised with these arguments.
fn initialised_with(stage: &Stage, directory: &str, config: &str) {
    let text = format!(
        r#"{{"version":3,"terraform_version":"1.10.0","backend":{{"type":"s3","config":{{{config}}},"hash":1}}}}"#
    );
    fs::create_dir_all(stage.path(directory).join(".terraform")).expect("it can be done");
    fs::write(stage.path(directory).join(".terraform/terraform.tfstate"), text)
        .expect("it can be done");
}

/// A program that says where it ran and with what.
fn logging(stage: &Stage) -> String {
    let program = stage.path("fake-terraform");
    let log = stage.path("ran.txt");
    let text = format!("#!/bin/sh\necho \"$PWD $*\" >> '{}'\n", log.display());
    fs::write(&program, text).expect("it can be done");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it can be done");
    fs::write(log, "").expect("it can be done");
    program.to_str().expect("it can be done").to_owned()
}

const INIT: [&str; 6] = ["apply", "--phase", "dual", "--yes", "--init", "--terraform"];

#[test]
fn no_directory_is_pointed_at_another_state() {
    let stage = Stage::new(&["partial"]);
    let both = stage.read("partial/dev.tfbackend") + "use_lockfile = true\n";
    fs::write(stage.path("partial/dev.tfbackend"), both).unwrap();
    initialised(&stage, "partial", "tfstate-dev", "partial");
    let program = logging(&stage);
    let said = stage.migrate(&[INIT.as_slice(), &[&program]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(stage.read("partial/prod.tfbackend").contains("use_lockfile"));
    assert_eq!(stage.read("ran.txt"), "", "prod is not what it was initialised with");
    assert!(said.err.contains("nothing was run there"), "{}", said.err);
    assert!(said.out.contains("-backend-config=prod.tfbackend\n"), "{}", said.out);
}

#[test]
fn a_directory_keeps_the_backend_that_it_was_initialised_with() {
    let stage = Stage::new(&["partial", "aligned"]);
    initialised(&stage, "partial", "tfstate-prod", "partial");
    initialised(&stage, "aligned", "tfstate", "elsewhere");
    let program = logging(&stage);
    let said = stage.migrate(&[INIT.as_slice(), &[&program]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    let ran = stage.read("ran.txt");
    assert_eq!(ran.lines().count(), 1, "{ran}");
    assert!(ran.contains("/partial init -reconfigure -backend-config=prod.tfbackend"), "{ran}");
    assert!(said.out.contains("-backend-config=dev.tfbackend\n"), "{}", said.out);
    assert!(said.out.contains("-chdir=./aligned init -reconfigure\n"), "{}", said.out);
}

/// Two ways to initialise a directory, with the same names of bucket and key.
fn two_alike(arguments: [&str; 2]) -> Stage {
    let stage = Stage::new(&["partial"]);
    for (name, more) in ["dev", "prod"].into_iter().zip(arguments) {
        let text =
            "bucket = \"tfstate\"\nkey = \"partial\"\ndynamodb_table = \"locks\"\n".to_owned();
        let path = stage.path("partial").join(format!("{name}.tfbackend"));
        fs::write(path, text + more + "\n").expect("it can be written");
    }
    stage
}

#[test]
fn the_same_names_in_another_store_are_another_state() {
    for (dev, prod, was) in [
        (
            r#"endpoints = { s3 = "https://dev.example.com" }"#,
            r#"endpoints = { s3 = "https://prod.example.com", dynamodb = "https://table.example.com" }"#,
            r#""endpoints":{"s3":"https://prod.example.com","dynamodb":null}"#,
        ),
        (
            r#"endpoint = "https://dev.example.com""#,
            r#"endpoint = "https://prod.example.com""#,
            r#""endpoints":{"s3":"https://prod.example.com"}"#,
        ),
        (r#"endpoint = "https://dev.example.com""#, "", r#""endpoints":null"#),
        (r#"region = "eu-west-1""#, r#"region = "cn-north-1""#, r#""region":"cn-north-1""#),
        (
            r#"workspace_key_prefix = "dev""#,
            r#"workspace_key_prefix = "prod""#,
            r#""workspace_key_prefix":"prod""#,
        ),
    ] {
        let region = |text: &str| {
            let rest = if text.contains("region") { "" } else { "\nregion = \"eu-west-1\"" };
            format!("{text}{rest}")
        };
        let stage = two_alike([&region(dev), &region(prod)]);
        let rest = if was.contains("region") { "" } else { r#","region":"eu-west-1""# };
        let config = format!(r#""bucket":"tfstate","key":"partial",{was}{rest}"#);
        initialised_with(&stage, "partial", &config);
        let program = logging(&stage);
        let said = stage.migrate(&[INIT.as_slice(), &[&program]].concat());
        assert_eq!(said.code, 0, "{dev}: {}{}", said.out, said.err);
        let ran = stage.read("ran.txt");
        assert_eq!(ran.lines().count(), 1, "{dev}: {ran}{}", said.err);
        assert!(ran.contains("-backend-config=prod.tfbackend"), "{dev}: {ran}");
    }
}

#[test]
fn what_may_be_either_of_two_is_left_to_people() {
    let stage = two_alike([
        "region = \"eu-west-1\"\nprofile = \"dev\"",
        "region = \"eu-west-1\"\nprofile = \"prod\"",
    ]);
    initialised(&stage, "partial", "tfstate", "partial");
    let program = logging(&stage);
    let said = stage.migrate(&[INIT.as_slice(), &[&program]].concat());
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(stage.read("ran.txt"), "");
    assert!(said.err.contains("it is not known with which; nothing was run there"), "{}", said.err);
    assert!(said.out.contains("is initialised with one of several backends"), "{}", said.out);
    for name in ["dev", "prod"] {
        let ending = format!("-backend-config={name}.tfbackend\n");
        assert!(said.out.contains(&ending), "{}", said.out);
    }
}

#[test]
fn a_name_does_not_reach_the_terminal_as_a_command() {
    let stage = Stage::new(&["aligned"]);
    fs::rename(stage.path("aligned"), stage.path("a\x1b]0;owned\x07b")).unwrap();
    let said = stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(!said.out.contains(['\x1b', '\x07']), "{:?}", said.out);
    assert!(said.out.contains("\\u{1b}]0;owned"), "{:?}", said.out);
}
