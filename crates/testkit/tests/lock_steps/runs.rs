//! The clients of the runs, by short names.

use statelock_protocol::lock::steps::ConditionalDelete;
use statelock_testkit::explorer::promise::Promise;
use statelock_testkit::explorer::steps::faults::Fault;
use statelock_testkit::explorer::steps::party::{InDoubt, Ours, Program};
use statelock_testkit::explorer::steps::rules::AsTheyAre;
use statelock_testkit::explorer::steps::run::Run;
use statelock_testkit::explorer::steps::scene::Mode;

pub(crate) const FILE: Program = ours(Mode::Lockfile);
pub(crate) const TABLE: Program = ours(Mode::LockTable);
pub(crate) const DUAL: Program = ours(Mode::Dual);

/// What the machines promise.
pub(crate) const PROMISES: [Promise; 8] = [
    Promise::Exclusion,
    Promise::HonestSuccess,
    Promise::NoLeak,
    Promise::OwnReleaseOnly,
    Promise::DualMeansBoth,
    Promise::RepeatSafe,
    Promise::Interop,
    Promise::EndsFree,
];

const fn ours(mode: Mode) -> Program {
    Program::Ours(Ours {
        mode,
        conditional: ConditionalDelete::Enforced,
        waits: 0,
        in_doubt: InDoubt::Ends,
        keeps: false,
    })
}

/// The same client, and it comes once more.
pub(crate) const fn waiting(program: Program) -> Program {
    match program {
        Program::Ours(ours) => {
            Program::Ours(Ours { waits: 1, in_doubt: InDoubt::TriesAgain, ..ours })
        }
        other => other,
    }
}

/// The same client, and it releases by its ID when it is in doubt.
pub(crate) const fn tidy(program: Program) -> Program {
    match program {
        Program::Ours(ours) => Program::Ours(Ours { in_doubt: InDoubt::Releases, ..ours }),
        other => other,
    }
}

/// Ours on AWS.
pub(crate) fn run(programs: &[Program], faults: u8) -> Run {
    Run {
        programs: programs.to_vec(),
        rules: &AsTheyAre,
        faults,
        kinds: &Fault::SUFFICIENT,
        store_faults: &[],
        locks: Vec::new(),
        promises: PROMISES.to_vec(),
        judges_stock: false,
        has_window: false,
    }
}
