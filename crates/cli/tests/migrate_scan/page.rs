//! The report as a page: complete in itself, and safe with names of others.

use crate::stage::{LOCK_TABLE_BLOCK, Stage};

/// Elements that stand alone.
const VOID: [&str; 3] = ["meta", "br", "!doctype"];

fn page_of(stage: &Stage) -> String {
    stage.scan(&["--html", "report.html"]);
    std::fs::read_to_string(stage.file("report.html")).expect("a page")
}

/// Every tag in order: the name, and whether it closes. Fails where a `<` begins no tag.
fn tags(page: &str) -> Vec<(String, bool)> {
    let mut tags = Vec::new();
    for piece in page.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').expect(piece);
        let is_end = tag.starts_with('/');
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default();
        tags.push((name.to_lowercase(), is_end));
    }
    tags
}

#[track_caller]
fn assert_well_formed(page: &str) {
    let mut open = Vec::new();
    for (name, is_end) in tags(page) {
        if VOID.contains(&name.as_str()) {
            continue;
        }
        if is_end {
            assert_eq!(open.pop(), Some(name.clone()), "</{name}> closes another element");
        } else {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<String>::new(), "left open");
}

#[test]
fn the_page_of_a_fleet_is_well_formed_and_needs_nothing_else() {
    let page = page_of(&Stage::fleet());
    assert_well_formed(&page);
    let names: Vec<_> = tags(&page).into_iter().map(|(name, _)| name).collect();
    for foreign in ["script", "link", "img", "iframe", "a", "base", "object", "form"] {
        assert!(!names.contains(&foreign.to_owned()), "<{foreign}>");
    }
    for foreign in ["url(", "@import", " src=", " href=", "javascript:"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    for said in
        ["prefers-color-scheme", "@media print", "terraform-locks", "./twins/one", "What blocks"]
    {
        assert!(page.contains(said), "{said}");
    }
}

#[test]
fn names_of_others_stay_text() {
    let hostile = r#"<script>alert(1)</script>&"'"#;
    let stage = Stage::with(&[]);
    let block = LOCK_TABLE_BLOCK.replace("app/", "<img src=x onerror=alert(1)>/");
    // A slash would make two directories of it.
    let directory = hostile.replace('/', "|");
    stage.write(&format!("{directory}/main.tf"), &block);
    let page = page_of(&stage);
    assert_well_formed(&page);
    assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
    assert!(page.contains("&lt;img src=x"), "{page}");
}

#[test]
fn names_of_others_do_not_move_a_terminal() {
    let stage = Stage::with(&[("a\u{1b}[31mb/main.tf", LOCK_TABLE_BLOCK)]);
    let run = stage.scan(&[]);
    run.ended(0, "");
    assert!(!run.stdout.contains('\u{1b}'), "{}", run.stdout);
    assert!(run.stdout.contains("./a\\u{1b}[31mb"), "{}", run.stdout);
}
