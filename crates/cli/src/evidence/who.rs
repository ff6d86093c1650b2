//! Who this is, exactly as Terraform and OpenTofu write it into `Who`.

use std::fs;

use rustix::process::getuid;
use rustix::system::uname;
use statelock_protocol::lock::evidence::Who;

use super::variable;

/// `user@host`. As with them, the user is empty where the system has no name for it.
pub(crate) fn who() -> Who {
    let passwd = fs::read("/etc/passwd").unwrap_or_default();
    let user = user_name(&String::from_utf8_lossy(&passwd), getuid().as_raw(), &variable);
    let host = uname().nodename().to_string_lossy().into_owned();
    Who { user: user.unwrap_or_default(), host }
}

/// The name of a user id: from the user database, else `USER` if there is also a home.
fn user_name(passwd: &str, uid: u32, variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let listed = passwd.lines().find_map(|line| name_in(line, uid));
    listed.or_else(|| variable("HOME").and_then(|_| variable("USER")))
}

/// The name in a line `name:password:uid:gid:comment:home:shell`, if it is about this user.
fn name_in(line: &str, uid: u32) -> Option<String> {
    let fields: Vec<_> = line.trim().split(':').collect();
    let [name, _, listed_uid, gid, _, _, _, ..] = fields.as_slice() else {
        return None;
    };
    let is_name = !name.is_empty() && !name.starts_with(['#', '+', '-']);
    let is_meant = listed_uid.parse() == Ok(uid) && gid.parse::<u32>().is_ok();
    (is_name && is_meant).then(|| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "# users\nroot:x:0:0:root:/root:/bin/sh\n+nis:x:7:7:::\n::8:8:::\n\
                          short:x:9:9\nno-gid:x:10::::\njürgen:x:1000:1000:J, Ö:/var/j:/bin/sh\n\
                          other:x:1000:1000:::\n";

    fn name(uid: u32, set: &[&str]) -> Option<String> {
        let variable = |name: &str| set.contains(&name).then(|| format!("the-{name}"));
        user_name(PASSWD, uid, &variable)
    }

    #[test]
    fn the_user_database_names_the_user() {
        assert_eq!(name(0, &["USER", "HOME"]).as_deref(), Some("root"));
        assert_eq!(name(1000, &[]).as_deref(), Some("jürgen"));
    }

    #[test]
    fn a_user_that_is_not_listed_is_named_by_the_environment() {
        for uid in [7, 8, 9, 10, 4242] {
            assert_eq!(name(uid, &["USER", "HOME"]).as_deref(), Some("the-USER"), "{uid}");
            assert_eq!(name(uid, &["USER"]), None);
            assert_eq!(name(uid, &["HOME"]), None);
        }
    }

    #[test]
    fn this_host_has_a_name() {
        assert!(!who().host.is_empty());
    }
}
