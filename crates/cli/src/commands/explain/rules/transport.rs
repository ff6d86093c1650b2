//! The way to the store: names, connections, certificates.

use crate::commands::explain::rule::{Rule, maybe, run, say};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "certificate-unknown",
        title: "The certificate is signed by nobody whom this machine trusts",
        patterns: &[
            "x509: certificate signed by unknown authority",
            "CERTIFICATE_VERIFY_FAILED",
            "self-signed certificate",
            "self signed certificate",
            "UnknownIssuer",
        ],
        cause: "The connection was ended before anything was asked, so nothing was changed by this request.",
        possible: &[
            maybe(
                "A company's proxy or own store signs with an authority of its own.",
                "Colleagues' machines have its certificate.",
            ),
            maybe("The image of the CI job has no certificates.", "Every https address fails."),
            maybe("It is another server than the one that was meant.", "None of both."),
        ],
        danger: Some(
            "`insecure = true` and skip_cert_verification send your credentials to whoever answers.",
        ),
        next: &[say(
            "Name the authority's file: `custom_ca_bundle` in the s3 backend or AWS_CA_BUNDLE; `client_ca_certificate_pem` in the http backend.",
        )],
        ..Rule::BASE
    },
    Rule {
        id: "certificate-wrong",
        title: "The certificate is not one for this name, or not now",
        patterns: &[
            "x509: certificate is valid for",
            "x509: certificate has expired or is not yet valid",
            "x509: cannot validate certificate",
            "x509: certificate relies on legacy",
        ],
        cause: "The connection was ended before anything was asked, so nothing was changed by this request.",
        possible: &[
            maybe(
                "Bucket names with dots, or a store without a wildcard certificate.",
                "The name in the text begins with the bucket: set use_path_style = true.",
            ),
            maybe(
                "The certificate has expired, or this machine's clock is wrong.",
                "The text says expired.",
            ),
            maybe(
                "The endpoint is an IP address that the certificate does not name.",
                "The text says so.",
            ),
        ],
        next: &[say(
            "Use the name that the certificate has, renew it, or set `use_path_style = true`.",
        )],
        ..Rule::BASE
    },
    Rule {
        id: "store-unreachable",
        title: "The store cannot be reached",
        patterns: &[
            "connect: connection refused",
            "no such host",
            "i/o timeout",
            "connect: network is unreachable",
            "connection reset by peer",
            "context deadline exceeded",
            "TLS handshake timeout",
            "Could not connect to the endpoint URL",
        ],
        cause: "The request was not answered. If no connection was made, it changed nothing; if the connection broke \
                afterwards, it may have been done.",
        possible: &[
            maybe(
                "The endpoint's name or port is wrong, or the store is down.",
                "The text says no such host or connection refused.",
            ),
            maybe(
                "The network does not let it through: VPN, proxy, firewall.",
                "The text says timeout.",
            ),
            maybe(
                "The connection broke after the request was sent.",
                "The text says reset or deadline; then look what is stored.",
            ),
        ],
        next: &[
            say("Look at the endpoint in the text, HTTPS_PROXY and NO_PROXY."),
            run(
                "See what is stored, and whether a lock is left over.",
                "statelock status {address}",
            ),
        ],
        ..Rule::BASE
    },
];
