//! What `strace -f -y -xx` says about a directory, as events.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// What a process prints when a row is acknowledged.
pub(super) const ACKNOWLEDGED: &str = "a row is kept";

/// Something that happened, in order. Names are those of files in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A file was opened that may have been made by it.
    Create {
        name: String,
    },
    Write {
        name: String,
        offset: usize,
        bytes: Vec<u8>,
    },
    /// Written where the file ended.
    Append {
        name: String,
        bytes: Vec<u8>,
    },
    Truncate {
        name: String,
        len: usize,
    },
    /// Everything that was written to a file is on the disk.
    Sync {
        name: String,
    },
    /// The names are on the disk.
    SyncDirectory,
    Rename {
        from: String,
        to: String,
    },
    Remove {
        name: String,
    },
    /// Somebody was told that a row is kept.
    Acknowledged,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { name } => write!(f, "create {name}"),
            Self::Write { name, offset, bytes } => {
                write!(f, "write {} bytes to {name} at {offset}", bytes.len())
            }
            Self::Append { name, bytes } => write!(f, "append {} bytes to {name}", bytes.len()),
            Self::Truncate { name, len } => write!(f, "truncate {name} to {len}"),
            Self::Sync { name } => write!(f, "sync {name}"),
            Self::SyncDirectory => f.write_str("sync the directory"),
            Self::Rename { from, to } => write!(f, "rename {from} to {to}"),
            Self::Remove { name } => write!(f, "remove {name}"),
            Self::Acknowledged => f.write_str("acknowledge"),
        }
    }
}

/// Everything that was done to `directory`, and every acknowledgement.
pub(super) fn events(traced: &str, directory: &Path) -> Vec<Event> {
    let mut unfinished = BTreeMap::new();
    let mut events = Vec::new();
    for line in traced.lines() {
        let (process, call) = line.split_once(' ').expect("a process and its call");
        let call = call.trim_start();
        if let Some(begun) = call.strip_suffix(" <unfinished ...>") {
            unfinished.insert(process, begun.to_owned());
            continue;
        }
        let resumed = call.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>"));
        let call = match resumed {
            Some((_, rest)) => unfinished.remove(process).expect("the call began") + rest,
            None => call.to_owned(),
        };
        events.extend(event(&call, directory));
    }
    events
}

fn event(call: &str, directory: &Path) -> Option<Event> {
    let (name, arguments) = call.split_once('(')?;
    let (_, result) = arguments.rsplit_once(" = ")?;
    if result.starts_with('-') {
        return None;
    }
    let texts: Vec<Vec<u8>> = arguments.split('"').skip(1).step_by(2).map(unescaped).collect();
    let path = |text: &[u8]| {
        let path = Path::new(std::str::from_utf8(text).ok()?).strip_prefix(directory).ok()?;
        // The index of the log is made anew at every start, and the lock holds nothing.
        let name = path.to_str()?.to_owned();
        let is_lock = Path::new(&name).file_name().is_some_and(|name| name == "lock");
        (!name.ends_with("-shm") && !is_lock).then_some(name)
    };
    let named = |at: usize| path(texts.get(at)?);
    // Of the file that the first argument is; empty for the directory itself.
    let opened = || path(&unescaped(arguments.split_once('<')?.1.split_once('>')?.0));
    let last = || arguments.rsplit_once(')')?.0.rsplit_once(", ")?.1.parse::<usize>().ok();
    match name {
        "openat" if arguments.contains("O_CREAT") => Some(Event::Create { name: named(0)? }),
        "pwrite64" => {
            let bytes = texts.into_iter().next()?;
            assert_eq!(result.trim(), bytes.len().to_string(), "written as a whole, and seen so");
            Some(Event::Write { name: opened()?, offset: last()?, bytes })
        }
        "write" if arguments.starts_with("1<") => {
            let text = texts.first()?;
            let said = text.windows(ACKNOWLEDGED.len());
            said.into_iter()
                .any(|part| part == ACKNOWLEDGED.as_bytes())
                .then_some(Event::Acknowledged)
        }
        // Whoever writes without a position here writes a new file from its beginning to its end.
        "write" => Some(Event::Append { name: opened()?, bytes: texts.into_iter().next()? }),
        "ftruncate" => Some(Event::Truncate { name: opened()?, len: last()? }),
        "fsync" | "fdatasync" => Some(match opened()? {
            name if name.is_empty() => Event::SyncDirectory,
            name => Event::Sync { name },
        }),
        "rename" | "renameat" | "renameat2" => {
            Some(Event::Rename { from: named(0)?, to: named(1)? })
        }
        "unlink" | "unlinkat" => Some(Event::Remove { name: named(0)? }),
        _ => None,
    }
}

/// `\x2f\x74…` as bytes.
fn unescaped(text: &str) -> Vec<u8> {
    let digits = text.split("\\x").skip(1);
    let byte = |digits: &str| u8::from_str_radix(digits.get(..2)?, 16).ok();
    digits.map(|digits| byte(digits).expect("two hex digits")).collect()
}

#[test]
fn calls_that_others_interrupt_are_put_together() {
    let directory = Path::new("/t");
    let traced = "\
7 openat(AT_FDCWD<\\x2f>, \"\\x2f\\x74\\x2f\\x61\", O_RDWR|O_CREAT, 0600) = 3<\\x2f\\x74\\x2f\\x61>
7 pwrite64(3<\\x2f\\x74\\x2f\\x61>, \"\\x00\\xff\", 2, 512 <unfinished ...>
8 write(1<\\x70>, \"\\x61\", 1) = 1
7 <... pwrite64 resumed>) = 2
7 fsync(3<\\x2f\\x74\\x2f\\x61> <unfinished ...>
7 <... fsync resumed>)                 = 0
7 fsync(4<\\x2f\\x74>) = -1 EIO (Input/output error)
7 fsync(4<\\x2f\\x74>) = 0
7 unlink(\"\\x2f\\x74\\x2f\\x61\") = 0
";
    let name = || "a".to_owned();
    assert_eq!(
        events(traced, directory),
        [
            Event::Create { name: name() },
            Event::Write { name: name(), offset: 512, bytes: vec![0, 255] },
            Event::Sync { name: name() },
            Event::SyncDirectory,
            Event::Remove { name: name() },
        ]
    );
}
