//! What requests cost: data with a date and a source, and how many requests a run makes.

mod requests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub(crate) use requests::Requests;

/// What is used unless a file says otherwise.
const EMBEDDED: &str = include_str!("prices.json");
/// As AWS bills months.
const HOURS_PER_MONTH: f64 = 730.0;
/// As AWS bills storage.
const BYTES_PER_GB: f64 = 1_073_741_824.0;
/// How many keys a list request gives at most.
const KEYS_PER_LIST: f64 = 1e3;

/// Prices of S3 and DynamoDB, by region.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceList {
    /// Of which day they are, as the list's author writes it.
    pub(crate) as_of: String,
    /// Where they come from.
    pub(crate) source: String,
    /// `USD`.
    pub(crate) currency: String,
    /// Whose prices are used for a region that is not in the list.
    pub(crate) default_region: String,
    /// Prices by region.
    pub(crate) regions: BTreeMap<String, RegionPrices>,
}

/// The prices of a region.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegionPrices {
    /// A GB (2^30 bytes) for a month, in the first tier. No part of what a migration changes, so that a price file
    /// may leave it out.
    #[serde(default)]
    pub(crate) object_storage_per_gb_month: f64,
    /// PUT, COPY, POST and LIST; DELETE is free.
    pub(crate) object_writes_per_1000: f64,
    /// GET and HEAD.
    pub(crate) object_reads_per_1000: f64,
    /// Write request units on demand: one for each write of at most 1 KB.
    pub(crate) table_writes_per_million: f64,
    /// Read request units on demand: one for each consistent read of at most 4 KB.
    pub(crate) table_reads_per_million: f64,
    /// A provisioned write unit.
    pub(crate) provisioned_write_unit_per_hour: f64,
    /// A provisioned read unit.
    pub(crate) provisioned_read_unit_per_hour: f64,
}

/// Why a price file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PriceError {
    /// It cannot be read.
    #[error("could not read the price file `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It is no JSON of the right form.
    #[error("the price file `{}` cannot be used", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// A number that is no price, or a default region without prices.
    #[error("the price file `{}` cannot be used: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl PriceList {
    /// The prices of a file, or those that come with the program.
    ///
    /// # Errors
    /// [`PriceError`]
    pub(crate) fn load(file: Option<&Path>) -> Result<Self, PriceError> {
        let Some(path) = file else { return Self::parse(Path::new("prices.json"), EMBEDDED) };
        let text = std::fs::read_to_string(path)
            .map_err(|source| PriceError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, PriceError> {
        let list: Self = serde_json::from_str(text)
            .map_err(|source| PriceError::Form { path: path.to_owned(), source })?;
        let problem = list.regions.iter().find_map(|(region, prices)| {
            let bad = prices.all().into_iter().find(|price| !price.is_finite() || *price < 0.0)?;
            Some(format!("{bad} in region `{region}` is no price"))
        });
        let lacks_default = || {
            (!list.regions.contains_key(&list.default_region)).then(|| {
                format!("it has no prices of its default region `{}`", list.default_region)
            })
        };
        match problem.or_else(lacks_default) {
            Some(problem) => Err(PriceError::Content { path: path.to_owned(), problem }),
            None => Ok(list),
        }
    }

    /// The prices of a region, and whether they are those of the default region instead.
    pub(crate) fn of(&self, region: Option<&str>) -> (RegionPrices, bool) {
        let known = region.and_then(|region| self.regions.get(region));
        match known.or_else(|| self.regions.get(&self.default_region)) {
            Some(prices) => (*prices, known.is_none()),
            None => (RegionPrices::FREE, true),
        }
    }
}

impl RegionPrices {
    const FREE: Self = Self {
        object_storage_per_gb_month: 0.0,
        object_writes_per_1000: 0.0,
        object_reads_per_1000: 0.0,
        table_writes_per_million: 0.0,
        table_reads_per_million: 0.0,
        provisioned_write_unit_per_hour: 0.0,
        provisioned_read_unit_per_hour: 0.0,
    };

    fn all(&self) -> [f64; 7] {
        [
            self.object_storage_per_gb_month,
            self.object_writes_per_1000,
            self.object_reads_per_1000,
            self.table_writes_per_million,
            self.table_reads_per_million,
            self.provisioned_write_unit_per_hour,
            self.provisioned_read_unit_per_hour,
        ]
    }

    /// Those that come with the program, of its default region: for estimates where the region does not matter.
    pub(crate) fn usual() -> Self {
        PriceList::load(None).map_or(Self::FREE, |list| list.of(None).0)
    }

    /// What it costs to keep so many bytes for a month.
    pub(crate) fn of_storage(&self, size_bytes: u64) -> f64 {
        real(size_bytes) / BYTES_PER_GB * self.object_storage_per_gb_month
    }

    /// What it costs to list so many keys or versions, a thousand with each request.
    pub(crate) fn of_listing(&self, keys: u64) -> f64 {
        real(keys) / (1e3 * KEYS_PER_LIST) * self.object_writes_per_1000
    }

    /// What the requests of so many runs cost. The table is on demand.
    pub(crate) fn of_requests(&self, requests: Requests, runs: u32) -> f64 {
        let objects = f64::from(requests.object_writes) * self.object_writes_per_1000
            + f64::from(requests.object_reads) * self.object_reads_per_1000;
        let table = f64::from(requests.table_writes) * self.table_writes_per_million
            + f64::from(requests.table_reads) * self.table_reads_per_million;
        f64::from(runs) * (objects / 1e3 + table / 1e6)
    }

    /// What a table costs in a month that is provisioned with so many units, used or not.
    pub(crate) fn of_provisioned(&self, write_units: u32, read_units: u32) -> f64 {
        let hourly = f64::from(write_units) * self.provisioned_write_unit_per_hour
            + f64::from(read_units) * self.provisioned_read_unit_per_hour;
        hourly * HOURS_PER_MONTH
    }
}

/// Exact up to 2^32, and then as near as a price needs.
fn real(count: u64) -> f64 {
    let (high, low) = (count >> 32, count & u64::from(u32::MAX));
    let part = |part: u64| f64::from(u32::try_from(part).unwrap_or(u32::MAX));
    part(high) * 4_294_967_296.0 + part(low)
}

/// An amount for people: as many digits as it takes to see something.
pub(crate) fn amount(value: f64, currency: &str) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    let digits = if size == 0.0 || size >= 1.0 {
        format!("{size:.2}")
    } else if size >= 0.0001 {
        format!("{size:.4}")
    } else {
        return format!("{} 0.0001 {currency}", if value < 0.0 { "over -" } else { "under" });
    };
    format!("{sign}{digits} {currency}")
}

#[cfg(test)]
mod tests {
    use super::super::survey::LockPhase;
    use super::*;

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn the_embedded_prices_can_be_used() {
        let list = PriceList::load(None).expect("a list");
        let (prices, is_default) = list.of(Some("us-west-2"));
        assert!(!is_default && near(prices.object_writes_per_1000, 0.005));
        assert!(list.of(Some("mars-north-1")).1 && list.of(None).1);
    }

    #[test]
    fn storage_and_listings_have_their_price() {
        let usual = RegionPrices::usual();
        assert!(near(usual.of_storage(100 << 30), 2.3) && near(usual.of_storage(0), 0.0));
        assert!(near(usual.of_listing(4_000_000), 0.02));
        assert!((real(1 << 40) - 1_099_511_627_776.0).abs() < 1.0);
    }

    #[test]
    fn a_lock_by_lockfile_costs_more_than_one_on_demand_by_table() {
        let (prices, _) = PriceList::load(None).expect("a list").of(None);
        let cost = |phase| prices.of_requests(Requests::per_apply(phase), 1_000_000);
        let alone = cost(LockPhase::Unlocked);
        // 3 writes and 2 reads of the table; 1 PUT and 1 GET of the lockfile.
        assert!(near(cost(LockPhase::LockTable) - alone, 3.0 * 0.625 + 2.0 * 0.125));
        assert!(near(cost(LockPhase::Lockfile) - alone, 5.0 + 0.4));
        assert!(near(cost(LockPhase::Dual) - alone, 2.125 + 5.4));
    }

    #[test]
    fn a_provisioned_table_costs_while_nobody_uses_it() {
        let (prices, _) = PriceList::load(None).expect("a list").of(None);
        assert!(near(prices.of_provisioned(5, 5), 5.0 * (0.00065 + 0.00013) * 730.0));
    }

    #[test]
    fn bad_price_files_are_refused() {
        let refused = |from: &str, to: &str| {
            assert!(EMBEDDED.contains(from), "{from}");
            let error = PriceList::parse(Path::new("P"), &EMBEDDED.replacen(from, to, 1));
            let error = error.expect_err(to);
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            format!("{error}: {}", cause.unwrap_or_default())
        };
        assert!(refused("0.005", "-0.005").contains("-0.005 in region `us-east-1` is no price"));
        assert!(refused("0.005", "\"a\"").contains("line"));
        assert!(refused("\"currency\"", "\"money\"").contains("unknown field `money`"));
        let other = refused("\"default_region\": \"us-east-1\"", "\"default_region\": \"x\"");
        assert!(other.contains("no prices of its default region `x`"), "{other}");
    }

    #[test]
    fn small_amounts_are_not_shown_as_nothing() {
        for (value, shown) in [
            (0.0, "0.00 USD"),
            (2.847, "2.85 USD"),
            (0.00123, "0.0012 USD"),
            (-0.5, "-0.5000 USD"),
            (0.000_001, "under 0.0001 USD"),
        ] {
            assert_eq!(amount(value, "USD"), shown);
        }
    }
}
