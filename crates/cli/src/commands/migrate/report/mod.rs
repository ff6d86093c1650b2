//! What a survey means for whoever decides: what moves, what it changes, and in which order.

mod html;
mod json;
mod order;
mod permissions;
mod questions;
mod text;

use std::collections::BTreeMap;

pub(crate) use html::page;
pub(crate) use json::document;
pub(crate) use permissions::Permission;
pub(crate) use text::text;

use super::prices::{PriceList, Requests};
use super::scan::Online;
use super::survey::{LockPhase, SharedTable, Survey, Unit};

/// A survey with all that follows from it.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) survey: &'a Survey,
    pub(crate) prices: &'a PriceList,
    /// How often each unit is applied.
    pub(crate) runs_per_month: u32,
    /// What the stores said, if they were asked.
    pub(crate) online: Option<&'a Online>,
    /// What the move means for each unit, in their order.
    pub(crate) moves: Vec<Move>,
    /// The lock tables.
    pub(crate) tables: Vec<TableReport<'a>>,
    /// What to do, in order.
    pub(crate) order: Vec<order::Step>,
}

/// What the move to a lockfile means for a unit.
#[derive(Debug)]
pub(crate) struct Move {
    /// Permissions that its clients need besides those they have.
    pub(crate) gained: Vec<Permission>,
    /// Permissions that they need no more.
    pub(crate) lost: Vec<Permission>,
    /// Requests of an apply now; `None` if it is not known how the unit locks.
    pub(crate) before: Option<Requests>,
    /// Requests of an apply then.
    pub(crate) after: Requests,
    /// What the requests of a month cost now.
    pub(crate) cost_before: Option<f64>,
    /// What they cost then.
    pub(crate) cost_after: f64,
    /// Whether the prices are those of the list's default region.
    pub(crate) is_default_region: bool,
}

/// A lock table.
#[derive(Debug)]
pub(crate) struct TableReport<'a> {
    pub(crate) shared: SharedTable<'a>,
    /// What a month of the table costs apart from requests, if the store said that it is provisioned.
    pub(crate) provisioned_cost: Option<f64>,
}

impl<'a> Report<'a> {
    /// Works it out.
    pub(crate) fn of(
        survey: &'a Survey,
        prices: &'a PriceList,
        runs_per_month: u32,
        online: Option<&'a Online>,
    ) -> Self {
        let moves = survey.units.iter().map(|unit| move_of(unit, prices, runs_per_month)).collect();
        let report_of = |shared: SharedTable<'a>| {
            let units = online.and_then(|online| online.provisioned(&shared.identity));
            let prices = prices.of(shared.identity.region.as_deref()).0;
            let provisioned_cost = units.map(|(write, read)| prices.of_provisioned(write, read));
            TableReport { shared, provisioned_cost }
        };
        let tables: Vec<_> = survey.tables().into_iter().map(report_of).collect();
        let order = order::of(survey);
        Self { survey, prices, runs_per_month, online, moves, tables, order }
    }

    /// How many units are in each phase; `None` stands for those of which it is not known.
    pub(crate) fn phases(&self) -> BTreeMap<Option<LockPhase>, usize> {
        let mut counts = BTreeMap::new();
        for unit in &self.survey.units {
            *counts.entry(unit.phase).or_insert(0) += 1;
        }
        counts
    }

    /// How many units something keeps from being moved.
    pub(crate) fn blocked(&self) -> usize {
        self.survey.units.iter().filter(|unit| unit.is_blocked()).count()
    }

    /// How many directories have an `s3` backend.
    pub(crate) fn root_modules(&self) -> usize {
        let mut directories: Vec<_> =
            self.survey.units.iter().map(|unit| &unit.directory).collect();
        directories.sort();
        directories.dedup();
        directories.len()
    }

    /// What the requests of all units cost in a month: now, as far as it is known, and then.
    pub(crate) fn costs(&self) -> (f64, f64) {
        let known = || self.moves.iter().filter_map(|one| Some((one.cost_before?, one.cost_after)));
        (known().map(|(before, _)| before).sum(), known().map(|(_, after)| after).sum())
    }

    /// What is assumed where amounts are shown, in sentences.
    pub(crate) fn assumptions(&self) -> Vec<String> {
        let prices = self.prices;
        let mut said = vec![
            format!(
                "each backend is applied {} times a month, each time with one state of at most 5 MiB and nobody \
                 waiting for a lock (--runs-per-month)",
                self.runs_per_month
            ),
            format!("prices of {}: {} (--price-file)", prices.as_of, prices.source),
            "lock tables are on demand where it is not said that they are provisioned; a provisioned table is paid \
             for whether it is used or not"
                .to_owned(),
        ];
        let strangers = self.moves.iter().filter(|one| one.is_default_region).count();
        if strangers > 0 {
            said.push(format!(
                "for {strangers} of the backends the region is not known or not in the price list: prices of {} are used",
                prices.default_region
            ));
        }
        said
    }

    /// What nobody can see in files, as questions to those who know.
    pub(crate) fn questions(&self) -> Vec<&'static str> {
        questions::of(self)
    }
}

fn move_of(unit: &Unit, prices: &PriceList, runs: u32) -> Move {
    let (prices, is_default_region) = prices.of(unit.region.as_deref());
    let after = Requests::per_apply(LockPhase::Lockfile);
    let before = unit.phase.map(Requests::per_apply);
    Move {
        gained: permissions::gained(unit),
        lost: permissions::lost(unit),
        cost_before: before.map(|requests| prices.of_requests(requests, runs)),
        cost_after: prices.of_requests(after, runs),
        before,
        after,
        is_default_region,
    }
}
