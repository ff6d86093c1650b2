//! Tests of keys: golden values, and the way back from a lockfile to its state.

use super::*;

fn address(key: &str, workspace: &str, prefix: &str) -> StateAddress {
    StateAddress::new(BucketName::new("bkt"), StateKey::parse(key).expect(key)).in_workspace(
        WorkspaceName::parse(workspace).expect(workspace),
        WorkspaceKeyPrefix::parse(prefix).expect(prefix),
    )
}

#[test]
fn the_keys_of_a_state_are_those_that_stock_clients_use() {
    for (key, workspace, prefix, object_key) in [
        ("app/terraform.tfstate", "default", "env:", "app/terraform.tfstate"),
        ("app/terraform.tfstate", "dev", "env:", "env:/dev/app/terraform.tfstate"),
        ("k", "dev", "", "dev/k"),
        ("k", "dev", "teams/blue", "teams/blue/dev/k"),
        ("k", "team:a@b", "env:", "env:/team:a@b/k"),
        // The default workspace's key is taken as it is; others are cleaned.
        ("a//b/./c", "default", "env:", "a//b/./c"),
        ("a//b/./c", "dev", "env:", "env:/dev/a/b/c"),
        ("a/../b", "dev", "env:", "env:/dev/b"),
        ("../../b", "dev", "env:", "b"),
        ("../../../b", "dev", "env:", "../b"),
        ("k", "dev", "a//b", "a/b/dev/k"),
    ] {
        let address = address(key, workspace, prefix);
        assert_eq!(address.object_key().as_str(), object_key);
        assert_eq!(address.lockfile_key().as_str(), format!("{object_key}.tflock"));
        assert_eq!(address.lock_table_lock_key().as_str(), format!("bkt/{object_key}"));
        assert_eq!(address.lock_table_digest_key().as_str(), format!("bkt/{object_key}-md5"));
    }
}

#[test]
fn an_address_without_a_workspace_is_the_default_workspaces() {
    let address = StateAddress::new(BucketName::new("bkt"), StateKey::parse("k").expect("a key"));
    assert_eq!(address.to_string(), "s3://bkt/k");
    assert!(address.workspace().is_default());
    assert_eq!(address.bucket().as_str(), "bkt");
}

#[test]
fn a_state_key_is_not_empty_and_has_no_slash_at_its_ends() {
    assert_eq!(StateKey::parse(""), Err(StateKeyError::Empty));
    for bad in ["/", "/a", "a/"] {
        assert_eq!(StateKey::parse(bad), Err(StateKeyError::Slash(bad.to_owned())));
    }
    assert_eq!(StateKey::parse(" a ").expect("spaces are legal").as_str(), " a ");
}

#[test]
fn a_lockfile_names_the_state_it_locks() {
    for (lockfile, state) in [
        ("k.tflock", Some("k")),
        ("env:/dev/a/k.tflock", Some("env:/dev/a/k")),
        ("k.tflock.tflock", Some("k.tflock")),
        ("a/..tflock", Some("a/.")),
        (".tflock", None),
        ("a/.tflock", None),
        ("k", None),
        ("k.tflock/", None),
        ("k.TFLOCK", None),
        ("", None),
    ] {
        let key = ObjectKey::new(lockfile);
        assert_eq!(state_key_of_lockfile(&key), state.map(ObjectKey::new), "{lockfile}");
        assert_eq!(is_lockfile_key(&key), state.is_some(), "{lockfile}");
        if let Some(state) = state {
            assert_eq!(lockfile_key_of(&ObjectKey::new(state)), key);
        }
    }
}

#[test]
fn a_lock_table_key_names_its_bucket_and_state() {
    let pair = |key: &str| Some((BucketName::new("bkt"), ObjectKey::new(key)));
    let lock = LockTableKey::new("bkt/env:/dev/k");
    assert_eq!(lock.locked_state(), pair("env:/dev/k"));
    assert_eq!(lock.digested_state(), None);
    let digest = LockTableKey::new("bkt/k-md5");
    assert_eq!(digest.digested_state(), pair("k"));
    assert_eq!(digest.locked_state(), pair("k-md5"), "only the attributes can tell");
    for bad in ["", "bkt", "bkt/", "/k", "bkt/-md5"] {
        assert_eq!(LockTableKey::new(bad).digested_state(), None, "{bad}");
    }
    for none in ["bkt/", "bkt/dir/", "bkt//", "bkt/a/b/"] {
        assert_eq!(LockTableKey::new(none).locked_state(), None, "{none}");
    }
}

#[test]
fn joining_cleans_as_go_does() {
    // From the table in Go's src/path/path_test.go.
    for (parts, joined) in [
        (vec!["a", "b"], "a/b"),
        (vec!["a", ""], "a"),
        (vec!["", "b"], "b"),
        (vec!["a/", "b"], "a/b"),
        (vec!["abc/./../def"], "def"),
        (vec!["abc//./../def"], "def"),
        (vec!["abc/../../././../def"], "../../def"),
        (vec!["abc/def/../.."], "."),
        (vec!["abc/def/../../.."], ".."),
    ] {
        assert_eq!(path_join(&parts), joined, "{parts:?}");
    }
}
