//! What a scan keeps away from, what it goes on after, and that it says the same each time.

use std::num::NonZeroUsize;

use statelock_config::ConfigError;
use statelock_config::tree::{FileOrigin, ScanOptions, Tree};
use statelock_testkit::nobody::run_as_nobody;

use crate::scratch::{repository, scan, scan_with, text_of, write};

const BACKEND: &str =
    "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    key = \"k\"\n  }\n}\n";

/// The directories of the modules, relative to `root`.
fn modules(tree: &Tree, root: &std::path::Path) -> Vec<String> {
    let relative = |path: &std::path::Path| {
        path.strip_prefix(root).expect("below the root").display().to_string()
    };
    tree.modules.iter().map(|module| relative(&module.directory)).collect()
}

#[test]
fn what_git_ignores_is_not_searched() {
    let root = repository(&[
        (".gitignore", "/old/\n*.bak/\n"),
        ("a/main.tf", BACKEND),
        ("old/main.tf", BACKEND),
        ("a/x.bak/main.tf", BACKEND),
        ("b/.ignore", "c\n"),
        ("b/c/main.tf", BACKEND),
        (".hidden/main.tf", BACKEND),
        ("node_modules/x/main.tf", BACKEND),
        ("a/.terraform/modules/x/main.tf", BACKEND),
        ("a/.terragrunt-cache/x/main.tf", BACKEND),
    ]);
    // An `.ignore` file is for other programs than git.
    assert_eq!(modules(&scan(root.path()), root.path()), [".hidden", "a", "b/c"]);
    let options = ScanOptions { includes_ignored: true, ..ScanOptions::default() };
    let all = scan_with(&[root.path().to_owned()], &[], &options);
    assert_eq!(modules(&all, root.path()), [".hidden", "a", "a/x.bak", "b/c", "old"]);
}

/// Makes `root` a repository of git that tracks these files, if git is there.
fn track(root: &std::path::Path, files: &[&str]) -> bool {
    let git = |words: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.arg("-C").arg(root).args(words);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GIT_")) {
            command.env_remove(name);
        }
        command.output().is_ok_and(|output| output.status.success())
    };
    git(&["init", "-q"]) && git(&[&["add", "-f", "--"], files].concat())
}

#[test]
fn what_git_tracks_is_not_ignored() {
    let partial = "terraform {\n  backend \"s3\" {}\n}\n";
    let root = repository(&[
        (".gitignore", "build/\nout/\n*.tfvars\n"),
        ("build/main.tf", BACKEND),
        ("out/main.tf", BACKEND),
        ("app/main.tf", partial),
        ("app/backend.tfvars", "bucket = \"b\"\nkey = \"app\"\n"),
        ("app/backend-mine.tfvars", "bucket = \"b\"\nkey = \"mine\"\n"),
    ]);
    std::fs::remove_dir(root.path().join(".git")).expect("remove");
    let files = ["build/main.tf", "app/main.tf", "app/backend.tfvars"];
    if !track(root.path(), &files) {
        statelock_testkit::skip::skip("what_git_tracks_is_not_ignored", "there is no git");
        return;
    }
    for named in [root.path().to_owned(), root.path().join("build"), root.path().join("app")] {
        let tree = scan(&named);
        assert!(tree.troubles.is_empty(), "{:?}", tree.troubles);
        let found = modules(&tree, root.path());
        let expected = ["app", "build"].map(|name| root.path().join(name));
        let expected: Vec<_> = expected.iter().filter(|path| path.starts_with(&named)).collect();
        assert_eq!(found.len(), expected.len(), "{named:?}: {found:?}");
    }
    let tree = scan(root.path());
    assert_eq!(modules(&tree, root.path()), ["app", "build"]);
    let keys = tree.modules[0].backends.iter().map(|backend| backend.arguments.get("key"));
    assert_eq!(keys.collect::<Vec<_>>(), [Some(&statelock_config::Value::text("app"))]);
    assert_eq!(tree.origins.len(), 0);
}

#[test]
fn where_git_cannot_be_asked_what_may_be_tracked_is_a_trouble() {
    let root = repository(&[
        (".gitignore", "build/\n"),
        ("app/main.tf", BACKEND),
        // No index that git could read.
        (".git/index", "x"),
    ]);
    assert!(scan(root.path()).troubles.is_empty());
    write(root.path(), "build/main.tf", BACKEND);
    let tree = scan(root.path());
    assert_eq!(modules(&tree, root.path()), ["app"]);
    let path = root.path().join("build/main.tf");
    assert!(matches!(&tree.troubles[..], [trouble]
        if matches!(&trouble.error, ConfigError::Unreadable { path: named, .. } if *named == path)));
}

#[test]
fn an_ignored_file_is_read_in_a_directory_that_is_not_and_says_so() {
    let root = repository(&[
        (".gitignore", "*_override.tf\n.terraform\n"),
        ("a/main.tf", BACKEND),
        ("a/my_override.tf", "terraform {\n  backend \"local\" {}\n}\n"),
        ("b/my_override.tf", BACKEND),
    ]);
    let tree = scan(root.path());
    assert_eq!(modules(&tree, root.path()), ["a"]);
    assert_eq!(tree.modules[0].backends[0].kind, "local");
    let path = root.path().join("a/my_override.tf");
    assert_eq!(tree.origins.get(&path), Some(&FileOrigin::Ignored));
    assert_eq!(tree.origins.len(), 1);
}

#[cfg(unix)]
#[test]
fn links_to_directories_are_not_followed_and_links_to_files_are_told_apart() {
    use std::os::unix::fs::symlink;
    let elsewhere = repository(&[
        ("shared.tf", BACKEND),
        ("more/main.tf", BACKEND),
        ("p.hcl", "region = \"eu-west-1\"\n"),
    ]);
    let root = repository(&[("a/main.tf", "# nothing\n"), ("shared/backend.tf.in", BACKEND)]);
    symlink(elsewhere.path().join("shared.tf"), root.path().join("a/backend.tf")).expect("link");
    symlink(elsewhere.path().join("more"), root.path().join("more")).expect("link");
    symlink("..", root.path().join("a/up")).expect("link");
    std::fs::create_dir(root.path().join("b")).expect("directory");
    symlink("../shared/backend.tf.in", root.path().join("b/backend.tf")).expect("link");
    symlink(elsewhere.path().join("p.hcl"), root.path().join("b/backend.hcl")).expect("link");
    let tree = scan(root.path());
    assert_eq!(modules(&tree, root.path()), ["a", "b"]);
    let target = elsewhere.path().join("p.hcl").canonicalize().expect("a path");
    let partial = tree.origins.get(&root.path().join("b/backend.hcl"));
    assert_eq!(partial, Some(&FileOrigin::Outside { target }));
    let target = elsewhere.path().join("shared.tf").canonicalize().expect("a path");
    let outside = tree.origins.get(&root.path().join("a/backend.tf"));
    assert_eq!(outside, Some(&FileOrigin::Outside { target }));
    let target = root.path().join("shared/backend.tf.in").canonicalize().expect("a path");
    let inside = tree.origins.get(&root.path().join("b/backend.tf"));
    assert_eq!(inside, Some(&FileOrigin::Link { target }));
    assert!(tree.troubles.is_empty(), "{:?}", tree.troubles);
}

#[cfg(unix)]
#[test]
fn a_root_may_be_a_link_and_may_be_named_twice() {
    let root = repository(&[("a/main.tf", BACKEND), ("a/b/main.tf", BACKEND)]);
    let link = root.path().join("link");
    std::os::unix::fs::symlink("a", &link).expect("link");
    let tree = scan(&link);
    let found: Vec<_> = tree.modules.iter().map(|module| module.directory.clone()).collect();
    assert_eq!(found, [link.clone(), link.join("b")]);
    let roots = [root.path().join("a/b"), root.path().join("a"), root.path().join("a")];
    let tree = scan_with(&roots, &[], &ScanOptions::default());
    assert_eq!(modules(&tree, root.path()), ["a", "a/b"]);
}

#[test]
fn every_trouble_is_named_and_the_rest_goes_on() {
    let root = repository(&[
        ("good/main.tf", BACKEND),
        ("syntax/backend.tf", BACKEND),
        ("syntax/main.tf", "terraform {\n  required_version = \n}\n"),
        ("twice/a.tf", BACKEND),
        ("twice/b.tf", BACKEND),
        ("blocks/main.tf", "terraform {\n  backend \"s3\" {\n    endpoints {\n    }\n  }\n}\n"),
        ("json/main.tf.json", "{\"terraform\": {\"backend\": "),
        ("damaged/main.tf", BACKEND),
        ("damaged/.terraform/terraform.tfstate", "{"),
    ]);
    std::fs::create_dir(root.path().join("latin")).expect("directory");
    std::fs::write(root.path().join("latin/main.tf"), b"# \xe4\nterraform {}\n").expect("write");
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere.tf", root.path().join("good/gone.tf")).expect("link");
    let roots =
        [root.path().to_owned(), root.path().join("missing"), root.path().join("good/main.tf")];
    let tree = scan_with(&roots, &[], &ScanOptions::default());
    assert_eq!(modules(&tree, root.path()), ["damaged", "good", "syntax"]);
    let shown = text_of(&tree, root.path());
    let troubles: Vec<_> = shown.lines().filter(|line| line.starts_with("trouble")).collect();
    assert_eq!(troubles.len(), 9, "{shown}");
    for (number, expected) in [
        "trouble of damaged: `damaged/.terraform/terraform.tfstate` is damaged: it ends too early (line 1, column 1)",
        "trouble: `good/main.tf` is not a directory",
        "trouble: blocks/main.tf:3: `endpoints` is an argument and no block: write `endpoints = { … }`",
        "trouble of good: could not read `good/gone.tf`",
        "trouble: latin/main.tf:1 is not UTF-8",
        "trouble: syntax error in json/main.tf.json:1, column 26: the file ends too early",
        "trouble: the backend is configured twice: twice/a.tf:2 and twice/b.tf:2",
        "trouble: there is no directory `missing`",
    ]
    .iter()
    .enumerate()
    {
        assert!(troubles.contains(expected), "{number} {expected}: {shown}");
    }
    assert!(
        troubles
            .iter()
            .any(|t| t.starts_with("trouble of syntax: syntax error in syntax/main.tf:2")),
        "{shown}"
    );
}

#[test]
fn a_file_that_may_complete_a_module_is_its_trouble() {
    let partial = "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n  }\n}\n";
    let broken = "key = \"x\nregion = \n";
    let root = repository(&[
        ("a/main.tf", partial),
        ("a/dev.tfbackend", "key = \"dev\"\n"),
        ("a/env/prod.tfbackend", broken),
        ("b/main.tf", partial),
        ("b/backend.hcl", "bucket = \"b\"\nkey = \"b\"\nlock_tabel = \"t\"\n"),
        ("c/main.tf", partial),
        ("c/init.sh", "terraform init -backend-config=../settings/c.tfbackend\n"),
        ("settings/c.tfbackend", broken),
        ("d/main.tf", partial),
        // Of a whole block such a file need not be.
        ("e/main.tf", BACKEND),
        ("e/backend.hcl", "bucket = \"b\"\nkey = \"b\"\nlock_tabel = \"t\"\n"),
        ("lonely/x.tfbackend", broken),
    ]);
    std::fs::write(root.path().join("d/init.sh"), b"# \xe4\n").expect("write");
    let tree = scan(root.path());
    let shown = text_of(&tree, root.path());
    let of = |trouble: &str| {
        let is_it = |line: &&str| line.starts_with("trouble") && line.contains(trouble);
        let found: Vec<_> = shown.lines().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{trouble}: {shown}");
        found[0].split(':').next().expect("a beginning").to_owned()
    };
    assert_eq!(of("a/env/prod.tfbackend"), "trouble of a");
    assert_eq!(of("b/backend.hcl"), "trouble of b");
    assert_eq!(of("settings/c.tfbackend"), "trouble of c");
    assert_eq!(of("d/init.sh"), "trouble of d");
    assert_eq!(of("lonely/x.tfbackend"), "trouble");
    assert_eq!(tree.troubles.len(), 5, "{shown}");
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_read_is_a_trouble() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = repository(&[("a/main.tf", BACKEND), ("closed/main.tf", BACKEND)]);
    let closed = root.path().join("closed");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).expect("mode");
    if std::fs::read_dir(&closed).is_ok() {
        run_as_nobody("limits::a_directory_that_cannot_be_read_is_a_trouble");
        return;
    }
    let tree = scan(root.path());
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o755)).expect("mode");
    assert_eq!(modules(&tree, root.path()), ["a"]);
    assert!(matches!(&tree.troubles[..], [trouble]
        if matches!(&trouble.error, ConfigError::Unreadable { path, .. } if *path == closed)));
}

#[test]
fn the_data_directory_is_where_the_environment_says() {
    let state = r#"{"version":3,"backend":{"type":"s3","config":{"bucket":"b","key":"k"}}}"#;
    let root = repository(&[
        ("a/main.tf", "# nothing\n"),
        ("a/.data/terraform.tfstate", state),
        ("a/.data/environment", "dev\n"),
        ("b/.terraform/terraform.tfstate", state),
    ]);
    let roots = [root.path().to_owned()];
    let options = ScanOptions::default();
    let tree = scan_with(&roots, &[("TF_DATA_DIR", ".data")], &options);
    assert_eq!(modules(&tree, root.path()), ["a"]);
    assert_eq!(tree.modules[0].selected_workspace.as_deref(), Some("dev"));
    assert_eq!(modules(&scan(root.path()), root.path()), ["b"]);
    // One place for all directories says nothing about each.
    let tree = scan_with(&roots, &[("TF_DATA_DIR", "/nowhere")], &options);
    assert!(tree.modules.is_empty());
}

#[test]
fn two_thousand_modules_are_the_same_each_time_however_many_threads_read() {
    let root = repository(&[]);
    for number in 0..2_000 {
        let text = BACKEND.replace("\"k\"", &format!("\"k{number}\""));
        write(root.path(), &format!("team{}/app{number}/backend.tf", number % 37), &text);
    }
    let roots = [root.path().to_owned()];
    let texts = [1, 2, 5].map(|threads| {
        let options = ScanOptions { threads: NonZeroUsize::new(threads), ..ScanOptions::default() };
        text_of(&scan_with(&roots, &[], &options), root.path())
    });
    assert_eq!(texts[0].lines().filter(|line| line.starts_with("module ")).count(), 2_000);
    assert!(texts[0].ends_with("2038 directories, 2000 files\n"));
    assert!(texts[0] == texts[1] && texts[1] == texts[2]);
}
