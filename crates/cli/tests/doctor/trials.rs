//! The lock that is taken for real.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use statelock_testkit::fault_proxy::{Fault, Request};
use statelock_testkit::server_process::{send_signal, wait_until};

use crate::stage::{ADDRESS, DUAL, Stage, TABLE, Told, answer, s3_error};

/// A request about the lockfile of the trial.
fn of_trial(request: &Request, method: &str) -> bool {
    request.method == method
        && request.path.contains(".statelock-verify-")
        && !request.path.contains("list-type")
}

/// As [`of_trial`], from the one with this number on.
fn from_the(number: usize, method: &'static str) -> impl Fn(&Request) -> bool + Send + 'static {
    let count = AtomicUsize::new(0);
    move |request| of_trial(request, method) && count.fetch_add(1, Ordering::SeqCst) + 1 >= number
}

#[test]
fn a_lock_is_taken_and_released_in_each_mode_unless_it_must_not() {
    let stage = Stage::statelock();
    for mode in [&[][..], TABLE, DUAL] {
        let report = stage.doctor(mode);
        report.lacks("lock-not-tried").lacks("store-does-not-lock").lacks("trial-lock-left");
        let fine = report.document["findings"].as_array().expect("findings");
        assert!(fine.iter().any(|one| one["id"] == "lock" && one["severity"] == "ok"), "{fine:?}");
    }
    let own = stage.doctor(&["--own-lock"]);
    own.lacks("lock-trial-failed");
    assert!(
        own.stderr.contains("the lock of s3://tfstate/app/terraform.tfstate (mode"),
        "{}",
        own.stderr
    );
    let proxy = stage.server.proxy();
    let args = ["doctor", ADDRESS, "--json", "--no-write"];
    let report = crate::stage::report(stage.command_through(&proxy.endpoint(), &args));
    report.shows("lock-not-tried");
    let writes = proxy.requests();
    let writes: Vec<_> = writes
        .iter()
        .filter(|request| ["PUT", "DELETE"].contains(&request.method.as_str()))
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
}

#[test]
fn each_step_that_fails_is_named_and_what_is_left_too() {
    let stage = Stage::statelock();
    let base = stage.doctor(&[]);
    let denied = || s3_error(403, "AccessDenied");
    for id in [
        "lock-take-denied",
        "lock-release-denied",
        "lock-look-denied",
        "store-does-not-lock",
        "lock-not-takable-again",
        "trial-lock-left",
        "lock-trial-failed",
        "trial-versions-left",
    ] {
        base.lacks(id);
    }
    let take = Told::new(denied(), |request| of_trial(request, "PUT"));
    let report = stage.doctor_told(&[], vec![take]);
    report.ended(9).says("lock-take-denied", "s3:PutObject was refused").lacks("trial-lock-left");
    let look = Told::new(denied(), |request| of_trial(request, "GET"));
    stage.doctor_told(&[], vec![look]).ended(9).says("lock-look-denied", "s3:GetObject");
    let slow = Told::new(s3_error(503, "SlowDown"), |request| of_trial(request, "PUT"));
    stage.doctor_told(&[], vec![slow]).shows("lock-trial-failed");
    let none = Told::new(s3_error(501, "NotImplemented"), |request| of_trial(request, "PUT"));
    stage.doctor_told(&[], vec![none]).ended(10).shows("store-does-not-lock");
    // The first PUT takes the lock, the second one is the other client's, who is let in.
    let ignores = Told::new(answer(200, "ETag: \"other\"\r\n", ""), from_the(2, "PUT")).times(1);
    stage.doctor_told(&[], vec![ignores]).ended(10).shows("store-does-not-lock");
    // The third one comes after the release.
    let stuck = Told::new(s3_error(412, "PreconditionFailed"), from_the(3, "PUT"));
    stage.doctor_told(&[], vec![stuck]).ended(10).shows("lock-not-takable-again");
    assert!(!stage.keys().contains(".statelock-verify-"), "{}", stage.keys());
    let release = Told::new(denied(), |request| of_trial(request, "DELETE"));
    let report = stage.doctor_told(&[], vec![release]);
    report.ended(9).says("lock-release-denied", "s3:DeleteObject was refused");
    report.says(
        "trial-lock-left",
        "aws s3api delete-object --bucket tfstate --key app/.statelock-verify-",
    );
    assert!(stage.keys().contains(".statelock-verify-"), "it is there as the report says");
}

#[test]
fn versions_of_the_trial_are_removed_or_said() {
    let Some(stage) = Stage::moto("versions of the trial") else { return };
    crate::good::make_good(&stage);
    stage.doctor_told(&[], crate::good::policy()).lacks("trial-versions-left");
    let kept = Told::new(s3_error(403, "AccessDenied"), |request| {
        of_trial(request, "DELETE") && request.path.contains("versionId=")
    });
    let mut answers = crate::good::policy();
    answers.push(kept);
    stage.doctor_told(&[], answers).says("trial-versions-left", "statelock gc").ended(0);
}

#[test]
fn a_version_that_stays_keeps_the_marker_that_hides_it() {
    let Some(stage) = Stage::moto("a version of the trial that stays") else { return };
    crate::good::make_good(&stage);
    let kept = Told::new(s3_error(403, "AccessDenied"), |request| {
        of_trial(request, "DELETE") && request.path.contains("versionId=")
    });
    let mut answers = crate::good::policy();
    // Of the two versions and two markers, the version that was current last.
    answers.push(kept.times(1));
    let report = stage.doctor_told(&[], answers);
    report.says("trial-versions-left", "3 versions and delete markers").ended(0);
    assert!(!stage.keys().contains(".statelock-verify-"), "{}", stage.keys());
}

#[test]
fn who_takes_the_real_lock_between_its_two_trials_is_no_fault_of_the_store() {
    for stage in [Some(Stage::statelock()), Stage::moto("a lock between two trials")] {
        let Some(stage) = stage else { continue };
        let proxy = stage.server.proxy();
        let takes = AtomicUsize::new(0);
        // The first one takes the lock, the second is the other client's, the third comes after the release.
        proxy.inject_on(Fault::HoldRequest, 1, move |request| {
            let is_take = request.method == "PUT" && request.path.contains(".tflock");
            is_take && takes.fetch_add(1, Ordering::SeqCst) == 2
        });
        let args = ["doctor", ADDRESS, "--json", "--own-lock"];
        let command = stage.command_through(&proxy.endpoint(), &args);
        let doctor = std::thread::spawn(move || crate::stage::report(command));
        assert!(proxy.await_held(Duration::from_mins(1)), "the lock is being taken again");
        let id = stage.run(&["lock", ADDRESS]);
        proxy.let_go();
        let report = doctor.join().expect("a report");
        report.says("lock-trial-failed", "taking the lock").lacks("lock-not-takable-again");
        report.lacks("trial-lock-left");
        stage.run(&["unlock", ADDRESS, id.trim_end()]);
    }
}

#[test]
fn an_interrupted_trial_leaves_nothing() {
    let stage = Stage::statelock();
    let proxy = stage.server.proxy();
    proxy.inject_on(Fault::HoldRequest, 1, |request| of_trial(request, "PUT"));
    let mut command = stage.command_through(&proxy.endpoint(), &["doctor", ADDRESS]);
    let log = stage.scratch.path().join("said");
    let file = std::fs::File::create(&log).expect("a file");
    let mut child = command.stderr(file).spawn().expect("statelock can be started");
    let bound = Duration::from_mins(1);
    assert!(proxy.await_held(bound), "the lock is being taken");
    send_signal("INT", child.id());
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    let noted = wait_until(bound, || said().contains("SIGINT: releasing").then_some(()));
    assert!(noted.is_some(), "{}", said());
    proxy.let_go();
    let status = wait_until(bound, || child.try_wait().expect("it can be asked"));
    assert_eq!(status.and_then(|status| status.code()), Some(130), "{}", said());
    assert!(!stage.keys().contains(".statelock-verify-"), "{}", stage.keys());
}
