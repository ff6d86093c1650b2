//! Tests with a made-up `/proc`, and with real processes where there is one.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};

use statelock_testkit::server_process::wait_until;
use statelock_testkit::skip::skip;
use tempfile::TempDir;

use super::*;

const OWN: u32 = 100;
const BOOT: &str = "0f3c2a61-7c1e-4b6e-9a57-2f0d3d8f6f10";

/// A directory that looks like `/proc` on the machine itself.
struct FakeProc {
    root: TempDir,
}

impl FakeProc {
    fn new() -> Self {
        let fake = Self { root: TempDir::with_prefix("statelock-proc-").expect("a directory") };
        fake.process(OWN, "statelock", "S", 7, "");
        fake.process(1, "init", "S", 1, "");
        symlink(OWN.to_string(), fake.root.path().join("self")).expect("a link");
        fake.write("self/status", &format!("Name:\tstatelock\nNSpid:\t{OWN}\nThreads:\t1\n"));
        fake.write("sys/kernel/random/boot_id", &format!("{BOOT}\n"));
        fake.namespace("pid", PID_NAMESPACE_OF_THE_MACHINE);
        fake
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn process(&self, pid: u32, name: &str, state: &str, started: u64, environment: &str) {
        let rest = "1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0";
        self.write(&format!("{pid}/stat"), &format!("{pid} ({name}) {state} {rest} {started} 0"));
        self.write(&format!("{pid}/comm"), &format!("{name}\n"));
        self.write(&format!("{pid}/environ"), environment);
    }

    fn namespace(&self, kind: &str, inode: u64) {
        let folder = self.root.path().join(OWN.to_string()).join("ns");
        fs::create_dir_all(&folder).expect("a folder");
        fs::remove_file(folder.join(kind)).ok();
        symlink(format!("{kind}:[{inode}]"), folder.join(kind)).expect("a link");
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.root.path().join(path)).expect("a file");
    }

    fn observer(&self) -> Processes {
        Processes { proc_fs: ProcFs::at(self.root.path(), OWN), probe: |_| Presence::Missing }
    }

    fn machine_error(&self) -> String {
        self.observer().machine().expect_err("no machine")
    }
}

fn mark(pid: u32) -> ProcessMark {
    let boot_id = statelock_protocol::lock::stamp::BootId::parse(BOOT).expect("a boot id");
    ProcessMark { pid, started_ticks: 7, pid_namespace: PID_NAMESPACE_OF_THE_MACHINE, boot_id }
}

fn lock_id() -> LockId {
    LockId::parse("76048f77-4be5").expect("a lock ID")
}

#[test]
fn a_process_marks_itself() {
    let fake = FakeProc::new();
    assert_eq!(mark_of_own(&ProcFs::at(fake.root.path(), OWN)), Some(mark(OWN)));
}

#[test]
fn a_machine_that_cannot_be_told_from_others_is_none() {
    let fake = FakeProc::new();
    fake.namespace("time", 0xEFFF_FFFA);
    assert!(fake.observer().machine().is_ok());

    fake.namespace("time", 4_026_532_000);
    assert_eq!(fake.machine_error(), "this container shifts the start times of processes");
    fake.remove(&format!("{OWN}/ns/time"));

    for ids in ["4000\t100", "101", ""] {
        fake.write("self/status", &format!("NSpid:\t{ids}\n"));
        assert_eq!(fake.machine_error(), "the /proc here is not the one of this container");
    }
    fake.write("self/status", &format!("NSpid:\t{OWN}\n"));

    for boot_id in ["", "a b", "\n"] {
        fake.write("sys/kernel/random/boot_id", boot_id);
        assert_eq!(fake.machine_error(), "this machine does not tell its boot id");
    }
    fake.write("sys/kernel/random/boot_id", BOOT);

    fake.remove(&format!("{OWN}/ns/pid"));
    assert_eq!(fake.machine_error(), "the pid namespace cannot be told");
    fake.remove("self/status");
    assert!(fake.machine_error().starts_with("this system has no /proc"));
    assert_eq!(mark_of_own(&ProcFs::at(fake.root.path(), OWN)), None);
}

#[test]
fn a_process_is_found_with_its_start_time() {
    let fake = FakeProc::new();
    fake.process(5, "a) (b", "T", 99, "");
    let activity = Activity::Suspended;
    let found = ProcessSeen::Found { started_ticks: 99, activity };
    assert_eq!(fake.observer().look(&mark(5)), found);
}

#[test]
fn a_process_is_missing_only_if_the_system_says_so_too() {
    let look = |probe: Probe| Processes { probe, ..FakeProc::new().observer() }.look(&mark(5));
    assert_eq!(look(|_| Presence::Missing), ProcessSeen::Missing);
    // As /proc mounted with hidepid=2 has it.
    let ProcessSeen::Hidden { why } = look(|_| Presence::Present) else { unreachable!() };
    assert!(why.contains("this user may not look at it"), "{why}");
    assert!(matches!(look(|_| Presence::Unknown), ProcessSeen::Hidden { .. }));
}

#[test]
fn an_entry_that_cannot_be_read_hides_its_process() {
    let fake = FakeProc::new();
    fake.write("5/stat", "garbage");
    fs::create_dir_all(fake.root.path().join("6/stat")).expect("a folder");
    for pid in [5, 6] {
        let seen = fake.observer().look(&mark(pid));
        assert!(matches!(seen, ProcessSeen::Hidden { .. }), "{seen:?}");
    }
}

#[test]
fn what_a_holder_started_carries_its_lock_id() {
    let fake = FakeProc::new();
    let id = lock_id();
    let carries = format!("A=b\0{LOCK_ID_VARIABLE}={id}\0C=d\0");
    fake.process(5, "terraform", "S", 1, &carries);
    fake.process(6, "sh", "Z", 1, &carries);
    fake.process(7, "sh", "S", 1, &format!("{LOCK_ID_VARIABLE}={id}-other\0"));
    fake.process(8, "sh", "S", 1, &format!("X{LOCK_ID_VARIABLE}={id}\0"));
    fake.process(OWN, "statelock", "S", 7, &carries);
    let found = vec![SeenProcess { pid: 5, name: "terraform".to_owned() }];
    let offspring = fake.observer().offspring(&id, &mark(4));
    assert_eq!(offspring, Offspring { found: found.clone(), may_be_more: false });
    let worker = Worker { pid: 5, parent: Some(1), name: "terraform".to_owned() };
    assert_eq!(fake.observer().under(&id), [worker]);
}

impl FakeProc {
    /// A process whose environment may not be read.
    fn unreadable(&self, pid: u32, name: &str, started: u64) {
        self.process(pid, name, "S", started, "");
        self.remove(&format!("{pid}/environ"));
        fs::create_dir_all(self.root.path().join(format!("{pid}/environ"))).expect("a folder");
    }

    /// Whether there may be more than what was found, for a holder that started at tick 7.
    fn may_be_more(&self) -> bool {
        self.observer().offspring(&lock_id(), &mark(4)).may_be_more
    }
}

#[test]
fn p1_what_may_not_be_looked_at_and_came_after_the_holder_may_be_the_holders() {
    // As a process is whose user the holder has changed, and in a container whoever is root may not look
    // at it either. What the user is called does not matter.
    for started in [7, 8] {
        let fake = FakeProc::new();
        assert!(!fake.may_be_more());
        fake.unreadable(9, "terraform", started);
        assert!(fake.may_be_more(), "{started}");
    }
}

#[test]
fn what_is_surely_none_of_the_holders_hides_nothing() {
    let fake = FakeProc::new();
    // There before the holder.
    fake.unreadable(9, "sshd", 6);
    fake.unreadable(1, "init", 7);
    // Ended since.
    fake.unreadable(10, "sudo", 8);
    let rest = "1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0";
    fake.write("10/stat", &format!("10 (sudo) Z {rest} 8 0"));
    // A part of the kernel.
    fake.unreadable(11, "kworker/0:1", 8);
    fake.write(
        "11/stat",
        &format!("11 (kworker/0:1) I {} 8 0", rest.replacen("-1 0", "-1 69238880", 1)),
    );
    assert!(!fake.may_be_more());
}

#[test]
fn processes_that_are_not_even_listed_may_be_the_holders() {
    let fake = FakeProc::new();
    fake.write("self/mounts", "proc /proc proc rw,hidepid=2 0 0\n");
    assert!(fake.may_be_more());
    let status = format!("NSpid:\t{OWN}\nCapEff:\t000001ffffffffff\n");
    fake.write("self/status", &status);
    assert!(!fake.may_be_more());
}

#[test]
fn clients_are_listed_and_what_may_be_missing_is_told() {
    let fake = FakeProc::new();
    fake.process(5, "terraform", "S", 1, "");
    fake.process(6, "terraform", "Z", 1, "");
    fake.process(7, "terraform-provi", "S", 1, "");
    fake.process(12, "tofu", "S", 1, "");
    let seen = |pid, name: &str| SeenProcess { pid, name: name.to_owned() };
    let found = vec![seen(5, "terraform"), seen(12, "tofu")];
    let clients = |fake: &FakeProc| {
        let ClientsSeen::Seen { found, may_be_more } = fake.observer().clients() else {
            unreachable!()
        };
        (found, may_be_more.unwrap_or_default())
    };
    assert_eq!(clients(&fake), (found.clone(), String::new()));
    fake.remove("1/stat");
    let hidden = "this user is not shown the processes of others";
    assert_eq!(clients(&fake), (found.clone(), hidden.to_owned()));
    fake.namespace("pid", 4_026_532_000);
    let container = "this is a container, which shows only its own processes";
    assert_eq!(clients(&fake), (found, container.to_owned()));
    fake.remove("self/status");
    assert!(matches!(fake.observer().clients(), ClientsSeen::Unknown { .. }));
}

#[test]
fn clients_are_known_by_their_names() {
    for name in ["terraform", "tofu", "terraform_1.9.8", "terraform-1.9", "tofu1.8", "tofu-v1.8"] {
        assert!(is_client(name), "{name}");
    }
    for name in
        ["terraform-provi", "terraform-ls", "terraformer", "tofu-ls", "tf", "", "terraform_"]
    {
        assert!(!is_client(name), "{name}");
    }
}

/// A real process, killed at the end.
struct Sleeper(Child);

impl Sleeper {
    fn start(name: &str) -> Option<Self> {
        let observer = Processes::of_this_machine();
        if let Err(why) = observer.machine() {
            skip(&format!("evidence: {name}"), &why);
            return None;
        }
        let mut command = Command::new("sleep");
        command.arg("60").env(LOCK_ID_VARIABLE, format!("{}-{name}", std::process::id()));
        Some(Self(command.stdin(Stdio::null()).spawn().expect("sleep runs")))
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        // Both fail only if it has already ended and been reaped.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_real_process_is_running_then_ended_then_missing() {
    let Some(mut sleeper) = Sleeper::start("lifetime") else { return };
    let observer = Processes::of_this_machine();
    let mark = ProcessMark { pid: sleeper.0.id(), ..own_mark().expect("a mark") };
    let activity = |expected: Activity| match observer.look(&mark) {
        ProcessSeen::Found { activity, started_ticks } => {
            assert!(started_ticks > 0);
            (activity == expected).then_some(())
        }
        ProcessSeen::Missing | ProcessSeen::Hidden { .. } | ProcessSeen::NotLookedFor => None,
    };
    activity(Activity::Running).expect("it runs");
    sleeper.0.kill().expect("it can be killed");
    let bound = std::time::Duration::from_secs(20);
    wait_until(bound, || activity(Activity::Ended)).expect("it is a zombie until it is reaped");
    sleeper.0.wait().expect("it can be reaped");
    assert_eq!(observer.look(&mark), ProcessSeen::Missing);
}

#[test]
fn real_offspring_is_found() {
    let Some(sleeper) = Sleeper::start("offspring") else { return };
    let id = LockId::parse(format!("{}-offspring", std::process::id())).expect("a lock ID");
    let observer = Processes::of_this_machine();
    let holder = own_mark().expect("a mark");
    // Between fork and exec it is still a copy of this test.
    let bound = std::time::Duration::from_secs(20);
    let found = wait_until(bound, || {
        let found = observer.offspring(&id, &holder).found;
        (!found.is_empty()).then_some(found)
    });
    let expected = SeenProcess { pid: sleeper.0.id(), name: "sleep".to_owned() };
    assert_eq!(found, Some(vec![expected]));
}

#[test]
fn the_system_says_which_processes_there_are() {
    assert_eq!(kill_nothing(std::process::id()), Presence::Present);
    assert_eq!(kill_nothing(1), Presence::Present);
    assert_eq!(kill_nothing(0), Presence::Unknown);
    assert_eq!(kill_nothing(u32::MAX), Presence::Unknown);
}
