//! Who a statement of a resource's policy is about.

use super::decide::{Cause, Truth};
use super::document::Effect;

/// `Principal` or `NotPrincipal`.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    /// `NotPrincipal`.
    pub(super) is_negated: bool,
    /// `"*"`, as against a list of kinds.
    pub(super) is_everybody: bool,
    /// Names of `AWS`: ARNs, account IDs, or `*`.
    pub(super) aws: Vec<String>,
    /// Whether other kinds are named: services, federated users, canonical users.
    pub(super) has_others: bool,
}

/// Who sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    arn: String,
    account: String,
    /// The role of a session, as its own ARN.
    role: Option<String>,
}

impl Caller {
    /// Reads the ARN of a user, a role or a session of a role (as `GetCallerIdentity` answers); `None` if it
    /// is none.
    pub(crate) fn of_arn(arn: &str) -> Option<Self> {
        let mut sections = arn.splitn(6, ':');
        let (start, partition, service) = (sections.next()?, sections.next()?, sections.next()?);
        let (_, account, name) = (sections.next()?, sections.next()?, sections.next()?);
        let is_right = start == "arn"
            && ["iam", "sts"].contains(&service)
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && !name.is_empty();
        let session = name.strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/'));
        // The path of the role is not in the ARN of a session.
        let role = session.map(|(role, _)| format!("arn:{partition}:iam::{account}:role/{role}"));
        is_right.then(|| Self { arn: arn.to_owned(), account: account.to_owned(), role })
    }

    /// Whether a name is its own, or that of its role.
    fn is(&self, name: &str) -> Truth {
        let is_root = self.is_root() && self.is_in(name);
        if is_root || name == self.arn || self.role.as_deref() == Some(name) {
            return Truth::Yes;
        }
        self.role.as_deref().map_or(Truth::No, |role| self.may_be_role(role, name))
    }

    /// Whether a name is that of a role with a path, of which a session's ARN shows only the name.
    fn may_be_role(&self, role: &str, name: &str) -> Truth {
        let role_name = role.rsplit_once('/').map_or(role, |(_, role_name)| role_name);
        let has_path = name.contains(&format!("::{}:role/", self.account));
        let may_be = has_path && name.ends_with(&format!("/{role_name}"));
        if may_be { Truth::Perhaps } else { Truth::No }
    }

    /// Whether a name is that of its account.
    fn is_in(&self, name: &str) -> bool {
        let root = name.strip_suffix(":root");
        name == self.account
            || root.is_some_and(|start| start.ends_with(&format!("::{}", self.account)))
    }

    fn is_root(&self) -> bool {
        self.arn.ends_with(":root")
    }

    /// Whether it is a role, whose requests are sent by sessions that are not known.
    fn has_unknown_session(&self) -> bool {
        self.arn.contains(":role/")
    }
}

impl Principal {
    /// Whether a statement with this effect is about a caller, as far as that is known, and what it hangs on.
    pub(super) fn includes(
        &self,
        caller: Option<&Caller>,
        effect: Effect,
    ) -> (Truth, Option<Cause>) {
        let because =
            |truth: Truth, cause: Cause| (truth, (truth == Truth::Perhaps).then_some(cause));
        if self.is_everybody || self.aws.iter().any(|name| name == "*") {
            return (Truth::from(!self.is_negated), None);
        }
        let Some(caller) = caller else {
            let is_anybody = !self.aws.is_empty() || self.has_others;
            let truth = if is_anybody { Truth::Perhaps } else { Truth::from(self.is_negated) };
            return because(truth, Cause::Principal);
        };
        if self.is_negated {
            return because(self.names_all_of(caller).not(), Cause::Principal);
        }
        let named = self.aws.iter().map(|name| caller.is(name)).max().unwrap_or(Truth::No);
        let names_account = self.aws.iter().any(|name| caller.is_in(name));
        match (named, effect) {
            (Truth::No | Truth::Perhaps, Effect::Deny) if names_account => (Truth::Yes, None),
            // To whom in it the account passes this on is said by policies of its own.
            (Truth::No | Truth::Perhaps, Effect::Allow) if names_account => {
                because(Truth::Perhaps, Cause::Delegation)
            }
            (named, Effect::Allow | Effect::Deny) => because(named, Cause::Principal),
        }
    }

    /// Whether it names a caller in every way that a `NotPrincipal` has to: a session, its role and its account;
    /// a part of that leaves out the caller only perhaps.
    fn names_all_of(&self, caller: &Caller) -> Truth {
        let named = |wanted: &str| self.aws.iter().any(|name| name == wanted);
        let has_account = self.aws.iter().any(|name| caller.is_in(name));
        let has_role = caller.role.as_deref().is_none_or(named);
        let has_itself = named(&caller.arn) || (caller.is_root() && has_account);
        if has_account && has_role && has_itself && !caller.has_unknown_session() {
            return Truth::Yes;
        }
        let is_named = self.aws.iter().any(|name| caller.is(name) != Truth::No);
        if is_named || has_account { Truth::Perhaps } else { Truth::No }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aws(names: &[&str]) -> Principal {
        let aws = names.iter().map(|name| (*name).to_owned()).collect();
        Principal { is_negated: false, is_everybody: false, aws, has_others: false }
    }

    #[test]
    fn a_session_is_its_role_and_its_account() {
        let caller = Caller::of_arn("arn:aws:sts::111122223333:assumed-role/deploy/ci").unwrap();
        let about = |names: &[&str]| aws(names).includes(Some(&caller), Effect::Deny).0;
        assert_eq!(about(&["arn:aws:iam::111122223333:role/deploy"]), Truth::Yes);
        assert_eq!(about(&["111122223333"]), Truth::Yes);
        assert_eq!(about(&["arn:aws:iam::111122223333:root"]), Truth::Yes);
        assert_eq!(about(&["arn:aws:iam::111122223333:role/ci/deploy"]), Truth::Perhaps);
        assert_eq!(about(&["arn:aws:iam::111122223333:role/other"]), Truth::No);
        assert_eq!(about(&["arn:aws:iam::444455556666:root", "*"]), Truth::Yes);
        assert_eq!(about(&["arn:aws:iam::444455556666:root"]), Truth::No);
        let allowed = |names: &[&str]| aws(names).includes(Some(&caller), Effect::Allow).0;
        assert_eq!(allowed(&["arn:aws:iam::111122223333:role/deploy"]), Truth::Yes);
        assert_eq!(allowed(&["111122223333"]), Truth::Perhaps);
        assert_eq!(allowed(&["arn:aws:iam::111122223333:root"]), Truth::Perhaps);
        assert_eq!(allowed(&["arn:aws:iam::111122223333:root", "*"]), Truth::Yes);
        assert_eq!(allowed(&["arn:aws:iam::444455556666:root"]), Truth::No);
    }

    #[test]
    fn all_names_of_a_caller_have_to_be_left_out() {
        let session = "arn:aws:sts::111122223333:assumed-role/deploy/ci";
        let role = "arn:aws:iam::111122223333:role/deploy";
        let root = "arn:aws:iam::111122223333:root";
        let user = "arn:aws:iam::111122223333:user/ann";
        let other = "arn:aws:iam::444455556666:root";
        for (who, names, expected) in [
            (session, &[session, role, root][..], Truth::No),
            (session, &[session, role, "111122223333"], Truth::No),
            (session, &["*"], Truth::No),
            (session, &[role], Truth::Perhaps),
            (session, &[role, root], Truth::Perhaps),
            (session, &[session, role], Truth::Perhaps),
            (session, &[session, "arn:aws:iam::111122223333:role/a/deploy", root], Truth::Perhaps),
            (session, &[root], Truth::Perhaps),
            (session, &[other, user], Truth::Yes),
            // Of a role alone the name of its session is not known.
            (role, &[role, root], Truth::Perhaps),
            (user, &[user, root], Truth::No),
            (user, &[user], Truth::Perhaps),
            (user, &[role], Truth::Yes),
            (root, &["111122223333"], Truth::No),
        ] {
            let not = Principal { is_negated: true, ..aws(names) };
            let caller = Caller::of_arn(who);
            for effect in [Effect::Allow, Effect::Deny] {
                let includes = not.includes(caller.as_ref(), effect).0;
                assert_eq!(includes, expected, "{who} {names:?}");
            }
        }
    }

    #[test]
    fn of_an_unknown_caller_only_everybody_is_known() {
        let includes = |principal: Principal| principal.includes(None, Effect::Deny).0;
        assert_eq!(includes(aws(&["*"])), Truth::Yes);
        assert_eq!(includes(aws(&["111122223333"])), Truth::Perhaps);
        assert_eq!(includes(Principal { has_others: true, ..aws(&[]) }), Truth::Perhaps);
        for arn in ["", "arn:aws:s3:::b", "arn:aws:iam::1:user/x", "111122223333"] {
            assert_eq!(Caller::of_arn(arn), None, "{arn}");
        }
    }
}
