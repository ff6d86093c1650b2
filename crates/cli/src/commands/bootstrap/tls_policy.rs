//! The statement of a bucket policy that denies requests without TLS, beside whatever else is there.

use serde_json::{Map, Value, json};

use crate::policy::partition_of_region;

/// The `Sid` of our statement.
const SID: &str = "StatelockTlsOnly";
/// How long a policy may be.
const POLICY_SIZE_BYTES_MAX: usize = 20 * 1024;

/// What a bucket's policy says of requests without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TlsOnly {
    /// It denies them.
    Denied,
    /// It does not; with our statement it would be this. So many statements are there already.
    Lacking { merged: String, statements: usize },
    /// Nothing can be added to it.
    Unusable(String),
}

/// Looks at a policy, if there is one.
pub(super) fn judge(policy: Option<&str>, bucket: &str, region: &str) -> TlsOnly {
    let arn = format!("arn:{}:s3:::{bucket}", partition_of_region(Some(region)));
    let Some(policy) = policy else {
        let document = json!({ "Version": "2012-10-17", "Statement": [statement(&arn, SID)] });
        return TlsOnly::Lacking { merged: document.to_string(), statements: 0 };
    };
    let Ok(Value::Object(mut document)) = serde_json::from_str::<Value>(policy) else {
        return TlsOnly::Unusable("the bucket's policy is no JSON object".to_owned());
    };
    let mut statements = match document.remove("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(one @ Value::Object(_)) => vec![one],
        None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            return TlsOnly::Unusable("the bucket's policy has no statements".to_owned());
        }
    };
    if statements.iter().any(|one| denies_plain_http(one, &arn)) {
        return TlsOnly::Denied;
    }
    let count = statements.len();
    statements.push(statement(&arn, &unused_sid(&statements)));
    document.insert("Statement".to_owned(), Value::Array(statements));
    let merged = Value::Object(document).to_string();
    if merged.len() > POLICY_SIZE_BYTES_MAX {
        let problem = "with one statement more the bucket's policy would have more than 20 KB";
        return TlsOnly::Unusable(problem.to_owned());
    }
    TlsOnly::Lacking { merged, statements: count }
}

fn statement(arn: &str, sid: &str) -> Value {
    json!({
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, format!("{arn}/*")],
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    })
}

/// A `Sid` stands once in a policy.
fn unused_sid(statements: &[Value]) -> String {
    let is_used = |sid: &str| statements.iter().any(|one| one["Sid"] == sid);
    let numbered = (1..).map(|number| format!("{SID}{number}"));
    let mut names = [SID.to_owned()].into_iter().chain(numbered);
    names.find(|sid| !is_used(sid)).unwrap_or_else(|| SID.to_owned())
}

/// Whether a statement denies everything to everybody who comes without TLS, on no further condition.
fn denies_plain_http(statement: &Value, arn: &str) -> bool {
    let Some(fields) = statement.as_object() else { return false };
    let is_for_all = match fields.get("Principal") {
        Some(Value::Object(kinds)) => kinds.get("AWS").is_some_and(|who| has(who, "*")),
        Some(who) => has(who, "*"),
        None => false,
    };
    let covers = |what: &str| {
        let resource = fields.get("Resource");
        resource.is_some_and(|one| has(one, what) || has(one, "*") || has(one, &format!("{arn}*")))
    };
    let is_everything = fields.get("Action").is_some_and(|one| has(one, "s3:*") || has(one, "*"));
    fields.get("Effect").is_some_and(|effect| effect == "Deny")
        && is_for_all
        && is_everything
        && covers(arn)
        && covers(&format!("{arn}/*"))
        && fields.get("Condition").and_then(Value::as_object).is_some_and(is_about_tls_alone)
}

/// `{"Bool": {"aws:SecureTransport": "false"}}`, in all its spellings.
fn is_about_tls_alone(condition: &Map<String, Value>) -> bool {
    let mut operators = condition.iter();
    let (Some((operator, keys)), None) = (operators.next(), operators.next()) else { return false };
    let Some(keys) = keys.as_object() else { return false };
    let mut keys = keys.iter();
    let (Some((key, value)), None) = (keys.next(), keys.next()) else { return false };
    let is_false = has(value, "false") || *value == Value::Bool(false);
    matches!(operator.as_str(), "Bool" | "BoolIfExists")
        && key.eq_ignore_ascii_case("aws:SecureTransport")
        && is_false
}

/// One text, or a list that contains it.
fn has(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Array(all) => all.iter().any(|one| one == wanted),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking(policy: Option<&str>) -> (Value, usize) {
        let TlsOnly::Lacking { merged, statements } = judge(policy, "b", "eu-central-1") else {
            return (Value::Null, usize::MAX);
        };
        (serde_json::from_str(&merged).unwrap(), statements)
    }

    #[test]
    fn what_was_made_once_is_found_again() {
        let (merged, statements) = lacking(None);
        assert_eq!((statements, &merged["Version"]), (0, &json!("2012-10-17")));
        assert_eq!(judge(Some(&merged.to_string()), "b", "eu-central-1"), TlsOnly::Denied);
        assert_ne!(judge(Some(&merged.to_string()), "other", "eu-central-1"), TlsOnly::Denied);
    }

    #[test]
    fn other_statements_stay_as_they_are() {
        let allow = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"},
                           "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
        let sid = json!({"Sid": SID, "Effect": "Allow", "Principal": "*", "Action": "s3:List*",
                         "Resource": "*"});
        let policy = json!({"Version": "2008-10-17", "Id": "mine", "Statement": [allow, sid]});
        let (merged, statements) = lacking(Some(&policy.to_string()));
        assert_eq!(
            (statements, &merged["Id"], &merged["Version"]),
            (2, &json!("mine"), &json!("2008-10-17"))
        );
        assert_eq!((&merged["Statement"][0], &merged["Statement"][1]), (&allow, &sid));
        assert_eq!(merged["Statement"][2]["Sid"], "StatelockTlsOnly1");
        let (merged, _) = lacking(Some(&json!({"Statement": allow}).to_string()));
        assert_eq!(
            (&merged["Statement"][0], merged["Statement"].as_array().map(Vec::len)),
            (&allow, Some(2))
        );
    }

    #[test]
    fn only_a_whole_denial_counts() {
        let arn = "arn:aws:s3:::b";
        let whole = statement(arn, SID);
        assert!(denies_plain_http(&whole, arn));
        let spelled = json!({"Effect": "Deny", "Principal": {"AWS": ["*"]}, "Action": ["s3:*"],
            "Resource": "*", "Condition": {"BoolIfExists": {"AWS:SecureTransport": [false, "false"]}}});
        assert!(denies_plain_http(&spelled, arn));
        for (field, value) in [
            ("Effect", json!("Allow")),
            ("Principal", json!({"AWS": "arn:aws:iam::1:root"})),
            ("Action", json!("s3:PutObject")),
            ("Resource", json!([format!("{arn}/*")])),
            ("Resource", json!([arn])),
            ("Condition", json!({"Bool": {"aws:SecureTransport": "true"}})),
            (
                "Condition",
                json!({"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}),
            ),
            (
                "Condition",
                json!({"Bool": {"aws:SecureTransport": "false"}, "StringLike": {"a": "b"}}),
            ),
            ("Condition", Value::Null),
        ] {
            let mut part = whole.clone();
            part[field] = value;
            assert!(!denies_plain_http(&part, arn), "{part}");
        }
    }

    #[test]
    fn what_is_no_policy_is_not_replaced() {
        for text in ["", "[]", "{}", "{\"Statement\": 1}", "{\"Statement\": [}"] {
            assert!(
                matches!(judge(Some(text), "b", "eu-central-1"), TlsOnly::Unusable(_)),
                "{text}"
            );
        }
        let long = json!({"Statement": [{"Sid": "x".repeat(POLICY_SIZE_BYTES_MAX)}]}).to_string();
        assert!(matches!(judge(Some(&long), "b", "eu-central-1"), TlsOnly::Unusable(_)));
    }
}
