//! Linux's `/proc`: what its files say.
//!
//! `/proc` may be that of another container, or hide what belongs to other users; both are noticed,
//! because taking either for "there is no such process" would be a wrong proof.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use statelock_protocol::lock::evidence::{Activity, Machine};
use statelock_protocol::lock::stamp::BootId;

/// The inode of the first pid namespace: the machine itself, not a container on it.
pub(super) const PID_NAMESPACE_OF_THE_MACHINE: u64 = 0xEFFF_FFFC;
/// The inode of the first time namespace. In another one, start times are shifted.
const TIME_NAMESPACE_OF_THE_MACHINE: u64 = 0xEFFF_FFFA;
/// The flag of a thread of the kernel.
const KERNEL_THREAD: u64 = 0x0020_0000;
/// The capability to look at the processes of others.
const CAP_SYS_PTRACE: u32 = 19;
/// The most that is read of one file. An environment is at most a few MiB.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// What a process's `stat` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) pid: u32,
    pub(super) parent: u32,
    /// Whether it is a part of the kernel.
    pub(super) is_kernel: bool,
    pub(super) started_ticks: u64,
    pub(super) activity: Activity,
}

/// A mounted `/proc`.
pub(super) struct ProcFs {
    root: PathBuf,
    /// The id of this process in its own pid namespace.
    own_pid: u32,
}

impl ProcFs {
    pub(super) fn of_this_machine() -> Self {
        Self::at(Path::new("/proc"), std::process::id())
    }

    pub(super) fn at(root: &Path, own_pid: u32) -> Self {
        Self { root: root.to_owned(), own_pid }
    }

    pub(super) fn own_pid(&self) -> u32 {
        self.own_pid
    }

    /// What tells this machine and this container from all others, or why it cannot be told.
    pub(super) fn machine(&self) -> Result<Machine, String> {
        let status = self.text("self/status").map_err(
            |_| "this system has no /proc as Linux has it, so its processes cannot be told apart",
        )?;
        if own_ids(&status) != [self.own_pid] {
            return Err("the /proc here is not the one of this container".to_owned());
        }
        // Kernels before 5.6 have no time namespaces.
        let time = self.namespace("time").unwrap_or(TIME_NAMESPACE_OF_THE_MACHINE);
        if time != TIME_NAMESPACE_OF_THE_MACHINE {
            return Err("this container shifts the start times of processes".to_owned());
        }
        let boot_id = self.text("sys/kernel/random/boot_id").ok();
        let boot_id = boot_id.and_then(|text| BootId::parse(text.trim_ascii()));
        let boot_id = boot_id.ok_or("this machine does not tell its boot id")?;
        let pid_namespace = self.namespace("pid").ok_or("the pid namespace cannot be told")?;
        Ok(Machine { boot_id, pid_namespace })
    }

    /// # Errors
    /// As the system says. A `stat` that cannot be parsed is [`io::ErrorKind::InvalidData`].
    pub(super) fn stat(&self, pid: u32) -> io::Result<Stat> {
        parse_stat(&self.text(&format!("{pid}/stat"))?).ok_or(io::ErrorKind::InvalidData.into())
    }

    /// # Errors
    /// As the system says.
    pub(super) fn own_stat(&self) -> io::Result<Stat> {
        parse_stat(&self.text("self/stat")?).ok_or(io::ErrorKind::InvalidData.into())
    }

    /// The name of the file that a process runs, cut after 15 bytes.
    pub(super) fn name(&self, pid: u32) -> Option<String> {
        Some(self.text(&format!("{pid}/comm")).ok()?.trim_end_matches('\n').to_owned())
    }

    /// Whether the process started with a variable in its environment, `NAME=value`.
    ///
    /// # Errors
    /// As the system says: another user's environment may not be read.
    pub(super) fn has_variable(&self, pid: u32, variable: &str) -> io::Result<bool> {
        let environment = self.bytes(&format!("{pid}/environ"))?;
        Ok(environment.split(|byte| *byte == 0).any(|entry| entry == variable.as_bytes()))
    }

    /// Whether there may be processes that are not even listed, because they are another user's.
    pub(super) fn hides_processes(&self) -> bool {
        let Ok(status) = self.text("self/status") else {
            return true;
        };
        let mounts = self.text("self/mounts").unwrap_or_default();
        !may_trace(&status) && (is_hiding(&mounts) || self.stat(1).is_err())
    }

    /// The ids of all processes that are shown.
    ///
    /// # Errors
    /// As the system says.
    pub(super) fn pids(&self) -> io::Result<Vec<u32>> {
        let entries = fs::read_dir(&self.root)?;
        let name = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
        Ok(entries.filter_map(name).filter_map(|name| name.parse().ok()).collect())
    }

    /// The inode of a namespace of this process, from a link such as `pid:[4026531836]`.
    fn namespace(&self, kind: &str) -> Option<u64> {
        let link = fs::read_link(self.root.join("self/ns").join(kind)).ok()?;
        let inode = link.to_str()?.strip_prefix(kind)?.strip_prefix(":[")?.strip_suffix(']')?;
        inode.parse().ok()
    }

    fn text(&self, path: &str) -> io::Result<String> {
        // A process may give itself a name that is not UTF-8.
        Ok(String::from_utf8_lossy(&self.bytes(path)?).into_owned())
    }

    fn bytes(&self, path: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.root.join(path))?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The ids of this process in each pid namespace that `/proc` shows, outermost first.
fn own_ids(status: &str) -> Vec<u32> {
    let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    ids.unwrap_or("").split_whitespace().filter_map(|id| id.parse().ok()).collect()
}

/// Whether a `status` has the capability by which all processes are shown.
fn may_trace(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask.checked_shr(CAP_SYS_PTRACE).is_some_and(|mask| mask & 1 == 1)
}

/// Whether `mounts` has a `/proc` that shows each user only what is its own.
fn is_hiding(mounts: &str) -> bool {
    let option = mounts.lines().rev().find_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (at, kind, options) = (fields.next()?, fields.next()?, fields.next()?);
        ((at, kind) == ("/proc", "proc")).then_some(options)
    });
    let hides = |option: &str| {
        option.strip_prefix("hidepid=").is_some_and(|value| !matches!(value, "0" | "off"))
    };
    option.is_some_and(|options| options.split(',').any(hides))
}

/// Reads `pid (name) state …`. The name may hold anything, parentheses and spaces included.
fn parse_stat(stat: &str) -> Option<Stat> {
    let (pid, rest) = stat.split_once(" (")?;
    let (_, rest) = rest.rsplit_once(") ")?;
    // The fields from the third on.
    let fields: Vec<_> = rest.split_ascii_whitespace().collect();
    let field = |number: usize| fields.get(number - 3).copied();
    let threads: u64 = field(20)?.parse().ok()?;
    let activity = match field(3)? {
        // Other threads of a process may go on after its first one.
        "Z" | "X" | "x" if threads <= 1 => Activity::Ended,
        "T" | "t" => Activity::Suspended,
        _ => Activity::Running,
    };
    let flags: u64 = field(9)?.parse().ok()?;
    Some(Stat {
        pid: pid.parse().ok()?,
        parent: field(4)?.parse().ok()?,
        is_kernel: flags & KERNEL_THREAD != 0,
        started_ticks: field(22)?.parse().ok()?,
        activity,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line as the kernel writes it, with the fields that are looked at.
    pub(super) fn line(name: &str, state: &str, threads: u32, started: u64) -> String {
        format!(
            "4711 ({name}) {state} 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 {threads} 0 \
             {started} 1 2 18446744073709551615 0"
        )
    }

    #[test]
    fn the_start_time_is_found_behind_any_name() {
        for name in ["statelock", "a b", ") R 1 1 1", "((", "a) Z (b", "", "\u{fffd}"] {
            let stat = parse_stat(&line(name, "S", 3, 987_654)).expect(name);
            let expected = Stat {
                pid: 4711,
                parent: 1,
                is_kernel: false,
                started_ticks: 987_654,
                activity: Activity::Running,
            };
            assert_eq!(stat, expected, "{name}");
        }
    }

    #[test]
    fn what_a_process_does_is_told_from_its_state() {
        for (state, threads, activity) in [
            ("R", 1, Activity::Running),
            ("S", 1, Activity::Running),
            ("D", 1, Activity::Running),
            ("I", 1, Activity::Running),
            ("T", 1, Activity::Suspended),
            ("t", 4, Activity::Suspended),
            ("Z", 1, Activity::Ended),
            ("Z", 0, Activity::Ended),
            ("X", 1, Activity::Ended),
            ("x", 1, Activity::Ended),
            ("Z", 2, Activity::Running),
        ] {
            let stat = parse_stat(&line("a", state, threads, 1)).expect(state);
            assert_eq!(stat.activity, activity, "{state} with {threads}");
        }
    }

    #[test]
    fn a_thread_of_the_kernel_is_known_by_its_flag() {
        let stat = line("kworker/0:1", "I", 1, 5).replace(" 4194560 ", " 69238880 ");
        assert!(parse_stat(&stat).expect("a stat").is_kernel);
    }

    #[test]
    fn a_proc_that_hides_processes_is_known_by_its_mount() {
        let mount =
            |options: &str| format!("tmpfs / tmpfs rw 0 0\nproc /proc proc rw{options} 0 0\n");
        for (options, hides) in [
            ("", false),
            (",hidepid=0", false),
            (",hidepid=off", false),
            (",hidepid=1,gid=4", true),
            (",hidepid=2", true),
            (",hidepid=invisible", true),
            (",hidepid=ptraceable", true),
        ] {
            assert_eq!(is_hiding(&mount(options)), hides, "{options}");
        }
        assert!(!is_hiding(""));
        // The last one covers what was mounted there before.
        assert!(!is_hiding(&format!("{}{}", mount(",hidepid=2"), mount(""))));
    }

    #[test]
    fn who_may_look_at_all_processes_is_told_from_the_capabilities() {
        assert!(may_trace("Name:\tx\nCapEff:\t000001ffffffffff\n"));
        // As in a container.
        assert!(!may_trace("CapEff:\t00000000a80425fb\n"));
        assert!(!may_trace(""));
    }

    #[test]
    fn what_is_no_stat_is_none() {
        for text in ["", "4711", "4711 (a", "4711 (a) S 1 2", "x (a) S"] {
            assert_eq!(parse_stat(text), None, "{text}");
        }
        assert_eq!(parse_stat(&line("a", "S", 1, 5).replace("4711 (", "x (")), None);
        assert_eq!(parse_stat(&line("a", "S", 1, 5).replace(" 5 1 2 ", " -5 1 2 ")), None);
    }

    #[test]
    fn the_kernel_agrees_about_this_process() {
        let proc_fs = ProcFs::of_this_machine();
        let Ok(stat) = proc_fs.own_stat() else {
            statelock_testkit::skip::skip("evidence: own process", "this system has no /proc");
            return;
        };
        assert_eq!(stat.pid, std::process::id());
        assert_eq!(proc_fs.stat(stat.pid).expect("the same process"), stat);
        assert!(proc_fs.pids().expect("processes").contains(&stat.pid));
        let clock = proc_fs.text("uptime").expect("the uptime");
        let uptime: f64 = clock.split(' ').next().and_then(|s| s.parse().ok()).expect("seconds");
        // In hundredths of a second; it started in this boot, and not in its last moment.
        assert!(stat.started_ticks > 0);
        assert!(format!("{:.0}", uptime * 100.0).parse::<u64>().unwrap() >= stat.started_ticks);
    }
}
