//! What a policy is about: bucket, states, locks, table and key, by their names.

use statelock_client::protocol::lock::steps::LockMode;
use statelock_client::protocol::store::TableName;
use statelock_client::{BackendSettings, Encryption, ObjectSettings};
use statelock_protocol::state::{StateAddress, WorkspaceName};

use super::IamError;
use super::options::{Client, Mode, NeedArgs, Role, Workspaces};
use crate::policy::{Effect, Matched, Pattern, Policy, Subject, partition_of_region};

/// Stands for a name of any workspace until it is replaced by an open part.
const ANY_WORKSPACE: &str = "statelock-any-workspace";
/// How an account, a region or an ID is called in a policy if it is not known.
const OPEN: &str = "*";

/// What the needs of a role are about.
#[derive(Clone, Debug)]
pub(super) struct Target {
    address: StateAddress,
    pub(super) mode: LockMode,
    pub(super) objects: ObjectSettings,
    pub(super) client: Client,
    pub(super) no_lock: bool,
    workspaces: Workspaces,
    old_table: OldTable,
    partition: String,
    table_place: Place,
    key_place: Place,
    /// ARN or ID.
    key: Option<String>,
}

/// The table by which a state was locked that is locked by lockfile alone now.
#[derive(Clone, Debug)]
enum OldTable {
    /// There is a lock table still; or a migration, which empties the old one.
    InUse,
    Named(TableName),
    /// If there was one, its name is not known.
    Nameless,
}

/// Where a table or key is, as far as that is known.
#[derive(Clone, Debug)]
struct Place {
    region: Option<String>,
    account: Option<String>,
}

impl Place {
    /// With what statements that allow something on this ARN say of it.
    fn settled(&self, arn: Option<&Subject>, policies: &[&Policy]) -> Self {
        let statements = policies.iter().flat_map(|policy| &policy.statements);
        let allowing = statements.filter(|s| s.effect == Effect::Allow && !s.resources.is_negated);
        let patterns = allowing.flat_map(|s| &s.resources.patterns).map(|named| &named.pattern);
        let is_about =
            |pattern: &&Pattern| arn.is_some_and(|arn| pattern.matches_arn(arn) != Matched::None);
        let arns: Vec<Vec<&str>> =
            patterns.filter(is_about).map(|p| p.text().splitn(6, ':').collect()).collect();
        let first = |section: usize, otherwise: &str| {
            let mut values = arns.iter().filter_map(|sections| sections.get(section));
            let is_closed = |value: &&&str| !value.is_empty() && !value.contains(['*', '?', '$']);
            values.find(is_closed).map_or(otherwise, |value| *value).to_owned()
        };
        Self {
            region: self.region.clone().or_else(|| Some(first(3, "any-region"))),
            account: self.account.clone().or_else(|| Some(first(4, "000000000000"))),
        }
    }
}

impl Target {
    /// Brings together the backend and the options.
    pub(super) fn of(args: &NeedArgs, address: Option<&str>) -> Result<Self, IamError> {
        // A mode that is named here need not be the configured one: a policy may be for what comes next.
        let (backend, table) = match args.mode {
            Some(_) => (args.backend.without_mode(), args.backend.table()),
            None => (args.backend.clone(), None),
        };
        let resolved = backend.resolve(address)?;
        let BackendSettings { address, mode, stores, objects } = resolved.settings;
        let (mode, old_table) = match args.mode {
            Some(wanted) => {
                let table = table.or_else(|| mode.table().cloned());
                (mode_of(wanted, table.clone())?, table)
            }
            None => (mode, None),
        };
        if args.no_lock && args.role().is_some_and(|role| role != Role::Plan) {
            return Err(IamError::NoLock(args.role().map_or("", Role::name)));
        }
        let region = stores.region.or_else(region_of_environment);
        let key = match (&args.kms_key, &objects.encryption) {
            (Some(key), _) | (None, Encryption::Kms(key) | Encryption::KmsDualLayer(key)) => {
                Some(key.clone())
            }
            (None, Encryption::Bucket | Encryption::Store | Encryption::Customer(_)) => None,
        };
        check_account(args.account.as_deref())?;
        check_key(key.as_deref())?;
        let named_table = mode.table().or(old_table.as_ref());
        let table_arn = named_table.map(TableName::as_str).filter(|name| name.starts_with("arn:"));
        let key_arn = key.as_deref().filter(|key| key.starts_with("arn:"));
        let partition = partition_of(table_arn.or(key_arn), region.as_deref());
        let place = Place { region, account: args.account.clone() };
        Ok(Self {
            address,
            objects,
            client: args.client,
            no_lock: args.no_lock,
            workspaces: args.workspaces.clone(),
            old_table: old_table_of(args.role(), &mode, old_table),
            mode,
            partition,
            table_place: place.clone(),
            key_place: place,
            key,
        })
    }

    /// For people.
    pub(super) fn shown(&self) -> String {
        format!("s3://{}/{}", self.address.bucket(), self.address.state_key().as_str())
    }

    /// What is left open for want of a name.
    pub(super) fn notes(&self) -> Vec<String> {
        let table_is_open =
            self.mode.table().is_some_and(|table| !table.as_str().starts_with("arn:"));
        let key_is_open = self.key.as_deref().is_some_and(|key| !key.starts_with("arn:"));
        if !table_is_open && !key_is_open {
            return Vec::new();
        }
        let what = match (table_is_open, key_is_open) {
            (true, true) => "the lock table and the KMS key",
            (true, false) => "the lock table",
            (false, _) => "the KMS key",
        };
        let Place { region, account } = &self.table_place;
        let open = [(account.is_none(), "--account"), (region.is_none(), "--region")];
        let open: Vec<_> =
            open.into_iter().filter(|(is_open, _)| *is_open).map(|(_, flag)| flag).collect();
        let note =
            format!("the ARN of {what} is partly open (`*`); close it with {}", open.join(" and "));
        if open.is_empty() { Vec::new() } else { vec![note] }
    }

    /// As it is before policies that name the account and the region: those that they name for the table and
    /// for the key, else names that nobody has, so that only a pattern that is open there takes them in.
    pub(super) fn settled(&self, policies: &[&Policy]) -> Self {
        let mut settled = self.clone();
        settled.table_place = self.table_place.settled(self.table().as_ref(), policies);
        settled.key_place = self.key_place.settled(self.key().as_ref(), policies);
        settled
    }

    /// That other states are reached too, where workspaces are not named.
    pub(super) fn reach_note(&self) -> Option<String> {
        let [reached] = <[Subject; 1]>::try_from(self.workspace_states()).ok()?;
        let reached = reached.is_open().then(|| reached.shown())?;
        let key = self.address.state_key().as_str();
        let has_prefix = !self.address.workspace_key_prefix().as_str().is_empty();
        let what = if has_prefix { "the workspaces" } else { "the states and workspaces" };
        let any = self.key_in(WorkspaceName::parse(ANY_WORKSPACE).ok());
        let example = any.replacen(ANY_WORKSPACE, "dev/other", 1);
        Some(format!(
            "`{reached}` also takes in {what} of keys that end in `/{key}`, as `{example}`: in a policy `*` \
             spans `/`. Where the bucket has such keys, name the --workspaces"
        ))
    }

    /// The bucket's ARN.
    pub(super) fn bucket(&self) -> Subject {
        Subject::exactly(&format!("arn:{}:s3:::{}", self.partition, self.address.bucket()))
    }

    /// The ARN of objects.
    pub(super) fn objects_at(&self, keys: &[Subject]) -> Vec<Subject> {
        keys.iter().map(|key| self.bucket().then("/").then_all(key)).collect()
    }

    /// The lock table's ARN.
    pub(super) fn table(&self) -> Option<Subject> {
        Some(self.arn_of_table(self.mode.table()?))
    }

    /// The ARN of the table by which the state was locked, if its name is known and it is of no use any more.
    pub(super) fn old_table(&self) -> Option<Subject> {
        match &self.old_table {
            OldTable::Named(name) => Some(self.arn_of_table(name)),
            OldTable::InUse | OldTable::Nameless => None,
        }
    }

    /// Whether there may be such a table, and nobody says its name.
    pub(super) fn has_nameless_old_table(&self) -> bool {
        match &self.old_table {
            OldTable::Nameless => true,
            OldTable::InUse | OldTable::Named(_) => false,
        }
    }

    fn arn_of_table(&self, table: &TableName) -> Subject {
        let name = table.as_str();
        if name.starts_with("arn:") {
            return Subject::exactly(name);
        }
        self.regional("dynamodb", &self.table_place).then(&format!("table/{name}"))
    }

    /// The key's ARN.
    pub(super) fn key(&self) -> Option<Subject> {
        let key = self.key.as_deref()?;
        if key.starts_with("arn:") {
            return Some(Subject::exactly(key));
        }
        Some(self.regional("kms", &self.key_place).then(&format!("key/{key}")))
    }

    fn regional(&self, service: &str, place: &Place) -> Subject {
        let start = Subject::exactly(&format!("arn:{}:{service}:", self.partition));
        let section = |subject: Subject, value: Option<&String>| match value {
            Some(value) if value != OPEN => subject.then(value),
            Some(_) | None => subject.then_any(),
        };
        let with_region = section(start, place.region.as_ref()).then(":");
        section(with_region, place.account.as_ref()).then(":")
    }

    /// With which prefix workspaces are listed.
    pub(super) fn listing_prefix(&self) -> Subject {
        let prefix = self.address.workspace_key_prefix().as_str();
        let slash = if prefix.is_empty() { "" } else { "/" };
        Subject::exactly(prefix).then(slash)
    }

    /// The keys of the states of named workspaces.
    pub(super) fn workspace_states(&self) -> Vec<Subject> {
        match &self.workspaces {
            Workspaces::All => {
                let key = self.key_in(WorkspaceName::parse(ANY_WORKSPACE).ok());
                let (before, after) = key.split_once(ANY_WORKSPACE).unwrap_or((&key, ""));
                vec![Subject::exactly(before).then_any().then(after)]
            }
            Workspaces::None => Vec::new(),
            Workspaces::Named(names) => {
                let others = names.iter().filter(|name| !name.is_default());
                others.map(|name| Subject::exactly(&self.key_in(Some(name.clone())))).collect()
            }
        }
    }

    /// The keys of all states.
    pub(super) fn states(&self) -> Vec<Subject> {
        let has_default = match &self.workspaces {
            Workspaces::All | Workspaces::None => true,
            Workspaces::Named(names) => names.iter().any(WorkspaceName::is_default),
        };
        let default = has_default.then(|| Subject::exactly(self.address.state_key().as_str()));
        default.into_iter().chain(self.workspace_states()).collect()
    }

    /// The keys of states that are made for a proof, and of which only the locks are ever stored.
    pub(super) fn throwaways(&self) -> Vec<Subject> {
        let beside = |state: &Subject| {
            let directory = state.before_last('/').map(|directory| directory.then("/"));
            directory.unwrap_or_else(|| Subject::exactly("")).then(".statelock-").then_any()
        };
        self.states().iter().map(beside).collect()
    }

    /// The items of these states' locks.
    pub(super) fn lock_items(&self, states: &[Subject]) -> Vec<Subject> {
        let bucket = Subject::exactly(self.address.bucket().as_str()).then("/");
        states.iter().map(|state| bucket.clone().then_all(state)).collect()
    }

    fn key_in(&self, workspace: Option<WorkspaceName>) -> String {
        let prefix = self.address.workspace_key_prefix().clone();
        let address =
            StateAddress::new(self.address.bucket().clone(), self.address.state_key().clone());
        let address = address.in_workspace(workspace.unwrap_or_default(), prefix);
        address.object_key().as_str().to_owned()
    }
}

fn old_table_of(role: Option<Role>, mode: &LockMode, named: Option<TableName>) -> OldTable {
    match (mode, named) {
        (LockMode::LockTable(_) | LockMode::Dual(_), _) => OldTable::InUse,
        (LockMode::Lockfile, _) if role == Some(Role::Migrate) => OldTable::InUse,
        (LockMode::Lockfile, Some(name)) => OldTable::Named(name),
        (LockMode::Lockfile, None) => OldTable::Nameless,
    }
}

fn mode_of(mode: Mode, table: Option<TableName>) -> Result<LockMode, IamError> {
    match (mode, table) {
        (Mode::Lockfile, _) => Ok(LockMode::Lockfile),
        (Mode::LockTable, Some(table)) => Ok(LockMode::LockTable(table)),
        (Mode::Dual, Some(table)) => Ok(LockMode::Dual(table)),
        (Mode::LockTable, None) => Err(IamError::NoTable("lock_table")),
        (Mode::Dual, None) => Err(IamError::NoTable("dual")),
    }
}

fn region_of_environment() -> Option<String> {
    let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    variables.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

fn check_account(account: Option<&str>) -> Result<(), IamError> {
    let Some(account) = account else { return Ok(()) };
    if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(IamError::Value {
        value: account.to_owned(),
        problem: "no account ID",
        hint: "an account ID has 12 digits; `aws sts get-caller-identity` shows it",
    })
}

fn check_key(key: Option<&str>) -> Result<(), IamError> {
    let Some(key) = key else { return Ok(()) };
    let is_alias = key.starts_with("alias/") || key.contains(":alias/");
    let is_arn = key.starts_with("arn:");
    let is_key_arn = is_arn && key.split(':').nth(2) == Some("kms") && key.contains(":key/");
    let is_id =
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_alias && (is_key_arn || !is_arn && is_id) {
        return Ok(());
    }
    Err(IamError::Value {
        value: key.to_owned(),
        problem: if is_alias {
            "an alias, and permissions on a key are given by its ARN"
        } else {
            "no ARN of a KMS key"
        },
        hint: "give its ARN, --kms-key arn:aws:kms:REGION:ACCOUNT:key/ID; `aws kms describe-key --key-id ID` shows it",
    })
}

fn partition_of(arn: Option<&str>, region: Option<&str>) -> String {
    let of_arn = arn.and_then(|arn| arn.split(':').nth(1)).filter(|text| !text.is_empty());
    of_arn.unwrap_or_else(|| partition_of_region(region)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_follow_arns_and_regions() {
        for (arn, region, expected) in [
            (None, None, "aws"),
            (None, Some("eu-west-1"), "aws"),
            (None, Some("cn-north-1"), "aws-cn"),
            (None, Some("us-gov-west-1"), "aws-us-gov"),
            (Some("arn:aws-cn:kms:cn-north-1:1:key/k"), Some("eu-west-1"), "aws-cn"),
        ] {
            assert_eq!(partition_of(arn, region), expected, "{arn:?} {region:?}");
        }
    }

    #[test]
    fn keys_and_accounts_are_what_they_should_be() {
        let arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        for good in [arn, "mrk-1234abcd12ab34cd56ef1234567890ab"] {
            assert!(check_key(Some(good)).is_ok(), "{good}");
        }
        for bad in [
            "alias/state",
            "arn:aws:kms:eu-west-1:111122223333:alias/state",
            "arn:aws:s3:::b",
            "",
            "a b",
        ] {
            assert!(check_key(Some(bad)).is_err(), "{bad}");
        }
        assert!(check_account(Some("111122223333")).is_ok() && check_account(None).is_ok());
        assert!(
            check_account(Some("11112222333")).is_err()
                && check_account(Some("11112222333x")).is_err()
        );
    }
}
