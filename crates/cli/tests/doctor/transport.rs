//! With TLS, and without.

use statelock_testkit::tls_front::TlsFront;

use crate::good::policy;
use crate::stage::{ADDRESS, Report, Stage, Told, report};

const WARNED: &str = "tls-not-required";
const NOTED: &str = "store-reached-without-tls";

#[test]
fn without_tls_nothing_is_pasted_that_would_refuse_whoever_pastes_it() {
    let stage = Stage::statelock();
    let bare = stage.doctor(&["--no-write"]);
    bare.says(NOTED, "the endpoint is `http`").says(NOTED, "`https` endpoint").lacks(WARNED);
    let findings = bare.document["findings"].as_array().expect("findings");
    let noted = findings.iter().find(|one| one["id"] == NOTED).expect("the notice");
    assert_eq!((&noted["severity"], &noted["paste"]), (&"notice".into(), &().into()));
    let allows = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let told = vec![Told::setting("policy", 200, allows)];
    stage.doctor_told(&["--no-write"], told).says(NOTED, "the policy does not deny").lacks(WARNED);
    stage
        .doctor_told(&["--no-write"], policy())
        .says(NOTED, "the policy denies it, and the store answers all the same")
        .says(NOTED, "do not rely on the policy")
        .lacks(WARNED);
    let unreadable = vec![Told::setting("policy", 200, "{")];
    stage.doctor_told(&["--no-write"], unreadable).says(NOTED, "is not known").lacks(WARNED);
    let denied = vec![Told::setting("policy", 403, "<Error><Code>AccessDenied</Code></Error>")];
    stage.doctor_told(&["--no-write"], denied).says(NOTED, "is not known").lacks(WARNED);
}

#[test]
fn with_tls_the_statement_is_there_to_paste() {
    let stage = Stage::statelock();
    let Some(front) = TlsFront::before(stage.server.address(), "doctor: TLS") else { return };
    let doctor = || -> Report {
        let bundle = front.ca_bundle().display().to_string();
        let args = ["doctor", ADDRESS, "--json", "--no-write", "--custom-ca-bundle", &bundle];
        report(stage.command_through(&front.endpoint(), &args))
    };
    doctor().ended(2).says(WARNED, "\"aws:SecureTransport\": \"false\"").lacks(NOTED);
    crate::good::make_good(&stage);
    doctor().ended(0).lacks(WARNED).lacks(NOTED);
}
