//! Who asks, and whether they may.

use crate::commands::explain::rule::{Rule, maybe, run, say};

/// These are the cause even where the lock or the state is what failed.
pub(super) const BEFORE_LOCKS: &[Rule] = &[
    Rule {
        id: "kms-denied",
        title: "These credentials may not use the encryption key",
        patterns: &[
            "is not authorized to perform: kms:",
            "KMS.AccessDenied",
            "KMSAccessDenied",
            "The ciphertext refers to a customer master key that does not exist",
        ],
        cause: "The object or table is encrypted with a KMS key that this role may not use, so the store refused the \
                request. Nothing was written by it. If the state was to be saved, it is in errored.tfstate.",
        possible: &[
            maybe(
                "The role's policy lacks kms:GenerateDataKey (to write) or kms:Decrypt (to read).",
                "The text names the action.",
            ),
            maybe(
                "The key's own policy does not name this account or role.",
                "The key belongs to another account.",
            ),
            maybe("The key was disabled or deleted.", "`aws kms describe-key` says so."),
        ],
        next: &[
            run("See who you are for the store.", "aws sts get-caller-identity"),
            run("See which key it is.", "aws s3api get-bucket-encryption --bucket {bucket}"),
            say(
                "Allow kms:GenerateDataKey and kms:Decrypt on that key, in the role's policy and in the key's.",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "clock-skew",
        title: "The clock of this machine is wrong",
        patterns: &["RequestTimeTooSkewed", "Signature expired:", "Signature not yet current"],
        cause: "A signature counts for 15 minutes, and this one is too old or from the future. The request was refused; it \
                changed nothing.",
        next: &[
            run(
                "Compare the clock with the store's.",
                "date -u; curl -sI https://s3.amazonaws.com | grep -i ^date",
            ),
            say("Set the clock (NTP). In a virtual machine: after it was suspended, too."),
        ],
        ..Rule::BASE
    },
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "credentials-expired",
        title: "The credentials have expired",
        patterns: &[
            "ExpiredToken",
            "security token included in the request is expired",
            "RequestExpired",
            "Request has expired",
            "The provided token has expired",
        ],
        cause: "The store refused the request because the session is over. The request changed nothing. If this was in the \
                middle of a run, its lock may be left over, and its state may be unsaved (errored.tfstate).",
        next: &[
            say("Get new credentials (aws sso login, a new role session, a new CI job)."),
            run("See that they work.", "aws sts get-caller-identity"),
            run("See whether a lock of the run is left over.", "statelock status {address}"),
            say(
                "For long runs: a longer session, or credentials that renew themselves (a profile, web identity).",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "sso-expired",
        title: "The SSO session is over",
        patterns: &[
            "SSO session has expired",
            "refresh cached SSO token",
            "Error loading SSO Token",
            "InvalidGrantException",
        ],
        cause: "The profile gets its credentials by SSO, and that login has ended. Nothing was asked of the store.",
        next: &[
            run("Log in again.", "aws sso login --profile {profile}"),
            run("See that it works.", "aws sts get-caller-identity"),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "access-key-unknown",
        title: "The store does not know this access key",
        patterns: &[
            "InvalidAccessKeyId",
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "InvalidToken: ",
        ],
        cause: "The key was deleted, belongs to another store, or a session token does not belong to it. The request \
                changed nothing.",
        possible: &[
            maybe(
                "Keys of AWS went to another store, or the other way round.",
                "AWS_ENDPOINT_URL or `endpoints` names another store.",
            ),
            maybe(
                "A stale AWS_SESSION_TOKEN stands beside other keys.",
                "The variable is set; a statelock server gives none out.",
            ),
            maybe("The key was deleted or is inactive.", "It does not work anywhere."),
        ],
        next: &[
            run("See which credentials are used.", "aws configure list"),
            say(
                "Unset AWS_SESSION_TOKEN if the key is a permanent one. For a statelock server: AWS_SHARED_CREDENTIALS_FILE=DIR/credentials.",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "signature-wrong",
        title: "The signature of the request is wrong",
        patterns: &["SignatureDoesNotMatch", "InvalidSignatureException"],
        cause: "The store computed another signature than the client. The request changed nothing.",
        possible: &[
            maybe(
                "The secret is wrong: a blank, a line end, or half of it.",
                "The same key fails everywhere.",
            ),
            maybe("A proxy changes headers or the path on the way.", "It works without the proxy."),
            maybe(
                "The store computes it otherwise: region, path style, a `/` at the end of the endpoint.",
                "It is no AWS.",
            ),
        ],
        next: &[
            run("See that key and secret fit.", "aws sts get-caller-identity"),
            say(
                "Set the secret anew, without white space. For other stores: region and use_path_style as they document.",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "assume-role-denied",
        title: "The role cannot be assumed",
        patterns: &[
            "is not authorized to perform: sts:AssumeRole",
            "Cannot assume IAM Role",
            "is not authorized to perform: sts:TagSession",
        ],
        cause: "The credentials are good, but may not become the role that the backend or profile names. Nothing was asked \
                of the store.",
        next: &[
            run("See who you are.", "aws sts get-caller-identity"),
            say(
                "Allow sts:AssumeRole (and sts:TagSession where tags are sent) in your policy, and name yourself in the role's trust policy.",
            ),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "profile-missing",
        title: "There is no such profile",
        patterns: &[
            "failed to get shared config profile",
            "could not be found in shared config",
            "The config profile (",
        ],
        cause: "The backend or AWS_PROFILE names a profile that is in none of the AWS configuration files. Nothing was asked.",
        next: &[
            run("See what there is.", "aws configure list-profiles"),
            say("Correct AWS_PROFILE or `profile`; in CI unset it."),
        ],
        ..Rule::BASE
    },
    Rule {
        id: "credentials-missing",
        title: "There are no credentials",
        patterns: &[
            "No valid credential sources found",
            "no valid credential sources for",
            "NoCredentialProviders",
            "Unable to locate credentials",
            "no EC2 IMDS role found",
            "failed to refresh cached credentials",
            "NoCredentialsError",
            "there is no access key: no variable names one",
        ],
        cause: "The client looked in the environment, the shared files, SSO, web identity and the machine's role, and found \
                nothing. Nothing was asked of the store.",
        next: &[
            run("See what is found where.", "aws configure list"),
            say(
                "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. For a statelock server: AWS_SHARED_CREDENTIALS_FILE=DIR/credentials.",
            ),
            say("Credentials of the provider block are not used by the backend: it needs its own."),
        ],
        ..Rule::BASE
    },
];

/// What is left of refusals.
pub(super) const OTHERWISE: &[Rule] = &[Rule {
    id: "access-denied",
    title: "The store does not permit this",
    patterns: &[
        "AccessDenied",
        "AccessDeniedException",
        "is not authorized to perform:",
        "StatusCode: 403",
    ],
    cause: "The credentials are known, and may not do what was asked. The request changed nothing.",
    possible: &[
        maybe(
            "The role's policy does not allow the action on this bucket, key or table.",
            "The text names the action.",
        ),
        maybe("A policy denies it.", "The text says `explicit deny`."),
        maybe(
            "The object is not there, and the role may not list the bucket.",
            "S3 then says 403 in the place of 404.",
        ),
    ],
    next: &[
        run("See who you are for the store.", "aws sts get-caller-identity"),
        say(
            "Allow s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject on the state, with s3:DeleteObject on its .tflock.",
        ),
    ],
    ..Rule::BASE
}];
