//! Reads an access key from a shared credentials file of AWS clients.
//!
//! The file is the user's and holds much that is not for us: what is not understood is passed over.

use std::path::Path;

use super::settings::{AccessKey, SettingsError};

/// The key of `profile`.
pub(super) fn read(path: &Path, profile: &str) -> Result<AccessKey, SettingsError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
    find(&text, profile).map_err(|what| SettingsError::NoKey { path: path.to_owned(), what })
}

fn find(text: &str, profile: &str) -> Result<AccessKey, String> {
    let lines = of_profile(text, profile).ok_or_else(|| format!("has no profile `{profile}`"))?;
    let setting = |wanted: &str| {
        let value =
            lines.iter().filter_map(|line| line.split_once('=')).find_map(|(name, value)| {
                name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
            });
        value
            .filter(|value| !value.is_empty())
            .ok_or_else(|| format!("has no `{wanted}` in the profile `{profile}`"))
    };
    Ok(AccessKey { id: setting("aws_access_key_id")?, secret: setting("aws_secret_access_key")? })
}

/// The lines of a profile, if it is there.
fn of_profile<'a>(text: &'a str, profile: &str) -> Option<Vec<&'a str>> {
    let (mut inside, mut found) = (false, None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            inside = name.trim() == profile;
            if inside {
                found.get_or_insert_with(Vec::new);
            }
        } else if inside && !line.starts_with(['#', ';']) {
            found.get_or_insert_with(Vec::new).push(line);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_key_is_found_among_what_others_put_there() {
        let text = "# mine\r\n[ work ]\r\nregion=eu\r\nAWS_ACCESS_KEY_ID=A\r\n\
                    ; aws_access_key_id=NO\r\naws_secret_access_key = x=y/z==\r\n[default]\n\
                    credential_process = /bin/true\n";
        let key = find(text, "work").unwrap();
        assert_eq!((key.id.as_str(), key.secret.as_str()), ("A", "x=y/z=="));
        assert!(find(text, "default").unwrap_err().contains("no `aws_access_key_id`"));
        assert!(find(text, "none").unwrap_err().contains("no profile `none`"));
        let half = "[p]\naws_access_key_id = A\naws_secret_access_key =\n";
        assert!(find(half, "p").unwrap_err().contains("no `aws_secret_access_key`"));
    }
}
