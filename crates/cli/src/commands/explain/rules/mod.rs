//! Everything that is known, as data. At one place of a text the first rule that matches wins: what is
//! particular stands before what is general.

mod configuration;
mod credentials;
mod digest;
mod forcing;
mod http_backend;
mod lock_requests;
mod locks;
mod other_backends;
mod own_verbs;
mod server;
mod stores;
mod terragrunt;
mod transport;
mod unlocks;
mod workspaces;
mod writes;

use super::rule::Rule;

/// All rules in the order in which they are tried.
pub(super) fn all() -> impl Iterator<Item = &'static Rule> {
    let families: [&'static [Rule]; 22] = [
        server::RULES,
        own_verbs::RULES,
        credentials::BEFORE_LOCKS,
        http_backend::RULES,
        unlocks::RULES,
        forcing::RULES,
        other_backends::RULES,
        locks::RULES,
        lock_requests::RULES,
        digest::RULES,
        writes::RULES,
        credentials::RULES,
        stores::RULES,
        transport::RULES,
        terragrunt::RULES,
        configuration::RULES,
        workspaces::RULES,
        unlocks::OTHERWISE,
        other_backends::OTHERWISE,
        locks::OTHERWISE,
        writes::OTHERWISE,
        credentials::OTHERWISE,
    ];
    families.into_iter().flatten()
}
