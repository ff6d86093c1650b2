//! Workspace names and the prefix that their keys stand under.

use std::fmt;

/// The name of a workspace. A backend without named workspaces uses [`WorkspaceName::default`].
///
/// A name is made of characters that stand for themselves in a URL path segment; so it has no `/`.
/// (Terraform: `internal/command/workspace_command.go`, `validWorkspaceName`.) Beyond that, `.` and
/// `..` are refused here: joined into a key they would name another workspace's state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkspaceName(String);

/// Why a text is not a workspace name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkspaceNameError {
    /// The text is empty.
    #[error("a workspace name must not be empty")]
    Empty,
    /// The text is `.` or `..`.
    #[error("`{0}` cannot name a workspace: in a key it would point to another state")]
    DotSegment(String),
    /// A character would be escaped in a URL.
    #[error(
        "`{character}` cannot stand in the workspace name `{name}`: \
         only letters, digits and `- _ . ~ $ & + : = @` can"
    )]
    Character {
        /// The whole text.
        name: String,
        /// The first character that is not allowed.
        character: char,
    },
}

impl WorkspaceName {
    const DEFAULT: &'static str = "default";

    /// Reads a workspace name; `default` is the unnamed workspace.
    ///
    /// # Errors
    /// [`WorkspaceNameError`] if Terraform would not accept it, or if it is `.` or `..`.
    pub fn parse(text: &str) -> Result<Self, WorkspaceNameError> {
        if text.is_empty() {
            return Err(WorkspaceNameError::Empty);
        }
        if text == "." || text == ".." {
            return Err(WorkspaceNameError::DotSegment(text.to_owned()));
        }
        match text.chars().find(|c| !stands_for_itself_in_a_url(*c)) {
            Some(character) => {
                Err(WorkspaceNameError::Character { name: text.to_owned(), character })
            }
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the unnamed workspace, whose state stands under the bare key.
    pub fn is_default(&self) -> bool {
        self.0 == Self::DEFAULT
    }
}

/// The characters that Go's `url.PathEscape` leaves alone.
fn stands_for_itself_in_a_url(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_.~$&+:=@".contains(character)
}

impl Default for WorkspaceName {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

impl fmt::Display for WorkspaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the keys of named workspaces start with: `env:` unless configured, and possibly nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkspaceKeyPrefix(String);

/// The prefix starts or ends with `/`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the workspace key prefix `{0}` must not start or end with `/`")]
pub struct WorkspaceKeyPrefixError(String);

impl WorkspaceKeyPrefix {
    /// Reads a prefix. An empty one is legal: workspace names then stand at the top of the bucket.
    ///
    /// # Errors
    /// [`WorkspaceKeyPrefixError`] if it starts or ends with `/`.
    pub fn parse(text: &str) -> Result<Self, WorkspaceKeyPrefixError> {
        if text.starts_with('/') || text.ends_with('/') {
            return Err(WorkspaceKeyPrefixError(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The prefix, without a `/` after it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for WorkspaceKeyPrefix {
    fn default() -> Self {
        Self("env:".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{WorkspaceKeyPrefix, WorkspaceName, WorkspaceNameError};

    #[test]
    fn names_that_survive_url_escaping_are_accepted() {
        for name in ["default", "dev", "a-b_c.d~e", "team:blue@eu", "x$&+=", "...", "0"] {
            assert_eq!(WorkspaceName::parse(name).expect(name).as_str(), name);
        }
        assert!(WorkspaceName::default().is_default());
        assert!(!WorkspaceName::parse("Default").expect("a name").is_default());
    }

    #[test]
    fn names_that_a_url_would_escape_are_refused_with_the_character() {
        for (name, character) in [
            ("a/b", '/'),
            ("a b", ' '),
            ("a%20", '%'),
            ("ü", 'ü'),
            ("a,b", ','),
            ("a;b", ';'),
            ("a?b", '?'),
            ("a\n", '\n'),
        ] {
            let name = name.to_owned();
            let expected = WorkspaceNameError::Character { name: name.clone(), character };
            assert_eq!(WorkspaceName::parse(&name), Err(expected));
        }
        assert_eq!(WorkspaceName::parse(""), Err(WorkspaceNameError::Empty));
    }

    #[test]
    fn dot_segments_are_no_workspaces_because_they_would_alias_another_state() {
        for name in [".", ".."] {
            let expected = WorkspaceNameError::DotSegment(name.to_owned());
            assert_eq!(WorkspaceName::parse(name), Err(expected));
        }
    }

    #[test]
    fn a_prefix_may_be_empty_and_may_contain_slashes_but_not_at_its_ends() {
        for prefix in ["", "env:", "a/b", "workspaces"] {
            assert_eq!(WorkspaceKeyPrefix::parse(prefix).expect(prefix).as_str(), prefix);
        }
        for prefix in ["/", "/a", "a/"] {
            let error = WorkspaceKeyPrefix::parse(prefix).expect_err(prefix);
            assert!(error.to_string().contains("must not start or end"), "{error}");
        }
    }
}
