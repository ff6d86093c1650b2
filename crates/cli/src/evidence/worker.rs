//! Who works under a lock of this process, and what is to be expected of each.

use super::processes::is_client;

/// Programs that are started for good, and never start a Terraform or a shell. Names are cut after 15 bytes.
/// `terraform-provi` are Terraform's providers, of which a killed Terraform leaves some.
const HARMLESS: [&str; 7] = [
    "dirmngr",
    "git-credential-",
    "gpg-agent",
    "keyboxd",
    "scdaemon",
    "ssh-agent",
    "terraform-provi",
];

/// A process that carries the ID of a lock in its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Worker {
    /// Its id.
    pub(crate) pid: u32,
    /// The process that it belongs to now.
    pub(crate) parent: Option<u32>,
    /// Its name.
    pub(crate) name: String,
}

impl Worker {
    /// Whether it is Terraform or OpenTofu.
    pub(crate) fn is_client(&self) -> bool {
        is_client(&self.name)
    }

    /// Whether it is known never to become or to start one. Of everything else nobody can say: a shell, a
    /// wrapper such as terragrunt, a tool that reads a configuration.
    pub(crate) fn is_harmless(&self) -> bool {
        HARMLESS.contains(&self.name.as_str())
    }

    /// Whether it is this program.
    pub(crate) fn is_statelock(&self) -> bool {
        self.name == "statelock"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_never_to_start_terraform_is_harmless() {
        let worker = |name: &str| Worker { pid: 5, parent: None, name: name.to_owned() };
        for name in ["ssh-agent", "gpg-agent", "terraform-provi"] {
            assert!(worker(name).is_harmless(), "{name}");
        }
        for name in
            ["terraform", "tofu", "terragrunt", ".terraform-wrap", "sh", "ssh", "java", "sleep", ""]
        {
            assert!(!worker(name).is_harmless(), "{name}");
        }
    }
}
