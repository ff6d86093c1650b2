//! The clients of the runs, by short names.

use statelock_testkit::explorer::client::{Flavour, Links, Program, Role, Through};
use statelock_testkit::explorer::faults::Fault;
use statelock_testkit::explorer::promise::Promise;
use statelock_testkit::explorer::run::Run;
use statelock_testkit::explorer::search::{Counterexample, Until, explore};
use statelock_testkit::explorer::server::LockServer;
use statelock_testkit::explorer::unified_server::UnifiedServer;
use statelock_testkit::explorer::world::Recognised;

pub(crate) const FILE: Role = role(Program::Lockfile);
pub(crate) const TABLE: Role = role(Program::LockTable(Flavour::Terraform));
pub(crate) const TOFU_TABLE: Role = role(Program::LockTable(Flavour::OpenTofu));
pub(crate) const DUAL: Role = role(Program::Dual(Flavour::Terraform));
pub(crate) const TOFU_DUAL: Role = role(Program::Dual(Flavour::OpenTofu));
pub(crate) const HTTP: Role = role(Program::Http);
pub(crate) const FORCE_FILE: Role = role(Program::Force(Through::Lockfile));
pub(crate) const FORCE_TABLE: Role = role(Program::Force(Through::LockTable(Flavour::Terraform)));
pub(crate) const TOFU_FORCE_TABLE: Role =
    role(Program::Force(Through::LockTable(Flavour::OpenTofu)));
pub(crate) const FORCE_DUAL: Role = role(Program::Force(Through::Dual(Flavour::Terraform)));
pub(crate) const FORCE_HTTP: Role = role(Program::Force(Through::Http(Flavour::Terraform)));
pub(crate) const TOFU_FORCE_HTTP: Role = role(Program::Force(Through::Http(Flavour::OpenTofu)));

const fn role(program: Program) -> Role {
    Role { program, waits: 0, attempts: 2, links: Links::One }
}

/// The same client with `-lock-timeout`: it comes once more.
pub(crate) const fn waiting(role: Role) -> Role {
    Role { waits: 1, ..role }
}

/// The same client with other connections.
pub(crate) const fn over(role: Role, links: Links) -> Role {
    Role { links, ..role }
}

/// A run of the unified lock.
pub(crate) fn unified(roles: &[Role], faults: u8) -> Run<UnifiedServer> {
    on(UnifiedServer::default(), roles, faults, &Promise::OF_THE_LOCK)
}

pub(crate) fn on<S: LockServer>(
    server: S,
    roles: &[Role],
    faults: u8,
    promises: &[Promise],
) -> Run<S> {
    Run {
        server,
        roles: roles.to_vec(),
        faults,
        kinds: Fault::SUFFICIENT.to_vec(),
        recognised: Recognised::Apart,
        promises: promises.to_vec(),
    }
}

/// The shortest history that breaks one of the promises of a run.
pub(crate) fn shortest_breach<S: LockServer>(run: &Run<S>) -> Option<Counterexample> {
    explore(run, Until::FirstBreach).breaches.into_values().next()
}
