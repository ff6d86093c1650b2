//! What states need: to be listed, read, written, deleted and encrypted.

use statelock_client::Encryption;

use super::{Action, Narrowing, Need, Value};
use crate::commands::iam::options::Client;
use crate::commands::iam::target::Target;
use crate::policy::Subject;

/// Listing, and with it the 404 of what is missing: S3 answers 403 to whoever may not list the key.
pub(super) fn listing(target: &Target, states: &[Subject], lockfiles: bool) -> Need {
    let listed = Value {
        is: target.listing_prefix(),
        without: Some(
            "every command that looks for workspaces fails with AccessDenied; with the prefix `env:` Terraform goes \
             on, and sees only `default`",
        ),
    };
    let state = |key: &Subject| Value { is: key.clone(), without: None };
    let lockfile = |key: &Subject| Value {
        is: key.clone().then(".tflock"),
        without: Some(
            "a lock that was released meanwhile answers 403 instead of 404, and looks like a permission that is lacking",
        ),
    };
    let locked = if lockfiles { target.states() } else { Vec::new() };
    let values =
        [listed].into_iter().chain(states.iter().map(state)).chain(locked.iter().map(lockfile));
    let narrowing = Narrowing { key: "s3:prefix", is_list: false, values: values.collect() };
    let list = Action::new(
        "s3:ListBucket",
        "ListObjectsV2 of the workspaces by every command; and what makes S3 say that an object is missing",
        "a state that is not there yet answers 403 instead of 404: the first `init` or `workspace new` fails",
    );
    Need {
        sid: "ListStates",
        why: "find workspaces, and tell a missing state from a forbidden one",
        actions: vec![list],
        resources: vec![target.bucket()],
        narrowing: Some(narrowing),
    }
}

/// HEAD and GET.
pub(super) fn reading(target: &Target) -> Need {
    let get = Action::new(
        "s3:GetObject",
        "HeadObject and GetObject of the state by every command that reads it",
        "`Unable to access object` with 403: no command works",
    );
    need("ReadStates", "read the state", vec![get], target.objects_at(&target.states()))
}

/// PUT, whole or in parts.
pub(super) fn writing(target: &Target) -> Need {
    let put = Action::new(
        "s3:PutObject",
        "PutObject of the state, or a multipart upload of one over 5 MiB, by apply, import, state and workspace new",
        "apply changes resources and cannot save the state: `errored.tfstate` is left",
    );
    let mut actions = vec![put.with(written(target, None))];
    if target.client != Client::Tofu {
        actions.push(Action::new(
            "s3:AbortMultipartUpload",
            "Terraform, when the upload of a state over 5 MiB fails",
            "parts of the failed upload stay in the bucket and are paid for",
        ));
    }
    actions.extend(extras(target, !target.objects.state_tags.is_empty()));
    need("WriteStates", "write the state", actions, target.objects_at(&target.states()))
}

/// DELETE of a workspace's state.
pub(super) fn deleting(target: &Target) -> Need {
    let delete = Action::new(
        "s3:DeleteObject",
        "DeleteObject of the state by `workspace delete`, and by nothing else",
        "`workspace delete` fails",
    )
    .with(vec![("s3:if-match", None)]);
    need(
        "DeleteWorkspaces",
        "delete a workspace",
        vec![delete],
        target.objects_at(&target.workspace_states()),
    )
}

/// What every object that is written may need besides.
pub(super) fn extras(target: &Target, has_tags: bool) -> Vec<Action> {
    let acl = target.objects.acl.is_some().then(|| {
        Action::new(
            "s3:PutObjectAcl",
            "PutObject with the header x-amz-acl, because `acl` is configured",
            "the PutObject is refused",
        )
        .with(written(target, None))
    });
    let tags = (has_tags && target.client != Client::Terraform).then(|| {
        Action::new(
            "s3:PutObjectTagging",
            "PutObject of OpenTofu with the header x-amz-tagging, because tags are configured",
            "the PutObject is refused",
        )
    });
    acl.into_iter().chain(tags).collect()
}

/// The condition keys of a PUT, with what is in `If-None-Match`.
pub(super) fn written(
    target: &Target,
    if_none_match: Option<&str>,
) -> Vec<(&'static str, Option<String>)> {
    let text = |text: &str| Some(text.to_owned());
    let (encryption, key, customer) = match &target.objects.encryption {
        Encryption::Bucket => (None, None, None),
        Encryption::Store => (text("AES256"), None, None),
        Encryption::Kms(key) => (text("aws:kms"), Some(key.clone()), None),
        Encryption::KmsDualLayer(key) => (text("aws:kms:dsse"), Some(key.clone()), None),
        Encryption::Customer(_) => (None, None, text("AES256")),
    };
    // A key that is no ARN is compared by the service as the ARN that it stands for.
    let key = ("s3:x-amz-server-side-encryption-aws-kms-key-id", key);
    let is_certain = key.1.as_deref().is_none_or(|key| key.starts_with("arn:"));
    let mut context = vec![
        ("s3:x-amz-server-side-encryption", encryption),
        ("s3:x-amz-server-side-encryption-customer-algorithm", customer),
        ("s3:x-amz-acl", target.objects.acl.clone()),
        ("s3:if-none-match", if_none_match.map(str::to_owned)),
        ("s3:if-match", None),
    ];
    context.extend(is_certain.then_some(key));
    context
}

/// The key, where objects are only read.
pub(super) fn key_for_reading(target: &Target) -> Option<Need> {
    let decrypt = vec![decrypting()];
    Some(need("UseKey", "read what is encrypted with the KMS key", decrypt, vec![target.key()?]))
}

/// The key, where objects are written too; a lockfile is one.
pub(super) fn key_for_writing(target: &Target) -> Option<Need> {
    let generate = Action::new(
        "kms:GenerateDataKey",
        "S3 for us, with each PutObject of a state or lockfile",
        "no lockfile and no state can be written: AccessDenied that names KMS",
    );
    let actions = vec![decrypting(), generate];
    Some(need(
        "UseKey",
        "read and write what is encrypted with the KMS key",
        actions,
        vec![target.key()?],
    ))
}

fn decrypting() -> Action {
    Action::new(
        "kms:Decrypt",
        "S3 for us, with each GetObject, and with multipart uploads",
        "no state and no lockfile can be read: AccessDenied that names KMS",
    )
}

/// A need without a narrowing key.
pub(super) fn need(
    sid: &'static str,
    why: &'static str,
    actions: Vec<Action>,
    resources: Vec<Subject>,
) -> Need {
    Need { sid, why, actions, resources, narrowing: None }
}
