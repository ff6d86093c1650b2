//! The clients of the runs, by short names.

use statelock_protocol::lock::steps::ConditionalDelete;
use statelock_protocol::lock::unified::Facet;
use statelock_testkit::explorer::client::{Flavour, Links, Program as Stock, Role, Through};
use statelock_testkit::explorer::promise::Promise;
use statelock_testkit::explorer::search::{Counterexample, Until, explore};
use statelock_testkit::explorer::steps::faults::Fault;
use statelock_testkit::explorer::steps::program::{InDoubt, Ours, Program};
use statelock_testkit::explorer::steps::rules::AsTheyAre;
use statelock_testkit::explorer::steps::run::Run;
use statelock_testkit::explorer::steps::scene::Mode;

pub(crate) const FILE: Program = ours(Mode::Lockfile);
pub(crate) const TABLE: Program = ours(Mode::LockTable);
pub(crate) const DUAL: Program = ours(Mode::Dual);
pub(crate) const FORCE_FILE: Program = Program::ForceSeen(Mode::Lockfile, ENFORCED);
pub(crate) const FORCE_TABLE: Program = Program::ForceSeen(Mode::LockTable, ENFORCED);
pub(crate) const FORCE_DUAL: Program = Program::ForceSeen(Mode::Dual, ENFORCED);
pub(crate) const FORCE_FILE_ID: Program = Program::ForceId(Mode::Lockfile, ENFORCED);
pub(crate) const FORCE_DUAL_ID: Program = Program::ForceId(Mode::Dual, ENFORCED);
pub(crate) const TF_FILE: Program = stock(Stock::Lockfile);
pub(crate) const TF_TABLE: Program = stock(Stock::LockTable(Flavour::Terraform));
pub(crate) const TF_DUAL: Program = stock(Stock::Dual(Flavour::Terraform));
pub(crate) const TOFU_TABLE: Program = stock(Stock::LockTable(Flavour::OpenTofu));
pub(crate) const TOFU_DUAL: Program = stock(Stock::Dual(Flavour::OpenTofu));
pub(crate) const TF_FORCE_FILE: Program = stock(Stock::Force(Through::Lockfile));
pub(crate) const TF_FORCE_TABLE: Program =
    stock(Stock::Force(Through::LockTable(Flavour::Terraform)));
pub(crate) const TOFU_FORCE_TABLE: Program =
    stock(Stock::Force(Through::LockTable(Flavour::OpenTofu)));
pub(crate) const TF_FORCE_DUAL: Program = stock(Stock::Force(Through::Dual(Flavour::Terraform)));
pub(crate) const LOOKS: Program = Program::Looks(Mode::Dual);
pub(crate) const TOFU_FORCE_DUAL: Program = stock(Stock::Force(Through::Dual(Flavour::OpenTofu)));

const ENFORCED: ConditionalDelete = ConditionalDelete::Enforced;

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
        conditional: ENFORCED,
        waits: 0,
        in_doubt: InDoubt::Ends,
        keeps: false,
    })
}

const fn stock(program: Stock) -> Program {
    Program::Stock(Role { program, waits: 0, attempts: 2, links: Links::One })
}

/// The same client, with this knowledge of the store.
pub(crate) const fn knowing(conditional: ConditionalDelete, program: Program) -> Program {
    match program {
        Program::Ours(ours) => Program::Ours(Ours { conditional, ..ours }),
        Program::ForceSeen(mode, _) => Program::ForceSeen(mode, conditional),
        Program::ForceId(mode, _) => Program::ForceId(mode, conditional),
        other @ (Program::Looks(_) | Program::Stock(_)) => other,
    }
}

/// The same client, and it never gives the lock back.
pub(crate) const fn keeping(program: Program) -> Program {
    match program {
        Program::Ours(ours) => Program::Ours(Ours { keeps: true, ..ours }),
        other => other,
    }
}

/// The same client, and it comes once more.
pub(crate) const fn waiting(program: Program) -> Program {
    match program {
        Program::Ours(ours) => {
            Program::Ours(Ours { waits: 1, in_doubt: InDoubt::TriesAgain, ..ours })
        }
        Program::Stock(role) => Program::Stock(Role { waits: 1, ..role }),
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

/// With a lock that stands there before anything happens.
pub(crate) fn with_lock(run: Run, facet: Facet, bytes: &[u8]) -> Run {
    Run { locks: vec![(facet, bytes.to_vec())], ..run }
}

/// The shortest history that breaks one of the promises of a run.
pub(crate) fn shortest_breach(run: &Run) -> Option<Counterexample> {
    explore(run, Until::FirstBreach).breaches.into_values().next()
}
