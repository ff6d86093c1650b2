//! In which order to move.

use super::super::survey::{LockPhase, Survey, Unit};

/// A step, and the units it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// What to do.
    pub(crate) title: String,
    /// With which command, if there is one.
    pub(crate) command: Option<&'static str>,
    /// The names of the units.
    pub(crate) units: Vec<String>,
}

/// What follows each change of files.
const MERGE: &str = "Merge that, and run `init -reconfigure` wherever else these modules are used: in CI, and by everybody";

/// The steps that are left. Tables with few users come first: they show what is wrong at the least cost.
pub(super) fn of(survey: &Survey) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut add = |title: String, command, units: Vec<String>| {
        if !units.is_empty() {
            steps.push(Step { title, command, units });
        }
    };
    let named = |filter: &dyn Fn(&Unit) -> bool| -> Vec<String> {
        survey.units.iter().filter(|unit| filter(unit)).map(|unit| unit.name.clone()).collect()
    };
    add("Settle what blocks".to_owned(), None, named(&|unit| unit.is_blocked()));
    add(
        "Lock what nobody locks: set `use_lockfile = true`".to_owned(),
        Some(
            "statelock migrate apply DIR --phase s3 --include-unlocked --only MODULE --yes --init",
        ),
        named(&|unit| unit.phase == Some(LockPhase::Unlocked)),
    );
    let to_dual = "statelock migrate apply DIR --phase dual --yes --init";
    let mut tables = survey.tables();
    tables.sort_by_key(|table| table.units.len());
    for table in &tables {
        let units = table.units.iter().filter(|unit| unit.phase == Some(LockPhase::LockTable));
        let of_table: Vec<_> = units.map(|unit| unit.name.clone()).collect();
        let title = format!("Take both locks: all that name the table {}", table.identity);
        add(title, Some(to_dual), of_table);
    }
    add(
        "Take both locks: those whose table is not known".to_owned(),
        Some(to_dual),
        named(&|unit| unit.phase == Some(LockPhase::LockTable) && unit.table.is_none()),
    );
    add(MERGE.to_owned(), None, named(&|unit| unit.phase == Some(LockPhase::LockTable)));
    let with_table = named(&|unit| unit.phase.is_some_and(LockPhase::has_table));
    add(
        "Prove that both are taken, and wait until every client runs the new configuration"
            .to_owned(),
        Some("statelock migrate verify DIR"),
        with_table.clone(),
    );
    add(
        "Leave the lock table out".to_owned(),
        Some("statelock migrate apply DIR --phase s3 --yes --init"),
        with_table.clone(),
    );
    add(MERGE.to_owned(), None, with_table.clone());
    add(
        "Remove what is left in the tables, and retire them".to_owned(),
        Some("statelock migrate finish DIR --yes"),
        with_table,
    );
    steps
}
