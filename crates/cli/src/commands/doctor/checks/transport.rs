//! Whether states go over the network as anybody can read them.

use crate::commands::doctor::finding::{Findings, Fix, Kind};
use crate::commands::doctor::subject::Subject;
use crate::exit_code::ExitCode;

static NO_TLS: Kind = Kind::warning(
    "tls-not-required",
    ExitCode::BadInput,
    "a client with an `http` endpoint sends states, with the secrets in them, readable over the network",
);
static PLAIN: Kind = Kind::notice(
    "store-reached-without-tls",
    "states, with the secrets in them, can be read by anybody on the way to the store",
);

pub(in crate::commands::doctor) static KINDS: [&Kind; 2] = [&NO_TLS, &PLAIN];

/// The policy denies requests without TLS. A store may keep a policy and not apply it: what was just done without TLS shows that.
pub(super) fn required(is_secure: bool, findings: &mut Findings) {
    if is_secure {
        findings.fine("transport", "requests without TLS are denied");
        return;
    }
    let fix = Fix::by_hand(
        "do not rely on the policy: give the store an `https` endpoint (a statelock server: a proxy before it), let every client \
         use it, and close the other. On loopback nobody is on the way",
    );
    let evidence =
        "the endpoint is `http`: the policy denies it, and the store answers all the same";
    findings.add(&PLAIN, evidence, fix);
}

/// What the policy says of requests without TLS is not known.
pub(super) fn unknown((subject, is_secure): (&Subject, bool), findings: &mut Findings) {
    if !is_secure {
        let what = "what the policy says of that is not known";
        not_required((subject, is_secure), what, findings);
    }
}

/// Nothing denies requests without TLS.
pub(super) fn not_required(
    (subject, is_secure): (&Subject, bool),
    evidence: &str,
    findings: &mut Findings,
) {
    if !is_secure {
        // A store that keeps to its policy would refuse whoever pastes the statement.
        let fix = Fix::by_hand(
            "give the store an `https` endpoint (a statelock server: a proxy before it) and let every client use it. Deny \
             requests without TLS only then: now that would refuse you too. On loopback nobody is on the way",
        );
        findings.add(&PLAIN, format!("the endpoint is `http`, and {evidence}"), fix);
        return;
    }
    let (bucket, partition) = (subject.bucket.name(), subject.partition());
    let statement = format!(
        r#"{{
  "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
  "Resource": ["arn:{partition}:s3:::{bucket}", "arn:{partition}:s3:::{bucket}/*"],
  "Condition": {{ "Bool": {{ "aws:SecureTransport": "false" }} }}
}}"#
    );
    let fix = Fix::paste("add this statement to the bucket's policy", statement);
    findings.add(&NO_TLS, evidence, fix);
}
