//! Which clients can write to a store, and with which settings: what each sends, as facts.
//!
//! Read from the clients' sources and from their requests. Over TLS they sign less than without it, and put
//! checksums behind the body.

use statelock_client::probe::{Finding, Operation, Verdict};

use super::outcome::verdict;

/// Clients that send the same.
#[derive(Clone, Copy, Debug)]
struct Clients {
    name: &'static str,
    knows_lockfile: bool,
    /// In which ways they can be told to send, the usual one first.
    ways: &'static [Way],
}

/// A way to send.
#[derive(Clone, Copy, Debug)]
struct Way {
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
    /// The form of a body without TLS.
    plain: Operation,
    /// The form of a body over TLS.
    tls: Operation,
    /// Whether reads ask for checksums.
    reads_checksums: bool,
}

const SKIP: &[&str] = &["skip_s3_checksum"];
const WHEN_REQUIRED: &[(&str, &str)] = &[
    ("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"),
    ("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required"),
];

const fn usual(tls: Operation, reads_checksums: bool) -> Way {
    let plain = Operation::BodySha256Header;
    Way { arguments: &[], environment: &[], plain, tls, reads_checksums }
}

const fn without_checksum(environment: &'static [(&'static str, &'static str)]) -> Way {
    let (plain, tls) = (Operation::BodySigned, Operation::BodyUnsigned);
    Way { arguments: SKIP, environment, plain, tls, reads_checksums: false }
}

const CLIENTS: [Clients; 5] = [
    Clients {
        name: "Terraform 1.11.2 and newer",
        knows_lockfile: true,
        ways: &[
            usual(Operation::BodySha256Trailer, true),
            Way {
                arguments: SKIP,
                environment: &[],
                plain: Operation::BodyCrc32Header,
                tls: Operation::BodyCrc32Trailer,
                reads_checksums: true,
            },
            without_checksum(WHEN_REQUIRED),
        ],
    },
    Clients {
        name: "Terraform 1.10 to 1.11.1",
        knows_lockfile: true,
        ways: &[usual(Operation::BodySha256Trailer, false), without_checksum(&[])],
    },
    Clients {
        name: "OpenTofu 1.10 and newer",
        knows_lockfile: true,
        ways: &[usual(Operation::BodySha256HeaderUnsigned, true), without_checksum(&[])],
    },
    Clients {
        name: "Terraform 1.6 to 1.9",
        knows_lockfile: false,
        ways: &[usual(Operation::BodySha256Trailer, false), without_checksum(&[])],
    },
    Clients {
        name: "OpenTofu 1.6 to 1.9",
        knows_lockfile: false,
        ways: &[usual(Operation::BodySha256HeaderUnsigned, false), without_checksum(&[])],
    },
];

/// What some clients need here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClientAdvice {
    pub(super) clients: &'static str,
    pub(super) knows_lockfile: bool,
    /// Whether they can write here; `None` if that is not known.
    pub(super) writes: Option<bool>,
    /// Backend arguments that they need to, each `true`.
    pub(super) arguments: &'static [&'static str],
    /// Environment variables that they need to.
    pub(super) environment: &'static [(&'static str, &'static str)],
}

impl ClientAdvice {
    /// In one line.
    pub(super) fn line(&self) -> String {
        let Self { clients, writes, arguments, environment, knows_lockfile: _ } = self;
        let arguments = arguments.iter().map(|name| format!("{name} = true"));
        let variables = environment.iter().map(|(name, value)| format!("{name}={value}"));
        let needs: Vec<_> = arguments.chain(variables).collect();
        match writes {
            Some(true) if needs.is_empty() => format!("{clients}: write here as they are"),
            Some(true) => format!("{clients}: need {}", needs.join(", ")),
            Some(false) => format!("{clients}: cannot write here, with any setting"),
            None => format!("{clients}: whether they can write here is not known"),
        }
    }
}

/// What each kind of client needs; those that know no lockfile only where there is a lock table.
pub(super) fn advice(findings: &[Finding], is_plain: bool, has_table: bool) -> Vec<ClientAdvice> {
    let wanted = CLIENTS.iter().filter(|clients| clients.knows_lockfile || has_table);
    wanted.map(|clients| of(clients, findings, is_plain)).collect()
}

fn of(clients: &Clients, findings: &[Finding], is_plain: bool) -> ClientAdvice {
    let works = |way: &Way| {
        let form = verdict(findings, if is_plain { way.plain } else { way.tls });
        let reads = verdict(findings, Operation::ReadChecksumMode);
        match (form, way.reads_checksums, reads) {
            (Verdict::Enforced, false, _) | (Verdict::Enforced, true, Verdict::Enforced) => {
                Some(true)
            }
            (Verdict::NotKnown, _, _) | (Verdict::Enforced, true, Verdict::NotKnown) => None,
            (Verdict::Enforced | Verdict::Rejected | Verdict::Ignored | Verdict::Racy, _, _) => {
                Some(false)
            }
        }
    };
    let judged: Vec<_> = clients.ways.iter().map(|way| (way, works(way))).collect();
    let fitting = judged.iter().find(|(_, works)| *works == Some(true));
    let is_certain = judged.iter().all(|(_, works)| *works == Some(false));
    ClientAdvice {
        clients: clients.name,
        knows_lockfile: clients.knows_lockfile,
        writes: if fitting.is_some() { Some(true) } else { is_certain.then_some(false) },
        arguments: fitting.map_or(&[], |(way, _)| way.arguments),
        environment: fitting.map_or(&[], |(way, _)| way.environment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(bad: &[Operation]) -> Vec<Finding> {
        let finding = |operation: Operation| {
            let is_bad = bad.contains(&operation);
            let verdict = if is_bad { Verdict::Rejected } else { Verdict::Enforced };
            let (steps, rounds, samples, note) = (Vec::new(), None, None, None);
            Finding { operation, verdict, steps, rounds, samples, note }
        };
        Operation::ALL.into_iter().map(finding).collect()
    }

    fn lines(bad: &[Operation], is_plain: bool) -> Vec<String> {
        advice(&findings(bad), is_plain, false).iter().map(ClientAdvice::line).collect()
    }

    #[test]
    fn a_store_that_takes_everything_needs_no_setting() {
        for is_plain in [true, false] {
            let lines = lines(&[], is_plain);
            assert_eq!(lines.len(), 3);
            assert!(lines.iter().all(|line| line.ends_with("as they are")), "{lines:?}");
        }
        assert_eq!(advice(&findings(&[]), true, true).len(), 5);
    }

    #[test]
    fn a_store_without_trailers_needs_settings_over_tls_only() {
        use Operation::{BodyCrc32Trailer, BodySha256Trailer};
        let bad = [BodyCrc32Trailer, BodySha256Trailer];
        assert_eq!(
            lines(&bad, false),
            [
                "Terraform 1.11.2 and newer: need skip_s3_checksum = true, AWS_REQUEST_CHECKSUM_CALCULATION=when_required, \
                 AWS_RESPONSE_CHECKSUM_VALIDATION=when_required",
                "Terraform 1.10 to 1.11.1: need skip_s3_checksum = true",
                "OpenTofu 1.10 and newer: write here as they are",
            ]
        );
        assert!(lines(&bad, true).iter().all(|line| line.ends_with("as they are")));
        let sha = [BodySha256Trailer];
        assert_eq!(
            lines(&sha, false).first().map(String::as_str),
            Some("Terraform 1.11.2 and newer: need skip_s3_checksum = true")
        );
    }

    #[test]
    fn who_cannot_write_in_any_way_is_told_so() {
        let all: Vec<_> = Operation::ALL.into_iter().collect();
        let lines = lines(&all, true);
        assert!(lines.iter().all(|line| line.ends_with("with any setting")), "{lines:?}");
        let unknown = advice(&[], true, false);
        assert!(unknown.iter().all(|advice| advice.writes.is_none()));
    }
}
