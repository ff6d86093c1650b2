//! Takes away what stands before each line: boxes, times, names of jobs, tags of CI systems.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// More prefixes than these before one line are none.
const PREFIXES_MAX: usize = 8;
const TAG_BYTES_MAX: usize = 60;

/// A line without its prefixes.
pub(super) struct Stripped<'a> {
    pub(super) rest: &'a str,
    pub(super) unix_seconds: Option<i64>,
}

/// Strips one line. `before` is the normal text so far: a time at the beginning of a line is the value of
/// `Created:` if that stands at the end of the line before.
pub(super) fn strip<'a>(line: &'a str, before: &str) -> Stripped<'a> {
    let mut stripped = Stripped { rest: line.trim(), unix_seconds: None };
    for _ in 0..PREFIXES_MAX {
        let rest = stripped.rest;
        let after = if goes_on_with_a_time(before) { None } else { time(&mut stripped) };
        match after.or_else(|| mark(rest)).or_else(|| tag(rest)).or_else(|| name(rest)) {
            Some(after) => stripped.rest = after.trim_start(),
            None => break,
        }
    }
    stripped
}

fn goes_on_with_a_time(before: &str) -> bool {
    let last = before.rsplit(' ').next().unwrap_or_default();
    last == "Created:" || is_date(last)
}

/// Marks of boxes, of annotations and of quoting.
fn mark(line: &str) -> Option<&str> {
    let marks = [
        "│",
        "╷",
        "╵",
        "┃",
        "|",
        "> ",
        "##[error]",
        "##[warning]",
        "##[debug]",
        "##[group]",
        "::error::",
        "::warning::",
        "STDERR ",
        "STDOUT ",
        "stderr: ",
        "stdout: ",
        "terraform: ",
        "tofu: ",
        "ERROR ",
        "WARN ",
        "INFO ",
        "00O ",
        "00E ",
        "01O ",
        "01E ",
        "00O+",
        "00E+",
        "01O+",
        "01E+",
    ];
    marks.iter().find_map(|mark| line.strip_prefix(mark))
}

/// `[apply] `, and with the same form `[2026-11-22T10:00:00Z] `.
fn tag(line: &str) -> Option<&str> {
    let (tag, rest) = line.strip_prefix('[')?.split_once(']')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_./:+ #@".contains(c);
    let fits = !tag.is_empty() && tag.len() <= TAG_BYTES_MAX && tag.chars().all(is_name);
    (fits && (rest.is_empty() || rest.starts_with([' ', ':', '['])))
        .then(|| rest.trim_start_matches(':'))
}

/// `web-1  | `: one word and a bar.
fn name(line: &str) -> Option<&str> {
    let (name, rest) = line.split_once(['|', '│'])?;
    let name = name.trim_end();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    (name.len() <= TAG_BYTES_MAX && name.chars().all(is_name)).then_some(rest)
}

/// A date with a time, or a time alone.
fn time<'a>(stripped: &mut Stripped<'a>) -> Option<&'a str> {
    let line = stripped.rest;
    let inner = line.strip_prefix(['[', '(']).unwrap_or(line);
    let word = inner.split([' ', ']', ')']).next()?;
    if let Some((date, clock)) = word.split_once(['T', 't'])
        && is_date(date)
        && is_clock(clock)
    {
        stripped.unix_seconds = seconds(word);
        return after(line, inner, word.len());
    }
    if is_date(word) {
        let rest = inner.get(word.len()..)?.strip_prefix(' ')?;
        let clock = rest.split([' ', ']', ')']).next()?;
        return is_clock(clock).then(|| after(line, inner, word.len() + 1 + clock.len()))?;
    }
    is_clock(word).then(|| after(line, inner, word.len()))?
}

fn after<'a>(line: &'a str, inner: &'a str, length: usize) -> Option<&'a str> {
    let rest = inner.get(length..)?;
    if line.len() == inner.len() { Some(rest) } else { rest.strip_prefix([']', ')']) }
}

fn seconds(word: &str) -> Option<i64> {
    OffsetDateTime::parse(word, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}

/// `2026-11-22`, also with `/`.
fn is_date(word: &str) -> bool {
    has_form(word, "0000-00-00") || has_form(word, "0000/00/00")
}

/// `10:00:00`, with a fraction and a zone if there are any.
fn is_clock(word: &str) -> bool {
    let Some((clock, rest)) = word.split_at_checked(8) else { return false };
    has_form(clock, "00:00:00") && rest.chars().all(|c| c.is_ascii_digit() || ".,Z+-:".contains(c))
}

/// Whether a word has digits where `form` has, and the same characters elsewhere.
fn has_form(word: &str, form: &str) -> bool {
    let fits =
        |(is, form): (char, char)| if form == '0' { is.is_ascii_digit() } else { is == form };
    word.len() == form.len() && word.chars().zip(form.chars()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn prefixes_are_taken_away() {
        for line in [
            "2026-11-22T10:00:00.000Z Error: x",
            "2026-11-22T10:00:00.1234567Z ##[error]Error: x",
            "[2026-11-22T10:00:00.000Z] │ Error: x",
            "2026-11-22 10:00:00,123 [apply] Error: x",
            "[apply] [live/prod] Error: x",
            "  web-1  | │ Error: x",
            "10:00:00.123 STDERR [live/prod] terraform: │ Error: x",
            "2026-11-22T10:00:00.000000Z 00O+Error: x",
            "> | Error: x",
        ] {
            assert_eq!(strip(line, "").rest, "Error: x", "{line}");
        }
        assert_eq!(strip("1970-01-01T00:01:00.5Z x", "").unix_seconds, Some(60));
    }

    #[test]
    fn what_belongs_to_the_text_stays() {
        for line in
            ["ID=1 | x y | z", "at 10:00 x", "[]", "[a?] x", "1.11.4", "a b | c", "resource[0] x"]
        {
            assert!(line.ends_with(strip(line, "").rest), "{line}");
        }
        assert_eq!(strip("a b | c", "").rest, "a b | c");
        let created = "2026-11-21 20:58:50.52 +0000 UTC";
        assert_eq!(strip(created, "x Created:").rest, created);
        assert_eq!(
            strip("20:58:50.52 +0000 UTC", "Created: 2026-11-21").rest,
            "20:58:50.52 +0000 UTC"
        );
    }
}
