//! Command lines in YAML, as CI services have it: scripts in scalars, lists of commands, lists of
//! options, and working directories beside them.
//!
//! Only the layout of YAML is read: mappings, lists and scalars. What it has besides (anchors, merges,
//! flow mappings) is passed over.

use super::OPTION;
use super::command::{self, InitCommand};
use super::shell;
use super::word::Word;

/// What services call the directory in which a step runs.
const DIRECTORIES: &[&str] = &["dir", "working-directory", "working_directory", "workingDirectory"];
/// GitLab runs this in one shell with the script behind it.
const BEFORE: &str = "before_script";
const SCRIPT: &str = "script";
/// More levels than any CI file has.
const DEPTH_MAX: usize = 64;

/// Every init with options in a file.
pub(super) fn commands(text: &str) -> Vec<InitCommand> {
    let mut layout = Layout::of(text);
    let mut commands = Vec::new();
    while let Some(node) = layout.node(0, DEPTH_MAX) {
        visit(&node, None, &mut commands);
        // Another document, or what is indented less than the first line.
        layout.skip_marks();
    }
    commands.sort_by_key(|command| command.line);
    commands
}

#[derive(Debug)]
enum Node {
    Scalar { text: String, line: usize },
    Map(Vec<(String, Node)>),
    List(Vec<Node>),
}

impl Node {
    fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members.iter().find(|(key, _)| key == name).map(|(_, node)| node),
            Self::Scalar { .. } | Self::List(_) => None,
        }
    }

    fn word(&self) -> Option<Word> {
        match self {
            Self::Scalar { text, line } if !text.is_empty() => Some(shell::word(text, *line)),
            Self::Scalar { .. } | Self::Map(_) | Self::List(_) => None,
        }
    }
}

fn visit(node: &Node, directory: Option<&Word>, commands: &mut Vec<InitCommand>) {
    match node {
        Node::Scalar { .. } => {
            run(node, directory, commands);
        }
        Node::List(items) => {
            if !run_list(items, directory, commands) {
                run(node, directory, commands);
            }
        }
        Node::Map(members) => {
            let own = DIRECTORIES.iter().find_map(|name| node.member(name)?.word());
            let default =
                || node.member("defaults")?.member("run")?.member("working-directory")?.word();
            let directory = own.or_else(default).or_else(|| directory.cloned());
            let mut after = None;
            for (name, member) in members {
                let start = if name == SCRIPT { after.clone() } else { None };
                let start = start.or_else(|| directory.clone());
                match member {
                    Node::Map(_) => visit(member, directory.as_ref(), commands),
                    Node::List(items) if run_list(items, start.as_ref(), commands) => {}
                    Node::Scalar { .. } | Node::List(_) => {
                        let end = run(member, start.as_ref(), commands);
                        if name == BEFORE {
                            after = end;
                        }
                    }
                }
            }
        }
    }
}

/// Runs a script, or the scripts of a list one after the other, and visits what else is in the list.
/// Gives the directory in which it ends.
fn run(node: &Node, directory: Option<&Word>, commands: &mut Vec<InitCommand>) -> Option<Word> {
    match node {
        Node::Scalar { text, line } => {
            let (found, end) = command::in_shell(text, *line, directory, false);
            commands.extend(found);
            end
        }
        Node::List(items) => {
            let mut current = directory.cloned();
            for item in items {
                match item {
                    Node::Scalar { .. } => current = run(item, current.as_ref(), commands),
                    Node::Map(_) | Node::List(_) => visit(item, directory, commands),
                }
            }
            current
        }
        Node::Map(_) => None,
    }
}

/// A list whose items are words of one command: `[init, -backend-config=…]`.
fn run_list(items: &[Node], directory: Option<&Word>, commands: &mut Vec<InitCommand>) -> bool {
    let words: Vec<_> = items.iter().filter_map(Node::word).collect();
    let is_option = |word: &Word| {
        let text = word.beginning();
        text.strip_prefix('-').is_some_and(|rest| rest.starts_with(OPTION))
            || text.starts_with(OPTION)
    };
    // With blanks it is a command line and no word.
    let is_one = words.iter().any(|word| is_option(word) && !word.beginning().contains(' '));
    if is_one {
        commands.extend(InitCommand::of(&words, directory));
    }
    is_one
}

/// A line with its indentation taken off.
#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    indentation: usize,
    content: &'a str,
    number: usize,
}

struct Layout<'a> {
    /// All of them; block scalars need the empty ones.
    lines: Vec<Line<'a>>,
    next: usize,
}

impl<'a> Layout<'a> {
    fn of(text: &'a str) -> Self {
        let lines = text.lines().enumerate().map(|(number, line)| {
            let content = line.trim_start_matches(' ');
            let indentation = line.len() - content.len();
            Line { indentation, content: content.trim_end(), number: number + 1 }
        });
        Self { lines: lines.collect(), next: 0 }
    }

    /// The next line that says something.
    fn peek(&mut self) -> Option<Line<'a>> {
        while let Some(line) = self.lines.get(self.next) {
            let is_mark = line.indentation == 0 && matches!(line.content, "---" | "...");
            if !line.content.is_empty() && !line.content.starts_with('#') && !is_mark {
                return Some(*line);
            }
            self.next += 1;
        }
        None
    }

    /// Goes on behind a line that no node took.
    fn skip_marks(&mut self) {
        if self.peek().is_some_and(|line| line.content.starts_with('%')) {
            self.next += 1;
        }
    }

    /// What begins at the next line, if that is indented at least so far.
    fn node(&mut self, indentation: usize, depth: usize) -> Option<Node> {
        let line = self.peek().filter(|line| line.indentation >= indentation)?;
        let depth = depth.checked_sub(1)?;
        if item(line.content).is_some() {
            return Some(self.list(line.indentation, depth));
        }
        if key(line.content).is_some() {
            return Some(self.map(line.indentation, depth));
        }
        self.next += 1;
        Some(self.scalar(line.content, line.number, indentation))
    }

    fn list(&mut self, indentation: usize, depth: usize) -> Node {
        let mut items = Vec::new();
        while let Some(line) = self.peek().filter(|line| line.indentation == indentation) {
            let Some(rest) = item(line.content) else { break };
            // What stands behind the dash is a line of its own, further in.
            let further = indentation + line.content.len() - rest.len();
            if rest.is_empty() || is_block(rest) {
                self.next += 1;
                items.extend(self.value(rest, line, indentation + 1, depth));
                continue;
            }
            if let Some(current) = self.lines.get_mut(self.next) {
                *current = Line { indentation: further, content: rest, number: line.number };
            }
            let before = self.next;
            items.extend(self.node(indentation + 1, depth));
            if self.next == before {
                self.next += 1;
            }
        }
        Node::List(items)
    }

    fn map(&mut self, indentation: usize, depth: usize) -> Node {
        let mut members = Vec::new();
        while let Some(line) = self.peek().filter(|line| line.indentation == indentation) {
            let Some((name, rest)) = key(line.content) else { break };
            self.next += 1;
            let is_list = rest.is_empty()
                && self.peek().is_some_and(|next| {
                    next.indentation == indentation && item(next.content).is_some()
                });
            let value = if is_list {
                self.node(indentation, depth)
            } else {
                self.value(rest, line, indentation + 1, depth)
            };
            members.extend(value.map(|value| (name.to_owned(), value)));
        }
        Node::Map(members)
    }

    /// What stands behind a key or a dash: here, or in the lines that are indented at least so far.
    fn value(
        &mut self,
        rest: &str,
        line: Line<'a>,
        indentation: usize,
        depth: usize,
    ) -> Option<Node> {
        let rest = without_properties(rest);
        if rest.is_empty() {
            return self.node(indentation, depth);
        }
        if is_block(rest) {
            return Some(self.block(rest.starts_with('>'), line.number + 1, indentation));
        }
        Some(self.scalar(rest, line.number, indentation))
    }

    /// The lines of a `|` or `>`. A folded line goes on in the next one, as after a backslash.
    fn block(&mut self, is_folded: bool, number: usize, indentation: usize) -> Node {
        let mut text = String::new();
        let mut own = None;
        while let Some(line) = self.lines.get(self.next) {
            if line.content.is_empty() {
                text.push('\n');
            } else if line.indentation < indentation {
                break;
            } else {
                let further = line.indentation.saturating_sub(*own.get_or_insert(line.indentation));
                text.push_str(&" ".repeat(further));
                text.push_str(line.content);
                let goes_on = is_folded && !line.content.ends_with('\\');
                text.push_str(if goes_on { " \\\n" } else { "\n" });
            }
            self.next += 1;
        }
        Node::Scalar { text, line: number }
    }

    /// A scalar that begins with `first` and goes on in the lines that are indented at least so far.
    fn scalar(&mut self, first: &str, number: usize, indentation: usize) -> Node {
        let mut text = without_comment(first).to_owned();
        let is_open = |text: &str| text.starts_with('[') && !text.ends_with(']');
        while let Some(line) = self.lines.get(self.next) {
            let is_inside = line.indentation >= indentation.max(1) && !line.content.is_empty();
            let goes_on = is_open(&text) && !line.content.is_empty();
            if !is_inside && !goes_on {
                break;
            }
            text.push_str(" \\\n");
            text.push_str(without_comment(line.content));
            self.next += 1;
        }
        match text.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
            Some(list) => flow_list(list, number),
            None => Node::Scalar { text: unquoted(&text), line: number },
        }
    }
}

/// What follows the dash of an item.
fn item(content: &str) -> Option<&str> {
    if content == "-" { Some("") } else { content.strip_prefix("- ").map(str::trim_start) }
}

/// The key and what follows its colon.
fn key(content: &str) -> Option<(&str, &str)> {
    let quote = content.chars().next().filter(|c| matches!(c, '"' | '\''));
    if let Some(quote) = quote {
        let (name, rest) = content.get(1..)?.split_once(quote)?;
        let rest = rest.trim_start().strip_prefix(':')?;
        return (rest.is_empty() || rest.starts_with(' ')).then(|| (name, rest.trim()));
    }
    if content.starts_with(['[', '{', '|', '>', '&', '*', '!', '#']) {
        return None;
    }
    let (name, rest) =
        content.split_once(": ").or_else(|| Some((content.strip_suffix(':')?, "")))?;
    // A command may have a colon; a key is a name.
    let is_name = !name.is_empty() && !name.contains([' ', '$', '"', '\'', '=']);
    is_name.then(|| (name, rest.trim()))
}

fn is_block(rest: &str) -> bool {
    let mut chars = rest.chars();
    matches!(chars.next(), Some('|' | '>'))
        && without_comment(chars.as_str()).chars().all(|c| "+-0123456789".contains(c))
}

/// Without anchors and tags.
fn without_properties(mut rest: &str) -> &str {
    while rest.starts_with(['&', '!']) {
        rest = rest.split_once(' ').map_or("", |(_, rest)| rest.trim_start());
    }
    if rest.starts_with('#') { "" } else { rest }
}

fn without_comment(text: &str) -> &str {
    if text.starts_with(['"', '\'']) {
        return text;
    }
    text.split_once(" #").map_or(text, |(text, _)| text).trim_end()
}

/// A scalar without its own quotes. What follows them can only be a comment.
fn unquoted(text: &str) -> String {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return text.to_owned();
    };
    let inside = text.get(1..).unwrap_or_default();
    let mut content = String::new();
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' if quote == '\'' && chars.next_if_eq(&'\'').is_some() => content.push('\''),
            c if c == quote => break,
            '\\' if quote == '"' => match chars.next() {
                Some('n') => content.push('\n'),
                // Joins lines, in YAML as in a shell.
                Some('\n') => content.push_str("\\\n"),
                Some(c @ ('"' | '\\' | '/')) => content.push(c),
                Some(c) => content.extend(['\\', c]),
                None => {}
            },
            c => content.push(c),
        }
    }
    content
}

fn flow_list(list: &str, number: usize) -> Node {
    let mut items = Vec::new();
    let mut item = String::new();
    let mut quote = None;
    let mut line = number;
    let list = list.replace(" \\\n", "\n");
    for c in list.chars() {
        match (quote, c) {
            (None, ',') => items.push((std::mem::take(&mut item), line)),
            (None, '"' | '\'') if item.trim().is_empty() => {
                quote = Some(c);
                item.push(c);
            }
            (Some(open), c) => {
                if c == open {
                    quote = None;
                }
                item.push(c);
            }
            (None, c) => item.push(c),
        }
        if c == '\n' {
            line += 1;
        }
    }
    items.push((item, line));
    let scalars = items.into_iter().filter(|(text, _)| !text.trim().is_empty());
    Node::List(
        scalars.map(|(text, line)| Node::Scalar { text: unquoted(text.trim()), line }).collect(),
    )
}
