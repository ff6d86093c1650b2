//! Tests of stamps: what people see, what is read again, and what is not mistaken.

use proptest::prelude::*;

use super::*;

const BOOT: &str = "0f3c2a61-7c1e-4b6e-9a57-2f0d3d8f6f10";

fn mark() -> ProcessMark {
    ProcessMark {
        pid: 4711,
        started_ticks: 123_456,
        pid_namespace: 4_026_531_836,
        boot_id: BootId::parse(BOOT).expect("a boot id"),
    }
}

fn reason(text: &str) -> Reason {
    Reason::parse(text).expect("a reason")
}

fn url(text: &str) -> RunUrl {
    RunUrl::parse(text).expect("a URL")
}

/// How a reason alone is written.
fn written(text: &str) -> String {
    let stamp = Stamp { reason: Some(reason(text)), ..Stamp::default() };
    let written = stamp.to_string();
    assert_eq!(Stamp::read(&written), stamp, "{text:?} as {written:?}");
    written
}

#[test]
fn a_stamp_reads_like_a_sentence() {
    let run = Some(url("https://github.com/o/r/actions/runs/12/attempts/1"));
    let stamp = Stamp { reason: Some(reason("nightly apply")), run, process: Some(mark()) };
    let text = format!(
        "nightly apply; run https://github.com/o/r/actions/runs/12/attempts/1; \
         process 4711 since 123456 in 4026531836 on {BOOT}"
    );
    assert_eq!(stamp.to_string(), text);
    assert_eq!(Stamp::read(&text), stamp);
}

#[test]
fn every_part_may_be_missing() {
    assert_eq!(Stamp::default().to_string(), "");
    assert_eq!(Stamp::read(""), Stamp::default());
    for text in [
        "freeze until Monday".to_owned(),
        "run https://ci.example/1".to_owned(),
        format!("process 1 since 2 in 3 on {BOOT}"),
        "freeze; run https://ci.example/1".to_owned(),
        format!("run https://ci.example/1; process 1 since 2 in 3 on {BOOT}"),
        format!("freeze; process 1 since 2 in 3 on {BOOT}"),
    ] {
        let stamp = Stamp::read(&text);
        assert_eq!(stamp.to_string(), text);
        assert_eq!(stamp.reason.is_some(), text.starts_with("freeze"), "{text}");
        assert_eq!(stamp.run.is_some(), text.contains("run "), "{text}");
        assert_eq!(stamp.process.is_some(), text.contains("process "), "{text}");
    }
}

#[test]
fn an_ordinary_reason_is_written_as_it_was_given() {
    for text in
        ["a; b; c", "run the tests; process the rest", "100 % »größer« 日本 😀", "[red]%s{{.}}"]
    {
        assert_eq!(written(text), text);
    }
}

#[test]
fn a_reason_stays_on_its_line_and_cannot_pass_for_another_clause() {
    assert_eq!(written("two\nlines\tC:\\new"), "two\\nlines\\tC:\\\\new");
    assert_eq!(written("\u{1b}[31mred\u{202e}"), "\\u{1b}[31mred\\u{202e}");
    assert_eq!(written("run https://a"), "\\u{72}un https://a");
    assert_eq!(written("x; run https://a; y"), "x; \\u{72}un https://a; y");
    let forged = format!("process 1 since 2 in 3 on {BOOT}");
    assert_eq!(written(&forged), forged.replacen('p', "\\u{70}", 1));
    // With a real clause behind it as well.
    let stamp =
        Stamp { reason: Some(reason("x; run https://a;")), run: None, process: Some(mark()) };
    assert_eq!(Stamp::read(&stamp.to_string()), stamp);
}

#[test]
fn text_of_other_programs_is_a_reason() {
    let read = |text: &str| {
        let Stamp { reason, run, process } = Stamp::read(text);
        assert_eq!((run, process), (None, None), "{text}");
        reason.expect("a reason").as_str().to_owned()
    };
    let long = "x".repeat(60_000);
    for text in [
        "locked by hand, ask Jürgen",
        "; ",
        ";",
        "C:\\x",
        "\\u{110000}",
        "\\u{61",
        "\\",
        "run ",
        "run ftp://a",
        "run https://user:secret@a",
        "run https://a b",
        "process 1 since 2 in 3",
        "process 1 since 2 in 3 on ",
        "process 1 since 2 in 3 on a/b",
        "process 1 since 2 in 3 on a more",
        "process 01 since 2 in 3 on a",
        "process +1 since 2 in 3 on a",
        "process -1 since 2 in 3 on a",
        "process 4294967296 since 2 in 3 on a",
        "process  1 since 2 in 3 on a",
        "Process 1 since 2 in 3 on a",
        long.as_str(),
    ] {
        assert_eq!(read(text), text);
    }
}

#[test]
fn a_place_in_line_before_a_stamp_does_not_hide_it() {
    let stamp = Stamp::read(&format!(
        "place 1 of 2 in line; held by ID a (u@h): nightly; run https://a/1; process 4711 since \
         123456 in 4026531836 on {BOOT}"
    ));
    assert_eq!((stamp.run, stamp.process), (Some(url("https://a/1")), Some(mark())));
}

#[test]
fn reasons_have_a_length() {
    assert!(Reason::parse("ü".repeat(REASON_CHARACTERS_MAX)).is_ok());
    let characters = REASON_CHARACTERS_MAX + 1;
    assert_eq!(Reason::parse("ü".repeat(characters)), Err(ReasonError::TooLong { characters }));
    for empty in ["", " \n\t"] {
        assert_eq!(Reason::parse(empty), Err(ReasonError::Empty));
    }
}

#[test]
fn a_reason_is_shown_without_driving_the_terminal() {
    let shown = Reason::parse("C:\\x\n\u{1b}[2J\u{200b}").expect("a reason").to_string();
    assert_eq!(shown, "C:\\x\\n\\u{1b}[2J\\u{200b}");
}

#[test]
fn urls_of_runs_are_plain() {
    for text in ["https://ci.example/a/b?c=d#e", "http://[::1]:8080", "https://a;b=c"] {
        assert_eq!(RunUrl::parse(text).expect(text).as_str(), text);
    }
    let long = format!("https://a/{}", "x".repeat(RUN_URL_SIZE_BYTES_MAX));
    let size_bytes = long.len();
    for (text, expected) in [
        ("", RunUrlError::NotAnUrl),
        ("ci.example/1", RunUrlError::NotAnUrl),
        ("https://", RunUrlError::NotAnUrl),
        ("https:///x", RunUrlError::NotAnUrl),
        ("javascript://x", RunUrlError::NotAnUrl),
        ("https://a/b c", RunUrlError::Character),
        ("https://a/\n", RunUrlError::Character),
        ("https://ä/", RunUrlError::Character),
        ("https://user:secret@a/", RunUrlError::UserInfo),
        (long.as_str(), RunUrlError::TooLong { size_bytes }),
    ] {
        let error = RunUrl::parse(text).expect_err(text);
        assert_eq!(error, expected, "{text}");
        assert!(!error.to_string().contains("secret"));
    }
}

#[test]
fn the_host_of_a_url_ends_where_every_reader_thinks_it_ends() {
    for (text, authority) in [
        ("https://ci.example:8443/a@b", "ci.example:8443"),
        ("https://ci.example?x=@y", "ci.example"),
        ("https://ci.example#@y", "ci.example"),
        ("https://ci.example\\@y", "ci.example"),
        ("http://[::1]:80/", "[::1]:80"),
    ] {
        assert_eq!(RunUrl::parse(text).expect(text).authority(), authority);
    }
}

/// Texts that are made of what has a meaning in a stamp.
fn tricky() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("; ".to_owned()),
        Just(";".to_owned()),
        Just("run ".to_owned()),
        Just("https://a".to_owned()),
        Just("process 1 since 2 in 3 on b".to_owned()),
        Just("\\".to_owned()),
        Just("\\u{72}".to_owned()),
        Just("{".to_owned()),
        Just("\n".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

prop_compose! {
    fn any_mark()(
        pid: u32,
        started_ticks: u64,
        pid_namespace: u64,
        boot_id in "[0-9a-zA-Z-]{1,64}",
    ) -> ProcessMark {
        let boot_id = BootId::parse(boot_id).expect("a boot id");
        ProcessMark { pid, started_ticks, pid_namespace, boot_id }
    }
}

prop_compose! {
    fn any_stamp()(
        reason in prop_oneof![tricky(), any::<String>()],
        run in prop::option::of("https?://[!-.0-9:;=A-Z\\[-~]{1,20}(/[!-~]{0,40})?"),
        process in prop::option::of(any_mark()),
    ) -> Stamp {
        Stamp {
            reason: Reason::parse(reason).ok(),
            run: run.and_then(|run| RunUrl::parse(run).ok()),
            process,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_stamp_is_read_back_from_one_line(stamp in any_stamp()) {
        let text = stamp.to_string();
        prop_assert!(!text.chars().any(char::is_control), "{:?}", text);
        prop_assert_eq!(Stamp::read(&text), stamp, "{:?}", text);
    }

    #[test]
    fn any_text_is_a_stamp_that_is_read_back(text in prop_oneof![tricky(), any::<String>()]) {
        let stamp = Stamp::read(&text);
        prop_assert_eq!(Stamp::read(&stamp.to_string()), stamp);
    }
}
