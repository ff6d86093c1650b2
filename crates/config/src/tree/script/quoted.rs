//! Texts between quotes, in Groovy and in JSON.

/// Every text between quotes, with the line at which it begins. JSON has no comments and one kind of
/// quotes.
pub(super) fn texts(source: &str, is_json: bool) -> Vec<(String, usize)> {
    let mut texts = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(c) = rest.chars().next() {
        let skipped = if !is_json && rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if !is_json && rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if c == '"' || (c == '\'' && !is_json) {
            let triple = c.to_string().repeat(3);
            let quotes = if !is_json && rest.starts_with(&triple) { triple } else { c.to_string() };
            let inside = rest.get(quotes.len()..).unwrap_or_default();
            let (text, length) = text(inside, &quotes);
            texts.push((text, line));
            2 * quotes.len() + length
        } else {
            c.len_utf8()
        };
        let (gone, left) = rest.split_at_checked(skipped).unwrap_or((rest, ""));
        line += gone.bytes().filter(|byte| *byte == b'\n').count();
        rest = left;
    }
    texts
}

/// The text up to `quotes`, without the signs of escapes, and how many bytes it took.
fn text(inside: &str, quotes: &str) -> (String, usize) {
    let mut text = String::new();
    let mut chars = inside.char_indices();
    while let Some((at, c)) = chars.next() {
        if inside.get(at..).is_some_and(|rest| rest.starts_with(quotes)) {
            return (text, at);
        }
        match c {
            '\\' => match chars.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                // The shell needs these, too.
                Some((_, c @ ('\n' | '$'))) => text.extend(['\\', c]),
                Some((_, c)) => text.push(c),
                None => {}
            },
            c => text.push(c),
        }
    }
    (text, inside.len())
}
