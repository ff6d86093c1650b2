//! What the bucket's policy does to the requests of stock clients.
//!
//! Only denials matter here: what is permitted may be permitted elsewhere. So each request is asked of the policy
//! together with one that allows everything.

use statelock_client::bucket::Setting;
use statelock_client::protocol::state::lockfile_key_of;
use statelock_client::{Encryption, StoreError};

use super::transport;
use crate::commands::doctor::finding::{Findings, Fix, Kind, Looked};
use crate::commands::doctor::subject::Subject;
use crate::exit_code::ExitCode;
use crate::policy::{self, Answer, Caller, Cause, Effect, Policy, Which};

static DENIES_LOCK: Kind = Kind::critical(
    "policy-denies-lock",
    ExitCode::NotPermitted,
    "Terraform cannot take the lock: PutObject on the lockfile is refused",
);
static DENIES_RELEASE: Kind = Kind::critical(
    "policy-denies-release",
    ExitCode::NotPermitted,
    "Terraform takes the lock, does its work, and cannot release it: DeleteObject on the lockfile, which it sends without a condition, is refused",
);
static DENIES_STATE: Kind = Kind::critical(
    "policy-denies-state",
    ExitCode::NotPermitted,
    "Terraform cannot read the state, or not save it after an apply: it writes without a condition, and encrypts as the backend block says",
);
static DENIES_BARE_LOCK: Kind = Kind::warning(
    "policy-denies-bare-lock",
    ExitCode::BadInput,
    "OpenTofu 1.10.0 and 1.10.1 send no encryption header with a lockfile, so that they cannot lock here",
);
static DENIES_PERHAPS: Kind = Kind::notice(
    "policy-denies-elsewhere",
    "from another network, address or principal the same request is refused: a laptop or a CI runner may not be able to lock, or to release",
);
static NOT_UNDERSTOOD: Kind = Kind::notice(
    "policy-not-understood",
    "whether the policy lets Terraform lock and release is not known",
);

pub(in crate::commands::doctor) static KINDS: [&Kind; 6] = [
    &DENIES_LOCK,
    &DENIES_RELEASE,
    &DENIES_STATE,
    &DENIES_BARE_LOCK,
    &DENIES_PERHAPS,
    &NOT_UNDERSTOOD,
];

const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const ENCRYPTION: &str = "s3:x-amz-server-side-encryption";

/// What came of it, for checks of clients.
#[derive(Debug, Default)]
pub(in crate::commands::doctor) struct PolicyVerdict {
    /// Whether a lockfile without an encryption header is refused.
    pub(in crate::commands::doctor) denies_bare_lock: bool,
}

/// Looks; `caller` is the ARN of whoever asks.
///
/// # Errors
/// The store stopped to answer.
pub(in crate::commands::doctor) async fn check(
    subject: &Subject,
    caller: Option<&str>,
    findings: &mut Findings,
) -> Result<PolicyVerdict, StoreError> {
    let is_secure = subject.bucket.is_reached_by_tls().await?;
    let asked = subject.bucket.policy().await;
    let is_without = matches!(asked, Ok(Setting::Unsupported(_)));
    let Looked::At(text) = findings.look(asked, ("policy", "s3:GetBucketPolicy"))? else {
        transport::unknown((subject, is_secure), findings);
        return Ok(PolicyVerdict::default());
    };
    let Some(text) = text else {
        let what = if is_without {
            "the store has no bucket policies"
        } else {
            "the bucket has no policy"
        };
        transport::not_required((subject, is_secure), what, findings);
        return Ok(PolicyVerdict::default());
    };
    let policies = (Policy::parse(ALLOW_ALL), Policy::parse(&text));
    let (Ok(all), Ok(policy)) = policies else {
        let why = policies.1.err().map(|error| format!("{}: {}", error.at, error.problem));
        let fix = Fix::by_hand(
            "look at it yourself: Terraform needs GetObject and PutObject on the state, and these and DeleteObject on the lockfile",
        );
        findings.add(&NOT_UNDERSTOOD, why.unwrap_or_default(), fix);
        transport::unknown((subject, is_secure), findings);
        return Ok(PolicyVerdict::default());
    };
    let caller = caller.and_then(Caller::of_arn);
    let asked = Asked { subject, is_secure, all, policy, caller };
    Ok(asked.judge(findings))
}

/// A policy that is asked about the requests of stock clients.
struct Asked<'a> {
    subject: &'a Subject,
    /// Whether the store is reached by TLS.
    is_secure: bool,
    all: Policy,
    policy: Policy,
    caller: Option<Caller>,
}

/// A request of a stock client.
struct Sent {
    kind: &'static Kind,
    action: &'static str,
    /// What follows the bucket's name in the ARN.
    path: String,
    /// Whether it says `If-None-Match: *`.
    is_conditional: bool,
    encryption: Option<&'static str>,
}

impl Asked<'_> {
    fn judge(&self, findings: &mut Findings) -> PolicyVerdict {
        let key = self.subject.key();
        let lockfile = format!("/{}", lockfile_key_of(&key));
        let state = format!("/{key}");
        let encryption = match self.subject.backend.settings().objects.encryption {
            Encryption::Bucket | Encryption::Customer(_) => None,
            Encryption::Store => Some("AES256"),
            Encryption::Kms(_) => Some("aws:kms"),
            Encryption::KmsDualLayer(_) => Some("aws:kms:dsse"),
        };
        let plain = |kind, action, path: &str| Sent {
            kind,
            action,
            path: path.to_owned(),
            is_conditional: false,
            encryption: None,
        };
        let mut sent = vec![
            plain(&DENIES_STATE, "s3:GetObject", &state),
            Sent { encryption, ..plain(&DENIES_STATE, "s3:PutObject", &state) },
        ];
        if self.subject.uses_lockfile() {
            let take = plain(&DENIES_LOCK, "s3:PutObject", &lockfile);
            sent.push(Sent { is_conditional: true, encryption, ..take });
            sent.push(plain(&DENIES_LOCK, "s3:GetObject", &lockfile));
            sent.push(plain(&DENIES_RELEASE, "s3:DeleteObject", &lockfile));
        }
        let mut is_fine = true;
        for request in &sent {
            is_fine &= self.ask(request, findings);
        }
        if is_fine {
            findings.fine("policy", "it denies nothing that Terraform sends");
        }
        self.transport(findings);
        let bare = plain(&DENIES_BARE_LOCK, "s3:PutObject", &lockfile);
        let bare = Sent { is_conditional: true, ..bare };
        let denies_bare_lock = encryption.is_some()
            && self.subject.uses_lockfile()
            && matches!(self.answer(&bare, true), Answer::Denied(_));
        if denies_bare_lock {
            let fix = Fix::by_hand(
                "use OpenTofu 1.10.2 or newer, or Terraform; or let the statement leave `*.tflock` out and the bucket encrypt by default",
            );
            findings.add(
                &DENIES_BARE_LOCK,
                "a lockfile without an encryption header is denied",
                fix,
            );
        }
        PolicyVerdict { denies_bare_lock }
    }

    /// Whether nothing is to be said.
    fn ask(&self, sent: &Sent, findings: &mut Findings) -> bool {
        let what = format!("{} on {}", sent.action, self.arn(&sent.path));
        match self.answer(sent, true) {
            Answer::Denied(which) => {
                let fix = Fix::by_hand(format!(
                    "leave these out of {}, with `NotResource` or a narrower condition; `statelock iam` prints what each role needs",
                    self.statement(which)
                ));
                findings.add(sent.kind, format!("{} denies {what}", self.statement(which)), fix);
                false
            }
            Answer::Depends(on) => {
                let mut is_fine = true;
                for one in on.iter().filter(|one| one.effect == Effect::Deny) {
                    is_fine = false;
                    let cause = cause(&one.cause);
                    let statement = self.statement(one.statement);
                    let fix = Fix::by_hand(
                        "run doctor where Terraform runs: from there it tries the lock for real",
                    );
                    findings.add(
                        &DENIES_PERHAPS,
                        format!("{statement} denies {what}, {cause}"),
                        fix,
                    );
                }
                is_fine
            }
            Answer::Allowed | Answer::NotAllowed => true,
        }
    }

    fn transport(&self, findings: &mut Findings) {
        let state = format!("/{}", self.subject.key());
        let denies = |action| {
            let sent = Sent {
                kind: &DENIES_STATE,
                action,
                path: state.clone(),
                is_conditional: false,
                encryption: None,
            };
            // Everybody has to be meant, so nobody in particular asks.
            let asked = self.answer_to(&sent, false, None);
            matches!(asked, Answer::Denied(_))
                && !matches!(self.answer_to(&sent, true, None), Answer::Denied(_))
        };
        if denies("s3:GetObject") && denies("s3:PutObject") {
            transport::required(self.is_secure, findings);
        } else {
            let what = "the policy does not deny requests without TLS";
            transport::not_required((self.subject, self.is_secure), what, findings);
        }
    }

    fn answer(&self, sent: &Sent, is_secure: bool) -> Answer {
        self.answer_to(sent, is_secure, self.caller.clone())
    }

    fn answer_to(&self, sent: &Sent, is_secure: bool, caller: Option<Caller>) -> Answer {
        let exactly = policy::Subject::exactly;
        let request = policy::Request::new(sent.action, exactly(&self.arn(&sent.path)))
            .by(caller)
            .with("aws:SecureTransport", exactly(if is_secure { "true" } else { "false" }))
            .without("s3:if-match");
        let request = if sent.is_conditional {
            request.with("s3:if-none-match", exactly("*"))
        } else {
            request.without("s3:if-none-match")
        };
        let request = match sent.encryption {
            Some(algorithm) => request.with(ENCRYPTION, exactly(algorithm)),
            None => request.without(ENCRYPTION),
        };
        policy::evaluate(&[&self.all, &self.policy], &request)
    }

    fn arn(&self, path: &str) -> String {
        format!("arn:{}:s3:::{}{path}", self.subject.partition(), self.subject.bucket.name())
    }

    fn statement(&self, which: Which) -> String {
        self.policy.statements.get(which.statement).map(policy::Statement::name).unwrap_or_default()
    }
}

fn cause(cause: &Cause) -> String {
    match cause {
        Cause::PartOfResources => "for some objects".to_owned(),
        Cause::PartOfValues { key, .. } | Cause::Condition { key, .. } => {
            format!("depending on `{key}`")
        }
        Cause::Variable => "depending on a policy variable in the resource".to_owned(),
        Cause::Principal | Cause::Delegation => "depending on who asks".to_owned(),
    }
}
