//! Who a statement of a resource's policy is about.

use super::decide::Truth;

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

    fn is(&self, name: &str) -> Truth {
        if name == "*"
            || name == self.arn
            || name == self.account
            || self.role.as_deref() == Some(name)
        {
            return Truth::Yes;
        }
        if name
            .strip_suffix(":root")
            .is_some_and(|start| start.ends_with(&format!("::{}", self.account)))
        {
            return Truth::Yes;
        }
        // A role with a path, of which a session's ARN shows only the name.
        let role_name = self.role.as_deref().and_then(|role| role.rsplit_once('/'));
        let ends_so = role_name.is_some_and(|(_, role)| name.ends_with(&format!("/{role}")));
        let has_path = name.contains(&format!("::{}:role/", self.account)) && ends_so;
        if has_path { Truth::Perhaps } else { Truth::No }
    }
}

impl Principal {
    /// Whether it is about a caller, as far as that is known.
    pub(super) fn includes(&self, caller: Option<&Caller>) -> Truth {
        let named = self.aws.iter().map(|name| match caller {
            Some(caller) => caller.is(name),
            None if name == "*" => Truth::Yes,
            None => Truth::Perhaps,
        });
        let others = if self.has_others && caller.is_none() { Truth::Perhaps } else { Truth::No };
        let includes =
            named.max().unwrap_or(Truth::No).max(others).max(Truth::from(self.is_everybody));
        if self.is_negated { includes.not() } else { includes }
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
        let about = |names: &[&str]| aws(names).includes(Some(&caller));
        assert_eq!(about(&["arn:aws:iam::111122223333:role/deploy"]), Truth::Yes);
        assert_eq!(about(&["111122223333"]), Truth::Yes);
        assert_eq!(about(&["arn:aws:iam::111122223333:root"]), Truth::Yes);
        assert_eq!(about(&["arn:aws:iam::111122223333:role/ci/deploy"]), Truth::Perhaps);
        assert_eq!(about(&["arn:aws:iam::111122223333:role/other"]), Truth::No);
        assert_eq!(about(&["arn:aws:iam::444455556666:root", "*"]), Truth::Yes);
        assert_eq!(about(&["arn:aws:iam::444455556666:root"]), Truth::No);
        let not = Principal { is_negated: true, ..aws(&["111122223333"]) };
        assert_eq!(not.includes(Some(&caller)), Truth::No);
    }

    #[test]
    fn of_an_unknown_caller_only_everybody_is_known() {
        assert_eq!(aws(&["*"]).includes(None), Truth::Yes);
        assert_eq!(aws(&["111122223333"]).includes(None), Truth::Perhaps);
        let services = Principal { has_others: true, ..aws(&[]) };
        assert_eq!(services.includes(None), Truth::Perhaps);
        for arn in ["", "arn:aws:s3:::b", "arn:aws:iam::1:user/x", "111122223333"] {
            assert_eq!(Caller::of_arn(arn), None, "{arn}");
        }
    }
}
