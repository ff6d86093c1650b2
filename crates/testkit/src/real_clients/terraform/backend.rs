//! The backends through which terraform keeps a state on the server, and their configuration.

/// How a project locks its state. All kinds lock and keep the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// `backend "s3"` with `use_lockfile`.
    Lockfile,
    /// `backend "s3"` with `dynamodb_table`.
    LockTable,
    /// `backend "s3"` with both.
    Dual,
    /// `backend "http"`.
    Http,
}

/// The lock table that is there after a first start.
pub const LOCK_TABLE: &str = "terraform-locks";

impl Backend {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Lockfile, Self::LockTable, Self::Dual, Self::Http];

    /// The text of `backend.tf`.
    ///
    /// `endpoint` is the server's; the `s3` backends take it from their environment.
    pub(super) fn block(self, endpoint: &str, bucket: &str, key: &str) -> String {
        let lockfile = "    use_lockfile = true\n";
        let lock_table = format!("    dynamodb_table = \"{LOCK_TABLE}\"\n");
        match self {
            Self::Lockfile => s3_block(bucket, key, lockfile),
            Self::LockTable => s3_block(bucket, key, &lock_table),
            Self::Dual => s3_block(bucket, key, &format!("{lockfile}{lock_table}")),
            Self::Http => {
                let address = http_address(endpoint, bucket, key);
                http_block(&[
                    ("address", &address),
                    ("lock_address", &address),
                    ("unlock_address", &address),
                ])
            }
        }
    }
}

impl std::fmt::Display for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Lockfile => "lockfile",
            Self::LockTable => "lock table",
            Self::Dual => "both",
            Self::Http => "http",
        })
    }
}

/// Where the HTTP backend finds a state.
pub fn http_address(endpoint: &str, bucket: &str, key: &str) -> String {
    let escape = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' | b'/' | b':' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let key = key.bytes().map(escape).collect::<Vec<_>>().concat();
    format!("{endpoint}/_statelock/state/{bucket}/{key}")
}

/// A `backend "http"` block with these settings.
pub fn http_block(settings: &[(&str, &str)]) -> String {
    let line = |(name, value): &(&str, &str)| format!("    {name} = \"{value}\"\n");
    let lines = settings.iter().map(line).collect::<Vec<_>>().concat();
    format!("terraform {{\n  backend \"http\" {{\n{lines}  }}\n}}\n")
}

fn s3_block(bucket: &str, key: &str, locking: &str) -> String {
    format!(
        "terraform {{\n  backend \"s3\" {{\n    bucket = \"{bucket}\"\n    key    = \"{key}\"\n    \
         region = \"us-east-1\"\n{locking}  }}\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_backend_names_its_locks() {
        let block = |backend: Backend| backend.block("http://h:1", "b", "a/k.tfstate");
        let named = |text: &str| (text.contains("use_lockfile"), text.contains("dynamodb_table"));
        assert_eq!(named(&block(Backend::Lockfile)), (true, false));
        assert_eq!(named(&block(Backend::LockTable)), (false, true));
        assert_eq!(named(&block(Backend::Dual)), (true, true));
        let http = block(Backend::Http);
        assert_eq!(named(&http), (false, false));
        assert_eq!(http.matches("\"http://h:1/_statelock/state/b/a/k.tfstate\"").count(), 3);
    }

    #[test]
    fn odd_keys_are_escaped_in_addresses() {
        assert_eq!(
            http_address("http://h", "b", "env:/ä b"),
            "http://h/_statelock/state/b/env:/%C3%A4%20b"
        );
    }
}
