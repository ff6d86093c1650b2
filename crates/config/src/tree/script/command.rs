//! Which commands are an init with options, and in which directory each is run.

use std::path::PathBuf;

use super::OPTION;
use super::shell::{self, Token};
use super::word::Word;

/// Commands that show their words or search for them.
const SHOW: &[&str] = &["awk", "cat", "echo", "grep", "printf", "rg", "sed"];
/// Words in front of the command proper.
const BEFORE: &[&str] = &[
    "!", "command", "do", "else", "env", "exec", "export", "if", "local", "readonly", "run", "set",
    "sudo", "then", "time",
];
const CHDIR: &str = "-chdir=";
/// How terragrunt is told its directory.
const WORKING_DIR: &[&str] = &["--terragrunt-working-dir", "--working-dir"];
/// How often a text in a text is looked into.
const DEPTH_MAX: usize = 3;

/// One init.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InitCommand {
    /// The file in which it stands.
    pub(crate) script: PathBuf,
    /// Whether that is run in the top directory of its repository, rather than where it lies.
    pub(crate) is_run_from_the_top: bool,
    /// The line of its first option.
    pub(crate) line: usize,
    /// Where it is run, if the script says so.
    pub(crate) directory: Option<Word>,
    pub(crate) options: Vec<InitOption>,
}

/// What stands behind one `-backend-config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InitOption {
    File(Word),
    Argument { name: String, value: Word },
}

impl InitOption {
    fn of(word: Word) -> Self {
        match word.split_at_equals() {
            Some((name, value)) => Self::Argument { name, value },
            None => Self::File(word),
        }
    }
}

impl InitCommand {
    /// The init that `words` are, if they are one.
    pub(super) fn of(words: &[Word], directory: Option<&Word>) -> Option<Self> {
        let mut options = Vec::new();
        let mut line = None;
        let mut directory = directory.cloned();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if let Some(path) = word.without_prefix(CHDIR) {
                directory = Some(path.below(directory.as_ref()));
            } else if let Some(path) = working_directory(word, &words) {
                directory = Some(path.below(directory.as_ref()));
            } else if let Some(option) = option(word, &mut words) {
                line = line.or(Some(word.line));
                options.push(InitOption::of(option));
            }
        }
        let (script, is_run_from_the_top) = (PathBuf::new(), false);
        line.map(|line| Self { script, is_run_from_the_top, line, directory, options })
    }
}

fn option<'a>(word: &Word, next: &mut impl Iterator<Item = &'a Word>) -> Option<Word> {
    // Both tools take two dashes as well.
    let single = word.without_prefix("-").filter(|rest| rest.beginning().starts_with('-'));
    let word = single.as_ref().unwrap_or(word);
    let rest = word.without_prefix(OPTION)?;
    if rest.is_empty() {
        return next.next().cloned();
    }
    rest.without_prefix("=").filter(|option| !option.is_empty())
}

fn working_directory<'a>(
    word: &Word,
    rest: &(impl Iterator<Item = &'a Word> + Clone),
) -> Option<Word> {
    WORKING_DIR.iter().find_map(|flag| {
        let value = word.without_prefix(flag)?;
        if value.is_empty() { rest.clone().next().cloned() } else { value.without_prefix("=") }
    })
}

/// The inits in a shell script that begins at `line` and in `directory`, and the directory in which it
/// ends. With `each_line_alone` every line begins in the same directory again.
pub(super) fn in_shell(
    text: &str,
    line: usize,
    directory: Option<&Word>,
    each_line_alone: bool,
) -> (Vec<InitCommand>, Option<Word>) {
    let mut run = Run {
        start: directory.cloned(),
        directory: directory.cloned(),
        outer: Vec::new(),
        commands: Vec::new(),
        depth: 0,
    };
    run.script(text, line, each_line_alone);
    (run.commands, run.directory)
}

struct Run {
    start: Option<Word>,
    directory: Option<Word>,
    /// The directories of the shells around this one, and those left with `pushd`.
    outer: Vec<Option<Word>>,
    commands: Vec<InitCommand>,
    depth: usize,
}

impl Run {
    fn script(&mut self, text: &str, line: usize, each_line_alone: bool) {
        let mut words = Vec::new();
        for token in shell::tokens(text, line) {
            match token {
                Token::Word(word) => words.push(word),
                Token::End => self.command(&std::mem::take(&mut words)),
                Token::Newline => {
                    self.command(&std::mem::take(&mut words));
                    if each_line_alone {
                        self.directory.clone_from(&self.start);
                    }
                }
                Token::Open => {
                    self.command(&std::mem::take(&mut words));
                    self.outer.push(self.directory.clone());
                }
                Token::Close => {
                    self.command(&std::mem::take(&mut words));
                    if let Some(outer) = self.outer.pop() {
                        self.directory = outer;
                    }
                }
            }
        }
        self.command(&words);
    }

    fn command(&mut self, words: &[Word]) {
        let is_before =
            |word: &&Word| word.literal().is_some_and(|text| BEFORE.contains(&text.as_str()));
        let proper: Vec<_> = words.iter().skip_while(is_before).cloned().collect();
        let name = proper.first().and_then(Word::literal).unwrap_or_default();
        // make's signs for "do not show" and "go on".
        match name.trim_start_matches(['@', '-', '+']) {
            name if SHOW.contains(&name) => return,
            "cd" => self.change_directory(proper.get(1)),
            "pushd" => {
                self.outer.push(self.directory.clone());
                self.change_directory(proper.get(1));
            }
            "popd" => self.directory = self.outer.pop().flatten(),
            _ => {}
        }
        let command = InitCommand::of(&proper, self.directory.as_ref());
        if command.is_none() {
            self.look_into(&proper);
        }
        self.commands.extend(command);
    }

    fn change_directory(&mut self, to: Option<&Word>) {
        match to {
            Some(to) if to.beginning() == "-" => self.directory.clone_from(&self.start),
            Some(to) => self.directory = Some(to.below(self.directory.as_ref())),
            None => {}
        }
    }

    /// Commands may stand in a word: `TF_CLI_ARGS_init="-backend-config=…"`, `sh -c "…"`.
    fn look_into(&mut self, words: &[Word]) {
        for word in words {
            let shown = word.to_string();
            if self.depth >= DEPTH_MAX || !shown.contains(OPTION) {
                continue;
            }
            let inner = word.split_at_equals().filter(|(name, _)| is_variable(name));
            let inner = inner.map_or(shown, |(_, value)| value.to_string());
            self.depth += 1;
            let (outer, directory) = (std::mem::take(&mut self.outer), self.directory.clone());
            self.script(&inner, word.line, false);
            (self.outer, self.directory) = (outer, directory);
            self.depth -= 1;
        }
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+: ?".contains(c))
}
