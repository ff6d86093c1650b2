//! Generated policies against their own check, and policies that are less or more.

use std::collections::BTreeSet;

use clap::Parser as _;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::commands::iam::needs::Need;
use crate::commands::iam::options::Role;
use crate::commands::iam::policy_document;
use crate::policy::Subject;

const KEY_ARN: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(flatten)]
    needs: NeedArgs,
}

fn target(address: &str, options: &[&str]) -> Target {
    let line = Line::try_parse_from(["iam"].iter().chain(options)).unwrap();
    Target::of(&line.needs, Some(address)).unwrap()
}

fn parsed(document: &Value) -> Policy {
    Policy::parse(&document.to_string()).unwrap()
}

fn generated(needs: &[Need]) -> Value {
    serde_json::to_value(policy_document::of(needs)).unwrap()
}

fn judged(target: &Target, role: Role, policy: &Policy) -> Judgement {
    lacking::judge(&needs::of(&target.settled(&[policy]), role), &[policy], None)
}

fn excess_of(target: &Target, role: Role, policy: &Policy) -> Vec<Excess> {
    excess::of(&needs::of(target, role), target, &[policy])
}

/// Which workspaces, and where they are.
const WORKSPACES: [&[&str]; 5] = [
    &["--workspaces", "all"],
    &["--workspaces", "none"],
    &["--workspaces", "dev,default"],
    &["--workspaces", "all", "--workspace-key-prefix", ""],
    &["--workspaces", "dev,default", "--workspace-key-prefix", "teams/a"],
];

/// Every combination of options that changes what is needed.
fn combinations() -> Vec<Vec<&'static str>> {
    let modes: [&[&str]; 3] = [
        &["--mode", "lockfile"],
        &["--mode", "lock_table", "--dynamodb-table", "locks"],
        &["--mode", "dual", "--dynamodb-table", "locks"],
    ];
    let keys: [&[&str]; 3] =
        [&[], &["--kms-key", KEY_ARN], &["--kms-key", "mrk-1", "--acl", "private"]];
    let names: [&[&str]; 2] = [&[], &["--account", "111122223333", "--region", "eu-west-1"]];
    let mut all = Vec::new();
    for mode in modes {
        for workspace in WORKSPACES {
            for key in keys {
                all.extend(names.iter().map(|names| [mode, workspace, key, names].concat()));
            }
        }
    }
    all
}

const ADDRESSES: [&str; 3] =
    ["s3://tfstate/network/terraform.tfstate", "s3://b/k", "s3://b/odd ${x}/*/env:/?.tfstate"];

#[test]
fn a_generated_policy_is_enough_and_no_more() {
    for options in combinations() {
        for address in ADDRESSES {
            let target = target(address, &options);
            for role in Role::ALL {
                enough_and_no_more(&target, role, &format!("{role:?} {address} {options:?}"));
            }
        }
    }
}

#[test]
fn each_choice_of_workspaces_needs_something_else() {
    for role in [Role::Plan, Role::Apply, Role::Unlock, Role::Migrate, Role::Gc] {
        let policies: BTreeSet<_> = WORKSPACES
            .iter()
            .map(|options| generated(&needs::of(&target(ADDRESSES[0], options), role)).to_string())
            .collect();
        assert_eq!(policies.len(), WORKSPACES.len(), "{role:?}");
    }
    let shown = |options: &[&str]| {
        let target = target(ADDRESSES[0], options);
        let states: Vec<_> = target.states().iter().map(Subject::shown).collect();
        (target.listing_prefix().shown(), states.join(" "))
    };
    let key = "network/terraform.tfstate";
    assert_eq!(shown(WORKSPACES[3]), (String::new(), format!("{key} */{key}")));
    assert_eq!(shown(WORKSPACES[4]), ("teams/a/".to_owned(), format!("{key} teams/a/dev/{key}")));
}

fn enough_and_no_more(target: &Target, role: Role, case: &str) {
    let policy = parsed(&generated(&needs::of(target, role)));
    assert!(policy.remarks.is_empty(), "{case}: {:?}", policy.remarks);
    let judgement = judged(target, role, &policy);
    assert!(judgement.lacks.is_empty() && judgement.depends.is_empty(), "{case}: {judgement:?}");
    assert!(judgement.asked > 1, "{case}");
    let excess = excess_of(target, role, &policy);
    assert!(excess.is_empty(), "{case}: {excess:?}");
}

#[test]
fn without_any_one_action_the_check_names_it() {
    // Each third differs from its neighbours in more than one option.
    for options in combinations().into_iter().step_by(5) {
        for role in Role::ALL {
            let target = target(ADDRESSES[0], &options);
            let whole = generated(&needs::of(&target, role));
            for (number, statement) in whole["Statement"].as_array().unwrap().iter().enumerate() {
                for action in statement["Action"].as_array().unwrap() {
                    let mut less = whole.clone();
                    let actions = less["Statement"][number]["Action"].as_array_mut().unwrap();
                    actions.retain(|other| other != action);
                    if actions.is_empty() {
                        less["Statement"].as_array_mut().unwrap().remove(number);
                    }
                    let judgement = judged(&target, role, &parsed(&less));
                    let lacks: Vec<_> =
                        judgement.lacks.iter().map(|lack| lack.ask.action).collect();
                    let case =
                        format!("{role:?} {options:?} without {action} of {}", statement["Sid"]);
                    assert!(
                        !lacks.is_empty() && lacks.iter().all(|lack| action == lack),
                        "{case}: {lacks:?}"
                    );
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_widened_is_told(
        combination in 0..90_usize, role in 0..6_usize, statement in any::<prop::sample::Index>(), way in 0..4,
    ) {
        let combinations = combinations();
        prop_assert_eq!(combinations.len(), 90);
        let options = &combinations[combination];
        let role = Role::ALL[role];
        let target = target(ADDRESSES[0], options);
        let mut policy = generated(&needs::of(&target, role));
        let statements = policy["Statement"].as_array_mut().unwrap();
        let number = statement.index(statements.len());
        let widened = &mut statements[number];
        let mut action = widened["Action"][0].as_str().unwrap().to_owned();
        let before = widened.clone();
        match way {
            0 => widened["Action"] = json!(format!("{}:*", action.split(':').next().unwrap())),
            1 => widened["Resource"] = json!("*"),
            2 => {
                action.pop();
                widened["Action"] = json!([format!("{action}*")]);
            }
            _ => { widened.as_object_mut().unwrap().remove("Condition"); }
        }
        if *widened != before {
            let excess = excess_of(&target, role, &parsed(&policy));
            prop_assert!(!excess.is_empty(), "{role:?} {options:?}: {policy}");
        }
    }

    #[test]
    fn odd_keys_have_policies_of_their_own(key in "[a-z*?$\\{}\"\\\\é:]{1,12}", other in "[a-z*?$\\{}\"\\\\é:]{1,12}") {
        prop_assume!(key != other);
        let (mine, others) = (target(&format!("s3://b/{key}"), &[]), target(&format!("s3://b/{other}"), &[]));
        let policy = parsed(&generated(&needs::of(&mine, Role::Apply)));
        prop_assert!(judged(&mine, Role::Apply, &policy).lacks.is_empty());
        let lacks = judged(&others, Role::Apply, &policy).lacks;
        prop_assert!(lacks.iter().any(|lack| lack.ask.action == "s3:PutObject"));
    }
}

fn allow(action: &Value, resource: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource}})
}

#[test]
fn everything_is_enough_and_too_much_the_worst_first() {
    let target = target(ADDRESSES[1], &[]);
    let policy = parsed(&allow(&json!(["s3:GetObject", "s3:*", "ec2:*"]), &json!("*")));
    assert!(judged(&target, Role::Plan, &policy).lacks.is_empty());
    let excess = excess_of(&target, Role::Plan, &policy);
    let shown: Vec<_> = excess.iter().map(|one| (one.danger.name(), one.action.as_str())).collect();
    assert_eq!(shown, [("high", "s3:*"), ("low", "s3:GetObject")]);
    let problems: Vec<_> = excess[0].problems.iter().map(report::problem_words).collect();
    for expected in [
        "s3:DeleteObjectVersion",
        "s3:PutBucketPolicy",
        "s3:DeleteObject (deletes states) is needed on",
    ] {
        assert!(
            problems.iter().any(|problem| problem.contains(expected)),
            "{expected}: {problems:?}"
        );
    }
}

/// What is too much by one statement: its actions, and all problems in words.
fn too_much(target: &Target, role: Role, statement: &Value) -> (Vec<String>, String) {
    let needed = generated(&needs::of(target, role));
    let mut document = needed.clone();
    document["Statement"].as_array_mut().unwrap().push(statement.clone());
    let excess = excess_of(target, role, &parsed(&document));
    let words = excess.iter().flat_map(|one| &one.problems).map(report::problem_words);
    let words: Vec<_> = words.collect();
    (excess.iter().map(|one| one.action.clone()).collect(), words.join("\n"))
}

const ITEMS: [&str; 4] =
    ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"];

fn on_table(actions: &[&str], table: &str) -> Value {
    let arn = format!("arn:aws:dynamodb:*:111122223333:table/{table}");
    json!({"Sid": "T", "Effect": "Allow", "Action": actions, "Resource": arn})
}

#[test]
fn the_old_lock_table_is_too_much_for_lockfiles() {
    let named = ["--mode", "lockfile", "--dynamodb-table", "locks"];
    let said = "of its old lock table nothing is needed";
    for role in [Role::Plan, Role::Apply, Role::Unlock] {
        let target = target(ADDRESSES[1], &named);
        let (actions, words) = too_much(&target, role, &on_table(&ITEMS, "locks"));
        assert_eq!(actions.len(), 4, "{role:?}: {words}");
        assert!(words.contains("not needed: dynamodb:PutItem (writes locks)"), "{words}");
        assert!(words.contains(said), "{words}");
        // The same on another table is none of ours, and every action is told once.
        assert_eq!(too_much(&target, role, &on_table(&ITEMS, "other")).0, [""; 0]);
        let (all, _) = too_much(&target, role, &on_table(&["dynamodb:*"], "locks"));
        assert_eq!(all, ["dynamodb:*"]);
    }
    for in_use in [
        &["--mode", "dual", "--dynamodb-table", "locks"][..],
        &["--mode", "lockfile", "--dynamodb-table", "locks", "--role", "migrate"],
    ] {
        let (_, words) =
            too_much(&target(ADDRESSES[1], in_use), Role::Apply, &on_table(&ITEMS, "locks"));
        assert!(!words.contains(said), "{in_use:?}: {words}");
    }
}

#[test]
fn what_looks_like_the_old_lock_table_is_told_without_its_name() {
    let target = target(ADDRESSES[1], &["--mode", "lockfile"]);
    let said = "it looks like permissions on a lock table";
    let judged = |statement: &Value| too_much(&target, Role::Apply, statement);
    let (actions, words) = judged(&on_table(&ITEMS, "whatever"));
    assert_eq!(actions.len(), 4, "{words}");
    assert!(words.contains(said), "{words}");
    let with_keys = |actions: &[&str], key: &str| {
        let mut statement = on_table(actions, "whatever");
        statement["Condition"] =
            json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [key]}});
        statement
    };
    assert!(judged(&with_keys(&["dynamodb:*"], "b/*")).1.contains(said));
    assert!(judged(&with_keys(&["dynamodb:GetItem"], "b/k-md5")).1.contains(said));
    // Tables of applications.
    for other in [
        on_table(&["dynamodb:*"], "orders"),
        on_table(&["dynamodb:GetItem", "dynamodb:Query"], "orders"),
        on_table(&[&ITEMS[..], &["dynamodb:Query"]].concat(), "orders"),
        with_keys(&ITEMS, "elsewhere/k"),
    ] {
        assert_eq!(judged(&other), (Vec::new(), String::new()), "{other}");
    }
}

#[test]
fn a_finding_names_each_arn_once() {
    let target = target(ADDRESSES[1], &["--mode", "dual", "--dynamodb-table", "locks"]);
    let wide = json!({"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"});
    let (_, words) = too_much(&target, Role::Apply, &wide);
    assert_eq!(words.matches("table/locks").count(), 1, "{words}");
    let wide = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    let (_, words) = too_much(&target, Role::Migrate, &wide);
    let arns: Vec<_> = words.split(" is needed on ").nth(1).unwrap().split(", ").collect();
    let once: BTreeSet<_> = arns.iter().collect();
    assert_eq!(once.len(), arns.len(), "{words}");
}

#[test]
fn what_a_denial_takes_away_is_not_too_much() {
    let target = target(ADDRESSES[1], &[]);
    let mut document = allow(&json!("s3:DeleteObject*"), &json!("arn:aws:s3:::b/*"));
    let allow = document["Statement"].take();
    document["Statement"] = json!([
        allow,
        {"Effect": "Deny", "Action": "s3:DeleteObjectVersion", "Resource": "*"},
    ]);
    let excess = excess_of(&target, Role::Plan, &parsed(&document));
    let words: Vec<_> =
        excess.iter().flat_map(|one| &one.problems).map(report::problem_words).collect();
    assert!(words[0].starts_with("s3:DeleteObject (deletes states) is needed on"), "{words:?}");
    assert_eq!(words.get(1..).unwrap(), ["not needed: s3:DeleteObjectTagging"]);
}

#[test]
fn a_denial_of_some_workspaces_is_lacking_and_a_condition_is_not() {
    let target = target(ADDRESSES[1], &[]);
    let mut document = generated(&needs::of(&target, Role::Apply));
    let statements = document["Statement"].as_array_mut().unwrap();
    statements.push(json!({"Sid": "NoProd", "Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/env:/prod/*"}));
    statements
        .push(json!({"Sid": "Office", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*",
        "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}));
    let judgement = judged(&target, Role::Apply, &parsed(&document));
    let lacks: Vec<_> = judgement.lacks.iter().map(|lack| report::asked(&lack.ask)).collect();
    assert_eq!(
        lacks,
        [
            "s3:PutObject on arn:aws:s3:::b/env:/*/k",
            "s3:PutObject on arn:aws:s3:::b/env:/*/k.tflock"
        ]
    );
    assert!(judgement.lacks.iter().all(|lack| matches!(lack.why, lacking::Why::DeniedInPart(_))));
    assert!(judgement.depends.iter().all(|one| one.ask.action == "s3:GetObject"));
    assert_eq!(judgement.depends.len(), 4);
}

#[test]
fn a_denial_of_writes_without_encryption_hits_who_sends_no_header() {
    let deny = json!({"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*",
        "Condition": {"Null": {"s3:x-amz-server-side-encryption": "true"}}});
    for (options, expected) in [(&[][..], 4), (&["--encrypt"][..], 0)] {
        let target = target(ADDRESSES[1], options);
        let mut document = generated(&needs::of(&target, Role::Apply));
        document["Statement"].as_array_mut().unwrap().push(deny.clone());
        let judgement = judged(&target, Role::Apply, &parsed(&document));
        assert_eq!(judgement.lacks.len(), expected, "{options:?}: {judgement:?}");
    }
}

#[test]
fn a_demand_for_conditional_writes_breaks_states_and_not_locks() {
    let deny = json!({"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*",
        "Condition": {"Null": {"s3:if-none-match": "true"}}});
    let target = target(ADDRESSES[1], &["--workspaces", "none"]);
    let mut document = generated(&needs::of(&target, Role::Apply));
    document["Statement"].as_array_mut().unwrap().push(deny);
    let judgement = judged(&target, Role::Apply, &parsed(&document));
    let lacks: Vec<_> = judgement.lacks.iter().map(|lack| report::asked(&lack.ask)).collect();
    assert_eq!(lacks, ["s3:PutObject on arn:aws:s3:::b/k"]);
}

#[test]
fn the_account_of_a_table_is_taken_from_the_policy() {
    let target = target(ADDRESSES[1], &["--dynamodb-table", "locks"]);
    for (arn, is_enough) in [
        ("arn:aws:dynamodb:eu-west-1:111122223333:table/locks", true),
        ("arn:aws:dynamodb:*:*:table/locks", true),
        ("arn:aws:dynamodb:eu-west-1:111122223333:table/other", false),
    ] {
        let mut document = generated(&needs::of(&target, Role::Apply));
        for statement in document["Statement"].as_array_mut().unwrap() {
            if statement["Resource"][0].as_str().unwrap().contains("dynamodb") {
                statement["Resource"] = json!(arn);
            }
        }
        let judgement = judged(&target, Role::Apply, &parsed(&document));
        assert_eq!(judgement.lacks.is_empty(), is_enough, "{arn}: {judgement:?}");
    }
}

#[test]
fn conditions_that_a_request_cannot_meet_are_lacking() {
    let target = target(ADDRESSES[1], &["--workspaces", "none"]);
    let all = json!([
        "s3:ListBucket",
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload"
    ]);
    let under = |condition: Value| {
        let mut document = allow(&all, &json!(["arn:aws:s3:::b", "arn:aws:s3:::b/*"]));
        document["Statement"]["Condition"] = condition;
        let judgement = judged(&target, Role::Apply, &parsed(&document));
        let mut lacks: Vec<_> = judgement.lacks.iter().map(|lack| lack.ask.action).collect();
        lacks.dedup();
        (lacks.join(" "), judgement.depends.len())
    };
    let without_list = "s3:GetObject s3:PutObject s3:AbortMultipartUpload s3:PutObject s3:GetObject s3:DeleteObject";
    let cases = [
        (json!({"StringLike": {"s3:prefix": ["env:/*", "k*"]}}), without_list),
        (
            json!({"StringEquals": {"s3:x-amz-server-side-encryption": "AES256"}}),
            &format!("s3:ListBucket {without_list}"),
        ),
        (
            json!({"Null": {"s3:if-none-match": "false"}}),
            "s3:ListBucket s3:GetObject s3:PutObject s3:AbortMultipartUpload s3:GetObject s3:DeleteObject",
        ),
        (json!({"Null": {"s3:if-match": "true"}}), ""),
    ];
    for (condition, expected) in cases {
        assert_eq!(under(condition.clone()), (expected.to_owned(), 0), "{condition}");
    }
}

#[test]
fn the_places_of_table_and_key_are_those_that_the_policy_allows() {
    let options = ["--dynamodb-table", "locks", "--kms-key", "mrk-1"];
    let target = target(ADDRESSES[1], &options);
    let mut document = generated(&needs::of(&target, Role::Apply));
    let statements = document["Statement"].as_array_mut().unwrap();
    for statement in statements.iter_mut() {
        let resource = statement["Resource"][0].as_str().unwrap();
        if resource.contains("dynamodb") {
            statement["Resource"] = json!("arn:aws:dynamodb:eu-west-1:111122223333:table/locks");
        } else if resource.contains("kms") {
            statement["Resource"] = json!("arn:aws:kms:eu-central-1:444455556666:key/mrk-1");
        }
    }
    let other = "arn:aws:dynamodb:us-east-1:999999999999:table/other";
    let elsewhere = "arn:aws:dynamodb:us-west-2:999999999999:table/locks";
    for one in [
        json!({"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": other}),
        json!({"Effect": "Deny", "Action": "dynamodb:*", "Resource": elsewhere}),
        json!({"Effect": "Allow", "Action": "dynamodb:GetItem", "NotResource": elsewhere}),
        json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-east-1:999999999999:key/x"}),
    ] {
        statements.insert(0, one);
    }
    let judgement = judged(&target, Role::Apply, &parsed(&document));
    assert!(judgement.lacks.is_empty() && judgement.depends.is_empty(), "{judgement:?}");
}

#[test]
fn the_prefix_that_old_documentation_gives_is_not_enough() {
    let target = target(ADDRESSES[1], &["--workspaces", "none"]);
    let mut document = generated(&needs::of(&target, Role::Plan));
    document["Statement"][0]["Condition"] = json!({"StringEquals": {"s3:prefix": "b/k"}});
    let judgement = judged(&target, Role::Plan, &parsed(&document));
    let lacks: Vec<_> = judgement.lacks.iter().map(|lack| report::asked(&lack.ask)).collect();
    assert_eq!(
        lacks,
        ["env:/", "k", "k.tflock"]
            .map(|prefix| format!("s3:ListBucket on arn:aws:s3:::b, s3:prefix = \"{prefix}\""))
    );
}
