//! What policies lack of what a role needs.

use crate::commands::iam::needs::{Ask, Need};
use crate::policy::{Answer, Caller, Dependence, Effect, Policy, Which, evaluate};

/// What was found of all asks.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    /// How many permissions are needed.
    pub(super) asked: usize,
    pub(super) lacks: Vec<Lack>,
    pub(super) depends: Vec<Depending>,
}

/// A permission that is lacking.
#[derive(Debug)]
pub(super) struct Lack {
    pub(super) ask: Ask,
    pub(super) why: Why,
}

/// Why it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// No statement allows it.
    NotAllowed,
    /// These statements allow it for some of what is needed, and not for all.
    AllowedInPart(Vec<Which>),
    /// This statement denies it.
    Denied(Which),
    /// These statements deny it for some of what is needed.
    DeniedInPart(Vec<Which>),
}

/// A permission that hangs on something.
#[derive(Debug)]
pub(super) struct Depending {
    pub(super) ask: Ask,
    pub(super) on: Vec<Dependence>,
}

/// Asks the policies about every need.
pub(super) fn judge(needs: &[Need], policies: &[&Policy], caller: Option<&Caller>) -> Judgement {
    let mut judgement = Judgement::default();
    for ask in needs.iter().flat_map(Need::asks) {
        judgement.asked += 1;
        let why = match evaluate(policies, &ask.request.clone().by(caller.cloned())) {
            Answer::Allowed => continue,
            Answer::NotAllowed => Why::NotAllowed,
            Answer::Denied(which) => Why::Denied(which),
            Answer::Depends(on) => {
                if let Some(why) = in_part(&on) {
                    why
                } else {
                    judgement.depends.push(Depending { ask, on });
                    continue;
                }
            }
        };
        judgement.lacks.push(Lack { ask, why });
    }
    judgement
}

/// Whether it is certain that some of what is needed is not permitted.
fn in_part(on: &[Dependence]) -> Option<Why> {
    let statements = |effect: Effect| {
        let mut statements: Vec<_> =
            on.iter().filter(|d| d.effect == effect).map(|d| d.statement).collect();
        statements.dedup();
        statements
    };
    let causes = |which: Which| on.iter().filter(move |d| d.statement == which).map(|d| &d.cause);
    // A denial is certain for a part if nothing else has to be so.
    let mut denying = statements(Effect::Deny);
    denying.retain(|which| causes(*which).all(crate::policy::Cause::is_part));
    if !denying.is_empty() {
        return Some(Why::DeniedInPart(denying));
    }
    // A permission is certainly not for all if it is for a part at best, whatever else has to be so.
    let allowing = statements(Effect::Allow);
    let is_part = allowing.iter().all(|which| causes(*which).any(crate::policy::Cause::is_part));
    (is_part && !allowing.is_empty()).then_some(Why::AllowedInPart(allowing))
}
