//! A disk with a cache: what was not synced may be lost, in whole or in part, when the power fails.
//!
//! A sync of a file makes its bytes durable, and not its name; names are durable once their directory is
//! synced. That is less than file systems give, and all that can be relied on.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use super::trace::Event;

/// What a disk writes as a whole, in bytes.
const SECTOR_BYTES: usize = 512;

/// Which of what was not synced is lost.
#[derive(Clone, Copy, Debug)]
pub(super) enum Loss {
    All,
    Nothing,
    /// Some of it, by this seed: whole writes, and sectors of writes.
    Some(u64),
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { len: usize },
}

#[derive(Clone, Debug, Default)]
struct File {
    durable: Vec<u8>,
    cached: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Naming {
    Named { name: String, file: usize },
    Renamed { from: String, to: String },
    Removed { name: String },
}

type Names = BTreeMap<String, usize>;

/// The disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    files: Vec<File>,
    durable_names: Names,
    cached_names: Vec<Naming>,
}

/// What a disk holds after the power failed: names and bytes.
pub(super) struct Image(BTreeMap<String, Vec<u8>>);

impl Disk {
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Create { name } => {
                if !self.names().contains_key(name) {
                    self.files.push(File::default());
                    let file = self.files.len() - 1;
                    self.cached_names.push(Naming::Named { name: name.clone(), file });
                }
            }
            Event::Write { name, offset, bytes } => {
                let change = Change::Write { offset: *offset, bytes: bytes.clone() };
                self.file(name).cached.push(change);
            }
            Event::Append { name, bytes } => {
                let file = self.file(name);
                let mut whole = file.durable.clone();
                file.cached.iter().for_each(|change| change.apply(&mut whole));
                let change = Change::Write { offset: whole.len(), bytes: bytes.clone() };
                file.cached.push(change);
            }
            Event::Truncate { name, len } => {
                self.file(name).cached.push(Change::Truncate { len: *len });
            }
            Event::Sync { name } => {
                let file = self.file(name);
                for change in std::mem::take(&mut file.cached) {
                    change.apply(&mut file.durable);
                }
            }
            Event::SyncDirectory => {
                self.durable_names = self.names();
                self.cached_names.clear();
            }
            Event::Rename { from, to } => {
                self.cached_names.push(Naming::Renamed { from: from.clone(), to: to.clone() });
            }
            Event::Remove { name } => {
                self.cached_names.push(Naming::Removed { name: name.clone() });
            }
            Event::Acknowledged => {}
        }
    }

    /// What is left if the power fails now.
    pub(super) fn without_power(&self, loss: Loss, moment: usize) -> Image {
        let mut chance = Chance::new(loss, moment);
        // A journal keeps changes of names in order: some first ones are kept.
        let kept = chance.part_of(self.cached_names.len());
        let mut names = self.durable_names.clone();
        self.cached_names.iter().take(kept).for_each(|naming| naming.apply(&mut names));
        let content = |(name, file): (&String, &usize)| {
            let file = &self.files[*file];
            let mut bytes = file.durable.clone();
            for change in &file.cached {
                change.apply_partly(&mut bytes, &mut chance);
            }
            (name.clone(), bytes)
        };
        Image(names.iter().map(content).collect())
    }

    fn names(&self) -> Names {
        let mut names = self.durable_names.clone();
        self.cached_names.iter().for_each(|naming| naming.apply(&mut names));
        names
    }

    fn file(&mut self, name: &str) -> &mut File {
        let file = self.names()[name];
        &mut self.files[file]
    }
}

impl Naming {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Named { name, file } => {
                names.insert(name.clone(), *file);
            }
            Self::Renamed { from, to } => {
                let file = names.remove(from).expect("what is renamed is there");
                names.insert(to.clone(), file);
            }
            Self::Removed { name } => {
                names.remove(name);
            }
        }
    }
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => write(file, *offset, bytes),
            Self::Truncate { len } => file.resize(*len, 0),
        }
    }

    fn apply_partly(&self, file: &mut Vec<u8>, chance: &mut Chance) {
        match self {
            Self::Write { offset, bytes } => {
                let is_torn = chance.is_torn();
                let is_kept = chance.keeps();
                for (sector, piece) in bytes.chunks(SECTOR_BYTES).enumerate() {
                    if if is_torn { chance.keeps() } else { is_kept } {
                        write(file, offset + sector * SECTOR_BYTES, piece);
                    }
                }
            }
            Self::Truncate { .. } => {
                if chance.keeps() {
                    self.apply(file);
                }
            }
        }
    }
}

fn write(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(bytes);
}

impl Image {
    /// Writes it into an empty directory.
    pub(super) fn write(&self, directory: &Path) {
        for (name, bytes) in &self.0 {
            std::fs::write(directory.join(name), bytes).unwrap();
        }
    }

    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        hasher.finish()
    }
}

/// Decides what is kept.
struct Chance {
    loss: Loss,
    state: u64,
}

impl Chance {
    fn new(loss: Loss, moment: usize) -> Self {
        let seed = match loss {
            Loss::All | Loss::Nothing => 0,
            Loss::Some(seed) => seed,
        };
        let moment = u64::try_from(moment).unwrap();
        Self { loss, state: seed << 32 | moment }
    }

    /// `SplitMix64`: neighbouring seeds have nothing in common.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn keeps(&mut self) -> bool {
        match self.loss {
            Loss::All => false,
            Loss::Nothing => true,
            Loss::Some(_) => self.next().is_multiple_of(2),
        }
    }

    fn is_torn(&mut self) -> bool {
        match self.loss {
            Loss::All | Loss::Nothing => false,
            Loss::Some(_) => self.next().is_multiple_of(4),
        }
    }

    fn part_of(&mut self, all: usize) -> usize {
        match self.loss {
            Loss::All => 0,
            Loss::Nothing => all,
            Loss::Some(_) => usize::try_from(self.next()).unwrap() % (all + 1),
        }
    }
}

#[test]
fn only_what_was_synced_survives_for_sure() {
    let name = || "a".to_owned();
    let write = |offset, byte| Event::Write { name: name(), offset, bytes: vec![byte; 600] };
    let mut disk = Disk::default();
    for event in [Event::Create { name: name() }, write(0, 1), Event::Sync { name: name() }] {
        disk.apply(&event);
    }
    assert_eq!(disk.without_power(Loss::All, 0).0, BTreeMap::new(), "the name was not synced");
    disk.apply(&Event::SyncDirectory);
    disk.apply(&write(600, 2));
    let content = |loss| disk.without_power(loss, 0).0[&name()].clone();
    assert_eq!(content(Loss::All), [1; 600]);
    assert_eq!(content(Loss::Nothing), [vec![1; 600], vec![2; 600]].concat());
    let some: std::collections::BTreeSet<_> =
        (0..40).map(|seed| content(Loss::Some(seed))).collect();
    assert!(some.len() >= 4, "nothing, all, and each sector alone: {}", some.len());

    disk.apply(&Event::Remove { name: name() });
    assert_eq!(disk.without_power(Loss::All, 0).0.len(), 1, "the removal was not synced");
}
