//! What policies permit beyond what a role needs, as far as it touches the bucket, the lock table or the key.

use super::grants::{Danger, GRANTS, Grant, Kind};
use super::old_table;
use crate::commands::iam::needs::Need;
use crate::commands::iam::target::Target;
use crate::policy::{
    Answer, Effect, Matched, Named, Pattern, Policy, Request, Statement, Subject, Which, evaluate,
};

/// Something that is permitted and not needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excess {
    pub(super) danger: Danger,
    pub(super) statement: Which,
    /// As the policy writes it.
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) problems: Vec<Problem>,
}

/// What is too much about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It permits this action, which is not needed.
    NotNeeded { action: String, means: &'static str },
    /// The action is needed, and on less.
    WiderResource { action: &'static str, means: &'static str, enough: Vec<String> },
    /// The action is needed, and only with some values of a condition key.
    NotNarrowed { action: &'static str, key: &'static str },
    /// The action is written with wildcards, and permits what comes in the future.
    Wildcard,
    /// It says what it is not about.
    AllBut,
    /// It is, or looks as if it were, about the table by which the state was locked before.
    OldTable { is_named: bool },
}

/// Everything that is, the worst first.
pub(super) fn of(needs: &[Need], target: &Target, policies: &[&Policy]) -> Vec<Excess> {
    let mut found = Vec::new();
    let places = Places::of(target);
    for (policy, document) in policies.iter().enumerate() {
        for (number, statement) in document.statements.iter().enumerate() {
            if statement.effect == Effect::Deny {
                continue;
            }
            let which = Which { policy, statement: number };
            if statement.actions.is_negated || statement.resources.is_negated {
                found.extend(all_but(statement, which, &places));
                continue;
            }
            for action in &statement.actions.patterns {
                for resource in &statement.resources.patterns {
                    let guessed = old_table::guessed(target, statement, resource);
                    let places = guessed.map_or_else(|| places.clone(), |t| places.with(t));
                    let pair =
                        Pair { statement, action, resource, needs, places: &places, policies };
                    found.extend(pair.excess(which));
                }
            }
        }
    }
    found.sort_by_key(|excess| std::cmp::Reverse(excess.danger));
    found
}

/// A statement that permits all but something: nobody needs that.
fn all_but(statement: &Statement, which: Which, places: &Places) -> Option<Excess> {
    let texts = |values: &[Named]| {
        values.iter().map(|named| named.pattern.text().to_owned()).collect::<Vec<_>>().join(", ")
    };
    let (actions, resources) = (&statement.actions, &statement.resources);
    let touches = resources.is_negated
        || resources.patterns.iter().any(|named| places.is_touched(&named.pattern));
    let but = |is_negated: bool| if is_negated { "all but " } else { "" };
    touches.then(|| Excess {
        danger: Danger::High,
        statement: which,
        action: format!("{}{}", but(actions.is_negated), texts(&actions.patterns)),
        resource: format!("{}{}", but(resources.is_negated), texts(&resources.patterns)),
        problems: vec![Problem::AllBut],
    })
}

/// Where actions can be about something of ours.
#[derive(Clone)]
struct Places {
    bucket: Subject,
    objects: Subject,
    table: Option<Subject>,
    /// Whether the table is of no use any more, and whether it was named.
    old_table: Option<Problem>,
    key: Option<Subject>,
}

impl Places {
    fn of(target: &Target) -> Self {
        let objects = target.bucket().then("/").then_any();
        let named = target.old_table();
        let old_table = named.is_some().then_some(Problem::OldTable { is_named: true });
        let table = target.table().or(named);
        Self { bucket: target.bucket(), objects, table, old_table, key: target.key() }
    }

    /// The same, with what may be the old table.
    fn with(&self, table: Subject) -> Self {
        let old_table = Some(Problem::OldTable { is_named: false });
        Self { table: Some(table), old_table, ..self.clone() }
    }

    fn of_kind(&self, kind: Kind) -> Option<&Subject> {
        match kind {
            Kind::Bucket => Some(&self.bucket),
            Kind::Object => Some(&self.objects),
            Kind::Table => self.table.as_ref(),
            Kind::Key => self.key.as_ref(),
        }
    }

    /// Whether something of ours is among what a pattern takes in.
    fn is_touched(&self, pattern: &Pattern) -> bool {
        let kinds = [Kind::Bucket, Kind::Object, Kind::Table, Kind::Key];
        let places = kinds.into_iter().filter_map(|kind| self.of_kind(kind));
        places.into_iter().any(|place| pattern.matches_arn(place) != Matched::None)
    }
}

/// One action of a statement on one resource.
struct Pair<'a> {
    statement: &'a Statement,
    action: &'a Named,
    resource: &'a Named,
    needs: &'a [Need],
    places: &'a Places,
    policies: &'a [&'a Policy],
}

impl Pair<'_> {
    fn excess(&self, which: Which) -> Option<Excess> {
        let pattern = &self.action.pattern;
        let mut found: Vec<(Danger, Problem)> = Vec::new();
        let mut is_known = false;
        let mut of_old_table = None;
        for grant in GRANTS.iter().filter(|grant| pattern.takes_in_action(grant.action)) {
            is_known = true;
            let Some(problem) = self.beyond(grant) else { continue };
            found.push((grant.danger, problem));
            if grant.kind == Kind::Table {
                of_old_table.clone_from(&self.places.old_table);
            }
        }
        found.extend(of_old_table.map(|problem| (Danger::Low, problem)));
        let is_touched = self.places.is_touched(&self.resource.pattern);
        let service = pattern.text().split(':').next().unwrap_or_default();
        let is_ours =
            ["s3", "dynamodb", "kms"].iter().any(|ours| ours.eq_ignore_ascii_case(service));
        if !is_known && is_ours && is_touched {
            let action = pattern.text().to_owned();
            found.push((Danger::Low, Problem::NotNeeded { action, means: "" }));
        } else if is_known
            && is_touched
            && found.is_empty()
            && pattern.is_open()
            && self.is_about_ours()
        {
            found.push((Danger::Low, Problem::Wildcard));
        }
        Some(Excess {
            danger: found.iter().map(|(danger, _)| *danger).max()?,
            statement: which,
            action: pattern.text().to_owned(),
            resource: self.resource.pattern.text().to_owned(),
            problems: found.into_iter().map(|(_, problem)| problem).collect(),
        })
    }

    /// Whether one of its actions can be done to something of ours.
    fn is_about_ours(&self) -> bool {
        let grants =
            GRANTS.iter().filter(|grant| self.action.pattern.takes_in_action(grant.action));
        grants.into_iter().any(|grant| self.reaches(grant))
    }

    /// Whether an action can be done to something of ours by this, and is not denied there.
    fn reaches(&self, grant: &Grant) -> bool {
        let Some(place) = self.places.of_kind(grant.kind) else { return false };
        let pattern = &self.resource.pattern;
        let reached = match pattern.matches_arn(place) {
            Matched::None => return false,
            Matched::Part => pattern.as_subject(),
            Matched::Whole => place.clone(),
        };
        let request = Request::new(grant.action, reached)
            .with("aws:SecureTransport", Subject::exactly("true"));
        !matches!(evaluate(self.policies, &request), Answer::Denied(_))
    }

    /// What is too much about an action that the pattern takes in.
    fn beyond(&self, grant: &Grant) -> Option<Problem> {
        if !self.reaches(grant) {
            return None;
        }
        // All that the statement reaches, and not only what of it is ours.
        let reached = self.resource.pattern.as_subject();
        let (action, means) = (grant.action, grant.means);
        let needed: Vec<_> = self
            .needs
            .iter()
            .filter(|need| need.actions.iter().any(|a| a.name == action))
            .collect();
        if needed.is_empty() {
            return Some(Problem::NotNeeded { action: action.to_owned(), means });
        }
        let covering: Vec<_> =
            needed.iter().filter(|need| takes_in(&need.resources, &reached, true)).collect();
        if covering.is_empty() {
            let mut enough = Vec::new();
            for pattern in needed.iter().flat_map(|need| &need.resources).map(Subject::as_pattern) {
                // Many needs are about the one lock table.
                if !enough.contains(&pattern) {
                    enough.push(pattern);
                }
            }
            return Some(Problem::WiderResource { action, means, enough });
        }
        // Where one need is not narrowed, nothing has to be.
        let narrowings: Option<Vec<_>> =
            covering.iter().map(|need| need.narrowing.as_ref()).collect();
        let narrowings = narrowings?;
        let key = narrowings.first()?.key;
        let values: Vec<_> =
            narrowings.iter().flat_map(|n| &n.values).map(|value| value.is.clone()).collect();
        let is_narrowed = self.statement.conditions.iter().any(|condition| {
            condition.restricts(key)
                && condition
                    .values
                    .iter()
                    .all(|value| takes_in(&values, &value.as_subject(), false))
        });
        (!is_narrowed).then_some(Problem::NotNarrowed { action, key })
    }
}

/// Whether one of these takes in all of another.
fn takes_in(wholes: &[Subject], part: &Subject, is_arn: bool) -> bool {
    wholes.iter().any(|whole| {
        let pattern = Pattern::of_subject(whole);
        let matched = if is_arn { pattern.matches_arn(part) } else { pattern.matches(part) };
        matched == Matched::Whole
    })
}
