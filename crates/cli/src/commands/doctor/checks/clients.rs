//! The clients that would run here: installed versions, and what the configuration says.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use statelock_config::tree::{self, ScanOptions};
use statelock_config::{
    LockfileSupport, ProcessEnvironment, S3Arguments, Version, VersionConstraint, WorkingDirectory,
};

use crate::commands::doctor::finding::{Findings, Fix, Kind};
use crate::commands::doctor::subject::Subject;
use crate::exit_code::ExitCode;

/// How long a client may take to say its version.
const ANSWER_TIME: Duration = Duration::from_secs(30);

static NOT_CONFIGURED: Kind = Kind::critical(
    "no-lock-configured",
    ExitCode::BadInput,
    "Terraform does not lock this state: two applies run at the same time, and the later one overwrites the state of the other",
);
static TOO_OLD: Kind = Kind::critical(
    "client-without-lockfile",
    ExitCode::BadInput,
    "it does not know `use_lockfile`: Terraform before 1.10.0 refuses the configuration, and OpenTofu does",
);
static OBJECT_LOCK: Kind = Kind::critical(
    "client-fails-with-object-lock",
    ExitCode::BadInput,
    "Terraform 1.10.0 writes lockfiles without a checksum, which a bucket with Object Lock refuses",
);
static BARE_LOCK: Kind = Kind::critical(
    "client-locks-unencrypted",
    ExitCode::BadInput,
    "this OpenTofu sends no encryption header with a lockfile, and the bucket's policy denies that: it cannot lock",
);
static ADMITS_OLD: Kind = Kind::warning(
    "required-version-admits-old",
    ExitCode::BadInput,
    "somebody may run a client that does not know `use_lockfile`: it refuses the configuration with an error that does not say why",
);
static NOT_ADMITTED: Kind = Kind::warning(
    "client-not-admitted",
    ExitCode::BadInput,
    "the installed client refuses to work here",
);
static NOT_FOUND: Kind = Kind::notice(
    "client-not-found",
    "whether the client that runs elsewhere knows these lock settings is not known",
);

pub(in crate::commands::doctor) static KINDS: [&Kind; 7] =
    [&NOT_CONFIGURED, &TOO_OLD, &OBJECT_LOCK, &BARE_LOCK, &ADMITS_OLD, &NOT_ADMITTED, &NOT_FOUND];

/// What is known of the bucket that a client may fail with.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::commands::doctor) struct Surroundings {
    /// Object Lock retains each new version.
    pub(in crate::commands::doctor) retains: bool,
    /// Lockfiles without an encryption header are denied.
    pub(in crate::commands::doctor) denies_bare_lock: bool,
}

/// A client that is installed.
#[derive(Clone, Debug)]
struct Client {
    name: &'static str,
    version: Version,
}

/// Looks.
pub(in crate::commands::doctor) async fn check(
    subject: &Subject,
    surroundings: Surroundings,
    findings: &mut Findings,
) {
    let mut admitted = VersionConstraint::default();
    if let Some(directory) = &subject.directory {
        configured(directory, findings);
        admitted = required(directory, subject.uses_lockfile(), findings);
    }
    let directory = subject.directory.as_deref().unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for (name, program) in [("Terraform", "terraform"), ("OpenTofu", "tofu")] {
        let version = installed(program, directory).await;
        found.extend(version.map(|version| Client { name, version }));
    }
    if found.is_empty() {
        let fix = Fix::by_hand("run doctor where Terraform runs");
        findings.add(
            &NOT_FOUND,
            "neither `terraform` nor `tofu` on the PATH says its version",
            fix,
        );
    }
    for client in &found {
        judge(client, subject, surroundings, findings);
        if !admitted.admits(&client.version) {
            let evidence =
                format!("{} {} is not what `required_version` admits", client.name, client.version);
            findings.add(
                &NOT_ADMITTED,
                evidence,
                Fix::by_hand("install another, or correct `required_version`"),
            );
        }
    }
}

fn judge(client: &Client, subject: &Subject, surroundings: Surroundings, findings: &mut Findings) {
    let Client { name, version } = client;
    let shown = format!("{name} {version} is installed");
    let locks_by_file = subject.uses_lockfile();
    let first = Version::of([1, 10, 0]);
    let is_terraform = *name == "Terraform";
    let faults = [
        (&TOO_OLD, locks_by_file && *version < first, "install 1.10.1 or newer"),
        (
            &OBJECT_LOCK,
            locks_by_file && is_terraform && surroundings.retains && *version == first,
            "install 1.10.1 or newer",
        ),
        (
            &BARE_LOCK,
            locks_by_file
                && !is_terraform
                && surroundings.denies_bare_lock
                && [first.clone(), Version::of([1, 10, 1])].contains(version),
            "install 1.10.2 or newer",
        ),
    ];
    let mut is_fine = true;
    for (kind, _, what) in faults.into_iter().filter(|(_, is_so, _)| *is_so) {
        is_fine = false;
        findings.add(kind, shown.clone(), Fix::by_hand(format!("{what} of {name}")));
    }
    if is_fine {
        findings.fine("client", shown);
    }
}

/// Whether the directory's configuration locks at all.
fn configured(directory: &Path, findings: &mut Findings) {
    let environment = ProcessEnvironment;
    let arguments = WorkingDirectory::open(directory, &environment)
        .and_then(|directory| directory.backend()?.complete())
        .and_then(|backend| S3Arguments::read(&backend.arguments));
    // A configuration that is completed on the command line was read before, and is not judged here.
    let Ok(arguments) = arguments else { return };
    let has_table = arguments.dynamodb_table.as_ref().is_some_and(|table| !table.is_empty());
    if arguments.use_lockfile == Some(true) || has_table {
        findings.fine("configuration", "it locks");
        return;
    }
    let evidence =
        format!("neither `use_lockfile` nor `dynamodb_table` is set in {}", directory.display());
    let fix = Fix::paste(
        "add this to the backend block, and run `terraform init -reconfigure`",
        "use_lockfile = true",
    );
    findings.add(&NOT_CONFIGURED, evidence, fix);
}

/// What a client says its version is; `None` if it is not there, or says something else.
async fn installed(program: &str, directory: &Path) -> Option<Version> {
    let mut command = tokio::process::Command::new(program);
    command
        .args(["version", "-json"])
        .env("CHECKPOINT_DISABLE", "1")
        .current_dir(directory)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let answer = tokio::time::timeout(ANSWER_TIME, command.output()).await.ok()?.ok()?;
    let said: serde_json::Value = serde_json::from_slice(&answer.stdout).ok()?;
    Version::parse(said.get("terraform_version")?.as_str()?)
}

/// What `required_version` admits; without one, everything.
fn required(directory: &Path, locks_by_file: bool, findings: &mut Findings) -> VersionConstraint {
    let tree = tree::scan(&[directory.to_owned()], &ProcessEnvironment, &ScanOptions::default());
    let here = directory.canonicalize().ok();
    let module = tree.modules.iter().find(|module| module.directory.canonicalize().ok() == here);
    let required = module.map(|module| module.required_versions.as_slice()).unwrap_or_default();
    let parsed: Result<Vec<_>, _> =
        required.iter().map(|one| VersionConstraint::parse(&one.text)).collect();
    // What is no constraint is told by Terraform itself, at once.
    let Ok(parsed) = parsed else { return VersionConstraint::default() };
    if parsed.is_empty() {
        return VersionConstraint::default();
    }
    let text: Vec<_> = required.iter().map(|one| one.text.as_str()).collect();
    let text = text.join(", ");
    let all = VersionConstraint::all(parsed);
    match all.lockfile_support() {
        LockfileSupport::Sometimes { .. } | LockfileSupport::Never { .. } if locks_by_file => {
            let fix = Fix::paste("demand one that knows it", "required_version = \">= 1.10.0\"");
            findings.add(&ADMITS_OLD, format!("`required_version` is `{text}`"), fix);
        }
        LockfileSupport::Always { .. }
        | LockfileSupport::Sometimes { .. }
        | LockfileSupport::Never { .. } => findings.fine("required-version", text),
    }
    all
}
