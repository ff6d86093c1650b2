//! Tests of the judgement: each rule, what counts more, and what proves nothing.

use super::*;
use crate::lock::stamp::{BootId, ProcessMark};

const NOW: i64 = 1_795_294_800;
const RUN: &str = "https://github.com/o/r/actions/runs/12/attempts/1";

fn info(who: &str) -> LockInfo {
    let text = format!(
        r#"{{"ID":"a","Operation":"OperationTypeApply","Who":"{who}","Version":"1.11.4","Created":"2026-11-21T20:59:50Z"}}"#
    );
    LockInfo::parse(text.as_bytes()).expect("a lock info")
}

fn boot(text: &str) -> BootId {
    BootId::parse(text).expect("a boot id")
}

fn stamp(has_process: bool, has_run: bool) -> Stamp {
    let process =
        ProcessMark { pid: 4711, started_ticks: 100, pid_namespace: 7, boot_id: boot("this-boot") };
    Stamp {
        reason: None,
        run: has_run.then(|| crate::lock::stamp::RunUrl::parse(RUN).expect("a URL")),
        process: has_process.then_some(process),
    }
}

/// An observer on the holder's machine who has seen nothing.
fn observer() -> Observations {
    Observations::nothing(Here {
        who: Who::parse("me@box"),
        machine: Ok(Machine { boot_id: boot("this-boot"), pid_namespace: 7 }),
        unix_seconds: NOW,
    })
}

fn found(started_ticks: u64, activity: Activity) -> ProcessSeen {
    ProcessSeen::Found { started_ticks, activity }
}

fn ended(conclusion: &str) -> RunSeen {
    RunSeen::Ended { conclusion: conclusion.to_owned(), at: Some("2026-11-21T21:00:00Z".into()) }
}

fn going(unit: RunUnit) -> RunSeen {
    RunSeen::Going { status: "in_progress".to_owned(), unit }
}

/// The judgement about a lock with a process, of an observer who saw this of it.
fn of_process(process: ProcessSeen) -> Evidence {
    judge(&info("me@box"), &stamp(true, false), &Observations { process, ..observer() })
}

fn of_run(run: RunSeen) -> Evidence {
    judge(&info("me@box"), &stamp(false, true), &Observations { run, ..observer() })
}

fn of_host(who: &str, clients: ClientsSeen) -> Evidence {
    judge(&info(who), &Stamp::default(), &Observations { clients, ..observer() })
}

fn terraform(pid: u32) -> SeenProcess {
    SeenProcess { pid, name: "terraform".to_owned() }
}

#[test]
fn the_same_process_is_alive() {
    let text = "alive: process 4711 runs on this machine";
    assert_eq!(of_process(found(100, Activity::Running)).life.to_string(), text);
    let text = "alive: process 4711 is suspended on this machine and can go on";
    assert_eq!(of_process(found(100, Activity::Suspended)).life.to_string(), text);
}

#[test]
fn a_process_that_is_gone_or_another_one_by_then_is_dead() {
    for (process, why) in [
        (ProcessSeen::Missing, "there is none with that id"),
        (found(101, Activity::Running), "a later one has its id now"),
        (found(99, Activity::Suspended), "a later one has its id now"),
        (found(100, Activity::Ended), "only its exit code is left"),
    ] {
        let text = format!("dead: process 4711 of this machine has ended: {why}");
        assert_eq!(of_process(process).life.to_string(), text);
    }
}

#[test]
fn a_process_that_cannot_be_seen_is_unknown() {
    let hidden = ProcessSeen::Hidden { why: "this user may not look at it".to_owned() };
    let text = "unknown: process 4711: this user may not look at it";
    assert_eq!(of_process(hidden).life.to_string(), text);
    assert_eq!(of_process(ProcessSeen::NotLookedFor).life.word(), "unknown");
}

#[test]
fn what_a_dead_holder_started_keeps_it_alive() {
    let judged = |found: Vec<SeenProcess>, may_be_more| {
        let offspring = Offspring { found, may_be_more };
        let seen = Observations { process: ProcessSeen::Missing, offspring, ..observer() };
        judge(&info("me@box"), &stamp(true, false), &seen).life.to_string()
    };
    assert_eq!(
        judged(vec![terraform(4712)], true),
        "alive: process 4711 has ended, but what it started still runs: 4712 (terraform)"
    );
    assert_eq!(
        judged(Vec::new(), true),
        "unknown: process 4711 of this machine has ended: there is none with that id; whether what it \
         started still runs, this user may not see"
    );
    let many = judged((1..=10).map(terraform).collect(), false);
    assert!(many.ends_with("8 (terraform), and 2 more"), "{many}");
}

#[test]
fn another_container_of_the_machine_proves_nothing() {
    let mut seen = Observations { process: ProcessSeen::Missing, ..observer() };
    seen.here.machine = Ok(Machine { boot_id: boot("this-boot"), pid_namespace: 8 });
    assert_eq!(
        judge(&info("me@box"), &stamp(true, false), &seen).life.to_string(),
        "unknown: process 4711 is on this machine, in another container; it can be seen only there"
    );
}

#[test]
fn another_boot_proves_nothing_whatever_the_host_is_called() {
    let judged = |who| {
        let mut seen = Observations { process: ProcessSeen::Missing, ..observer() };
        seen.here.machine = Ok(Machine { boot_id: boot("other-boot"), pid_namespace: 7 });
        judge(&info(who), &stamp(true, false), &seen).life.to_string()
    };
    let restarted = "unknown: process 4711: host box has another boot id now: it restarted, or is \
                     another machine by that name";
    assert_eq!(judged("me@box"), restarted);
    assert_eq!(judged("you@BOX"), restarted.replace("host box", "host BOX"));
    let there = "it can be seen only there";
    let other = format!("unknown: process 4711 is on another machine, far; {there}");
    assert_eq!(judged("me@far"), other);
    assert_eq!(judged(""), format!("unknown: process 4711 is on another machine; {there}"));
}

#[test]
fn an_observer_without_proc_says_so() {
    let mut seen = Observations { process: ProcessSeen::Missing, ..observer() };
    seen.here.machine = Err("this system has no /proc".to_owned());
    assert_eq!(
        judge(&info("me@box"), &stamp(true, false), &seen).life.to_string(),
        "unknown: process 4711: this system has no /proc"
    );
}

#[test]
fn p1_a_run_that_ended_in_order_is_dead_and_any_other_is_for_a_person_to_judge() {
    assert_eq!(
        of_run(ended("success")).life.to_string(),
        format!("dead: its run ended by 2026-11-21T21:00:00Z (success): {RUN}")
    );
    for conclusion in ["failure", "failed", "cancelled", "canceled", "timed_out", "stale"] {
        assert_eq!(
            of_run(ended(conclusion)).life.to_string(),
            format!(
                "unknown: its run ended by 2026-11-21T21:00:00Z ({conclusion}), but a runner that its \
                 CI has lost may still be at work: {RUN}"
            )
        );
    }
    assert_eq!(
        of_run(RunSeen::RunAgain { attempt: 2 }).life.to_string(),
        format!(
            "unknown: its run ended, and was run again as attempt 2, but a runner that its CI has lost may \
             still be at work: {RUN}"
        )
    );
}

#[test]
fn a_run_that_goes_on_is_alive() {
    assert_eq!(
        of_run(going(RunUnit::Job)).life.to_string(),
        format!("alive: its job has not ended (in_progress): {RUN}")
    );
    assert_eq!(
        of_run(going(RunUnit::WholeRun)).life.to_string(),
        format!("alive: its run has not ended (in_progress), if only for another job in it: {RUN}")
    );
}

#[test]
fn a_run_that_nobody_can_tell_about_is_unknown() {
    let unknown = RunSeen::Unknown { why: "the CI is not reached".to_owned() };
    let text = format!("unknown: its run {RUN}: the CI is not reached");
    assert_eq!(of_run(unknown).life.to_string(), text);
    let nobody = of_run(RunSeen::NotAskedFor);
    assert_eq!(nobody.life.to_string(), "unknown: nobody was asked");
    assert_eq!(nobody.findings, []);
}

#[test]
fn the_process_counts_more_than_the_run() {
    let life = |process, run| {
        let seen = Observations { process, run, ..observer() };
        let evidence = judge(&info("me@box"), &stamp(true, true), &seen);
        let sources: Vec<_> = evidence.findings.iter().map(|finding| finding.source).collect();
        assert_eq!(sources, [Source::Process, Source::Run]);
        evidence.life.word()
    };
    let hidden = || ProcessSeen::Hidden { why: "hidden".to_owned() };
    let unknown = || RunSeen::Unknown { why: "no answer".to_owned() };
    let running = || found(100, Activity::Running);
    // A job goes on after its step was killed; a lost runner works on after its job was given up.
    assert_eq!(life(ProcessSeen::Missing, going(RunUnit::Job)), "dead");
    assert_eq!(life(running(), ended("failure")), "alive");
    assert_eq!(life(running(), unknown()), "alive");
    assert_eq!(life(ProcessSeen::Missing, unknown()), "dead");
    assert_eq!(life(hidden(), ended("success")), "dead");
    assert_eq!(life(hidden(), ended("cancelled")), "unknown");
    assert_eq!(life(hidden(), going(RunUnit::Job)), "alive");
    assert_eq!(life(hidden(), unknown()), "unknown");
}

#[test]
fn two_unknowns_are_both_told() {
    let process = ProcessSeen::Hidden { why: "hidden".to_owned() };
    let run = RunSeen::Unknown { why: "no answer".to_owned() };
    let seen = Observations { process, run, ..observer() };
    assert_eq!(
        judge(&info("me@box"), &stamp(true, true), &seen).life.to_string(),
        format!("unknown: process 4711: hidden; its run {RUN}: no answer")
    );
}

#[test]
fn what_runs_on_a_host_says_nothing_of_a_lock_that_a_person_took() {
    let clients = ClientsSeen::Seen { found: Vec::new(), may_be_more: None };
    let seen = Observations { clients, ..observer() };
    let told = |operation: &str| {
        let info = LockInfo { operation: operation.to_owned(), ..info("you@box") };
        judge(&info, &Stamp::default(), &seen).remarks().count()
    };
    for operation in ["OperationTypeApply", "OperationTypePlan", "state-mv", "taint", "init", ""] {
        assert_eq!(told(operation), 1, "{operation}");
    }
    for operation in ["lock", "run", "freeze", "backup"] {
        assert_eq!(told(operation), 0, "{operation}");
    }
}

#[test]
fn a_stock_lock_is_unknown_whatever_runs_on_its_host() {
    let seen = |found, may_be_more: Option<&str>| ClientsSeen::Seen {
        found,
        may_be_more: may_be_more.map(str::to_owned),
    };
    for (who, clients, hint) in [
        (
            "you@box",
            seen(Vec::new(), None),
            "no terraform or tofu runs on this host, box, now: you is likely gone, not proven to be",
        ),
        (
            "@box",
            seen(Vec::new(), None),
            "no terraform or tofu runs on this host, box, now: the holder is likely gone, not \
             proven to be",
        ),
        (
            "you@box",
            seen(Vec::new(), Some("this is a container")),
            "no terraform or tofu was seen on this host, box, but this is a container",
        ),
        (
            "you@box",
            seen(vec![terraform(1), terraform(2)], None),
            "on this host, box, terraform or tofu runs: 1 (terraform), 2 (terraform)",
        ),
        (
            "you@box",
            ClientsSeen::Unknown { why: "no /proc".to_owned() },
            "whether terraform or tofu runs on this host, box, cannot be told: no /proc",
        ),
    ] {
        let evidence = of_host(who, clients);
        let unknown = "unknown: the lock names neither a process nor a CI run";
        assert_eq!(evidence.life.to_string(), unknown);
        let expected = Finding::new(Source::Host, Says::Hint, hint);
        assert_eq!(evidence.findings, [expected]);
    }
    assert_eq!(of_host("you@far", ClientsSeen::NotLookedFor).findings, []);
}

#[test]
fn a_stamped_lock_is_not_judged_by_what_else_runs_on_its_host() {
    let clients = ClientsSeen::Seen { found: Vec::new(), may_be_more: None };
    let seen = Observations { clients, run: going(RunUnit::Job), ..observer() };
    let findings = judge(&info("you@box"), &stamp(false, true), &seen).findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
}

#[test]
fn age_proves_nothing_and_a_time_in_the_future_is_told() {
    let findings_at = |unix_seconds| {
        let mut seen = observer();
        seen.here.unix_seconds = unix_seconds;
        let evidence = judge(&info("me@box"), &Stamp::default(), &seen);
        assert_eq!(evidence.life.word(), "unknown");
        evidence.findings
    };
    let created = info("me@box").created.unix_seconds();
    assert_eq!(findings_at(created + 400 * 86_400), []);
    assert_eq!(findings_at(created - 10), []);
    let text = "the lock was made 11 s in this machine's future: the clocks differ, and its age is \
                not what it seems";
    assert_eq!(findings_at(created - 11), [Finding::new(Source::Clock, Says::Hint, text)]);
}

#[test]
fn who_is_split_at_its_last_at_sign() {
    let who = |user: &str, host: &str| Who { user: user.to_owned(), host: host.to_owned() };
    assert_eq!(Who::parse("me@box"), who("me", "box"));
    assert_eq!(Who::parse("@box"), who("", "box"));
    assert_eq!(Who::parse("me@corp.example@box"), who("me@corp.example", "box"));
    assert_eq!(Who::parse("me"), who("me", ""));
    assert_eq!(
        (who("me", "box").to_string(), who("", "box").to_string()),
        ("me@box".into(), "@box".into())
    );
    assert!(!Who::parse("me@").is_host_of(&Who::parse("me@")));
}

#[test]
fn a_finding_stays_on_its_line() {
    let unknown = RunSeen::Unknown { why: "a\n\u{1b}[31m\u{202e}".to_owned() };
    assert!(of_run(unknown).life.to_string().ends_with("a\\n\\u{1b}[31m\\u{202e}"));
}

#[test]
fn programs_get_the_judgement_and_the_findings() {
    let process = ProcessSeen::Hidden { why: "hidden".to_owned() };
    let seen = Observations { process, run: going(RunUnit::Job), ..observer() };
    let evidence = judge(&info("me@box"), &stamp(true, true), &seen);
    let expected = serde_json::json!({
        "life": "alive",
        "evidence": [
            {"source": "process", "says": "unknown", "text": "process 4711: hidden"},
            {"source": "run", "says": "alive", "text": format!("its job has not ended (in_progress): {RUN}")},
        ],
    });
    assert_eq!(serde_json::to_value(&evidence).expect("JSON"), expected);
    assert_eq!(evidence.remarks().collect::<Vec<_>>(), ["process 4711: hidden"]);
}
