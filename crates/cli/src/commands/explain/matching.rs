//! Finds the pieces of a pattern in a text, in their order.

use std::ops::Range;

/// How far apart two pieces of one pattern stand at most, in bytes. The longest text between two of
/// them is an answer of S3 with its two request ids and a long key.
const GAP_BYTES_MAX: usize = 3000;
/// So many beginnings of a pattern are tried in one text; a text of nothing else is no error.
const TRIES_MAX: usize = 2000;

/// The first place at or after `from` where all pieces of `pattern` follow each other.
pub(super) fn find(text: &str, from: usize, pattern: &str) -> Option<Range<usize>> {
    let mut pieces = pattern.split('…').map(str::trim);
    let first = pieces.next().filter(|first| !first.is_empty())?;
    let mut search = from;
    for _ in 0..TRIES_MAX {
        let start = search + text.get(search..)?.find(first)?;
        let end = pieces.clone().try_fold(start + first.len(), |end, piece| next(text, end, piece));
        if let Some(end) = end {
            return Some(start..end);
        }
        search = start + first.len();
    }
    None
}

/// Where `piece` ends, if it begins soon after `from`.
fn next(text: &str, from: usize, piece: &str) -> Option<usize> {
    let until = text.floor_char_boundary(from.saturating_add(GAP_BYTES_MAX + piece.len()));
    let start = text.get(from..until)?.find(piece)?;
    Some(from + start + piece.len())
}

#[cfg(test)]
mod tests {
    use super::{GAP_BYTES_MAX, find};

    #[test]
    fn pieces_follow_each_other() {
        assert_eq!(find("x one two three", 0, "one … three"), Some(2..15));
        assert_eq!(find("three one two", 0, "one … three"), None);
        assert_eq!(find("one one three", 1, "one … three"), Some(4..13));
        assert_eq!(find("", 0, "one"), None);
        assert_eq!(find("one", 0, ""), None);
    }

    #[test]
    fn they_stand_near_each_other() {
        let far = format!("one {} three", "é".repeat(GAP_BYTES_MAX));
        assert_eq!(find(&far, 0, "one … three"), None);
        let again = format!("{far} one three");
        assert!(find(&again, 0, "one … three").is_some());
    }
}
