//! Cuts a text into the errors that stand in it.

use std::collections::BTreeSet;

use super::normalise::Normal;

/// One error, or what stands before the first one.
#[derive(Debug)]
pub(super) struct Segment<'a> {
    /// Its words, with one blank between any two.
    pub(super) text: &'a str,
    /// Where in the normal text it begins.
    pub(super) offset: usize,
    /// Whether an error begins there, and not merely the text.
    pub(super) begins_with_error: bool,
}

/// With these an error begins, wherever they stand.
const ANYWHERE: &[&str] = &[
    "Error: ",
    "Failed to unlock state:",
    "Failed to write state:",
    "Failed to get configured named states:",
    "An error occurred (",
];

/// With these an error begins at the beginning of a line.
const AT_LINE_START: &[&str] = &[
    "error: ",
    "Warning: ",
    "Workspace \"",
    "Deleted workspace \"",
    "workspaces not supported",
    "Locking is disabled for this backend",
    "Local state cannot be unlocked",
    "Terraform state has been successfully unlocked",
    "OpenTofu state has been successfully unlocked",
    "failed to lock s3 state:",
    "fatal error: ",
    "Error finding AWS credentials",
    "Remote state S3 bucket ",
    "Lock table ",
];

/// This is the second half of the error before it.
const FOLLOWS_UP: (&str, &str) =
    ("Failed to save state", "Error: Failed to persist state to backend");

/// The errors of a text in their order.
pub(super) fn segments(normal: &Normal) -> Vec<Segment<'_>> {
    let text = normal.text.as_str();
    let mut cuts = cuts(normal);
    let begins: BTreeSet<usize> = cuts.iter().copied().collect();
    cuts.push(text.len());
    let (mut segments, mut start) = (Vec::new(), 0);
    for (index, cut) in cuts.iter().enumerate() {
        let Some(piece) = text.get(start..*cut) else { continue };
        let follows = text.get(*cut..).is_some_and(|rest| rest.starts_with(FOLLOWS_UP.1));
        let is_last = index + 1 == cuts.len();
        if follows && !is_last && piece.contains(FOLLOWS_UP.0) {
            continue;
        }
        if !piece.trim().is_empty() {
            let begins_with_error = begins.contains(&start);
            segments.push(Segment { text: piece, offset: start, begins_with_error });
        }
        start = *cut;
    }
    segments
}

fn cuts(normal: &Normal) -> Vec<usize> {
    let text = normal.text.as_str();
    let is_word_start =
        |at: &usize| *at == 0 || text.get(..*at).is_some_and(|before| before.ends_with(' '));
    let anywhere = ANYWHERE
        .iter()
        .flat_map(|begin| text.match_indices(begin).map(|(at, _)| at))
        .filter(is_word_start);
    let line_starts = normal.lines.iter().map(|line| line.offset).filter(|at| {
        text.get(*at..)
            .is_some_and(|rest| AT_LINE_START.iter().any(|begin| rest.starts_with(begin)))
    });
    let mut cuts: Vec<usize> = anywhere.chain(line_starts).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

#[cfg(test)]
mod tests {
    use super::super::normalise::normalise;
    use super::segments;

    fn cut(text: &str) -> Vec<String> {
        let normal = normalise(text, 0);
        segments(&normal).iter().map(|segment| segment.text.trim().to_owned()).collect()
    }

    #[test]
    fn each_error_stands_alone() {
        assert_eq!(
            cut("log\nError: one\nmore\nerror: two\nno error: here Failed to unlock state: x"),
            ["log", "Error: one more", "error: two no error: here", "Failed to unlock state: x"]
        );
    }

    #[test]
    fn what_belongs_together_stays_together() {
        let saved =
            "Error: Failed to save state\nwhy\nError: Failed to persist state to backend\nmore";
        assert_eq!(cut(saved).len(), 1);
        assert_eq!(cut("Error: other\nError: Failed to persist state to backend").len(), 2);
    }
}
