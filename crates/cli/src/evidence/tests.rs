//! Tests of the entry point: who is asked, and when nobody needs to be.

use std::cell::Cell;
use std::rc::Rc;

use statelock_protocol::lock::evidence::{Activity, RunUnit, Says, Source};
use statelock_protocol::lock::stamp::BootId;

use super::*;

const RUN: &str = "https://ci.example/1";

/// What was asked for, in order.
#[derive(Clone, Default)]
struct Asked(Rc<Cell<Vec<&'static str>>>);

impl Asked {
    fn note(&self, what: &'static str) {
        let mut asked = self.0.take();
        asked.push(what);
        self.0.set(asked);
    }
}

struct FakeProcesses {
    asked: Asked,
    machine: Result<Machine, String>,
    seen: ProcessSeen,
}

impl ProcessObserver for FakeProcesses {
    fn machine(&self) -> Result<Machine, String> {
        self.machine.clone()
    }

    fn look(&self, _: &ProcessMark) -> ProcessSeen {
        self.asked.note("process");
        self.seen.clone()
    }

    fn offspring(&self, _: &LockId, _: &ProcessMark) -> Offspring {
        self.asked.note("offspring");
        Offspring::default()
    }

    fn clients(&self) -> ClientsSeen {
        self.asked.note("clients");
        ClientsSeen::Seen { found: Vec::new(), may_be_more: None }
    }
}

struct FakeRuns(Asked);

impl RunObserver for FakeRuns {
    fn look(&self, _: &RunUrl) -> RunSeen {
        self.0.note("run");
        RunSeen::Going { status: "running".to_owned(), unit: RunUnit::Job }
    }
}

fn machine(boot: &str, pid_namespace: u64) -> Machine {
    Machine { boot_id: BootId::parse(boot).expect("a boot id"), pid_namespace }
}

fn stamp(has_process: bool, has_run: bool) -> Stamp {
    let Machine { boot_id, pid_namespace } = machine("this", 7);
    let process = ProcessMark { pid: 4711, started_ticks: 1, pid_namespace, boot_id };
    let run = RunUrl::parse(RUN).expect("a URL");
    Stamp { reason: None, run: has_run.then_some(run), process: has_process.then_some(process) }
}

/// The judgement about a lock of `you@HOST`, and who was asked for it.
fn judged(
    stamp: &Stamp,
    host: &str,
    machine: Result<Machine, String>,
    seen: ProcessSeen,
) -> (Evidence, Vec<&'static str>) {
    let asked = Asked::default();
    let observers = Observers {
        who: Who::parse("me@box"),
        unix_seconds: 1_795_294_800,
        processes: Box::new(FakeProcesses { asked: asked.clone(), machine, seen }),
        runs: Box::new(FakeRuns(asked.clone())),
    };
    let text = format!(r#"{{"ID":"a","Who":"you@{host}","Created":"2026-11-21T20:59:50Z"}}"#);
    let info = LockInfo::parse(text.as_bytes()).expect("a lock info");
    let info = LockInfo { info: stamp.to_string(), ..info };
    (of(&info, &observers), asked.0.take())
}

fn running() -> ProcessSeen {
    ProcessSeen::Found { started_ticks: 1, activity: Activity::Running }
}

#[test]
fn a_ci_is_not_asked_where_the_process_tells_enough() {
    for (seen, word) in [(running(), "alive"), (ProcessSeen::Missing, "dead")] {
        let (evidence, asked) = judged(&stamp(true, true), "box", Ok(machine("this", 7)), seen);
        assert_eq!(evidence.life.word(), word);
        assert_eq!(asked, ["process", "offspring"]);
    }
}

#[test]
fn a_ci_is_asked_where_the_process_tells_nothing() {
    let hidden = ProcessSeen::Hidden { why: "hidden".to_owned() };
    let (evidence, asked) = judged(&stamp(true, true), "box", Ok(machine("this", 7)), hidden);
    assert_eq!((evidence.life.word(), asked), ("alive", vec!["process", "offspring", "run"]));
}

#[test]
fn a_process_id_is_not_looked_up_where_it_means_another_process() {
    for machine in [Ok(machine("other", 7)), Ok(machine("this", 8)), Err("no /proc".to_owned())] {
        let (evidence, asked) = judged(&stamp(true, false), "box", machine.clone(), running());
        assert_eq!(evidence.life.word(), "unknown");
        assert_eq!(asked, [""; 0]);
        let (evidence, asked) = judged(&stamp(true, true), "box", machine, running());
        assert_eq!((evidence.life.word(), asked), ("alive", vec!["run"]));
    }
}

#[test]
fn clients_are_looked_for_only_for_a_lock_without_a_stamp_of_this_host() {
    let clients = |stamp: &Stamp, host| {
        let (evidence, asked) = judged(stamp, host, Ok(machine("this", 7)), running());
        assert_eq!(evidence.life.word(), if stamp.run.is_some() { "alive" } else { "unknown" });
        asked
    };
    assert_eq!(clients(&Stamp::default(), "box"), ["clients"]);
    assert_eq!(clients(&Stamp::default(), "far"), [""; 0]);
    assert_eq!(clients(&stamp(false, true), "box"), ["run"]);
    let reason = Some(Reason::parse("freeze").expect("a reason"));
    assert_eq!(clients(&Stamp { reason, ..Stamp::default() }, "box"), ["clients"]);
}

#[test]
fn a_lock_of_this_process_is_alive_here() {
    let observers = Observers::of_this_process();
    let reason = Some(Reason::parse("a test").expect("a reason"));
    let stamp = stamp_of_this_run(reason.clone(), Lifeline::Process);
    let who = who().to_string();
    let text = format!(r#"{{"ID":"a","Who":"{who}","Created":"2026-11-21T20:59:50Z"}}"#);
    let info = LockInfo::parse(text.as_bytes()).expect("a lock info");
    let info = LockInfo { info: stamp.to_string(), ..info };
    let evidence = of(&info, &observers);
    match stamp.process {
        Some(mark) => {
            let expected = format!("alive: process {} runs on this machine", mark.pid);
            assert_eq!(evidence.life.to_string(), expected);
            let [finding] = evidence.findings.as_slice() else { unreachable!("{evidence:?}") };
            assert_eq!((finding.source, finding.says), (Source::Process, Says::Alive));
        }
        None => statelock_testkit::skip::skip("evidence: own lock", "processes have no marks here"),
    }
    assert_eq!(stamp.reason, reason);
}

#[test]
fn a_stamp_names_only_what_the_lock_lives_and_dies_with() {
    let run = stamp_of_this_run(None, Lifeline::Run);
    assert_eq!(
        run,
        Stamp { reason: None, run: run_environment::run_url(&variable), process: None }
    );
}
