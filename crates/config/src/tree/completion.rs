//! Which files and command lines complete which module's backend.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::options::Scan;
use super::partial::{self, Content, PartialFile, PartialFiles};
use super::pattern::{Bindings, Pattern, normal};
use super::script::{self, InitCommand, InitOption, Piece, Scripts, Word};
use super::{Completion, ModuleBackend, Tree, TreeTrouble, origin};
use crate::argument::{Arguments, Source};
use crate::backend_option::value_of;
use crate::error::{ConfigError, Place};
use crate::s3;
use crate::written::NotLiteral;

const DOUBTFUL: &str = "this looks like a file for -backend-config, and sets an argument that no version of the s3 backend knows";
/// The name under which an option is shown whose file is not known.
const OPTION: &str = "-backend-config";
const VARIABLE: &str = "has a variable of the script in it";
const VARIABLE_FILE: &str = "names a file by a variable of the script";
const NO_FILE: &str = "names a file that is not there";
const OTHER_FILE: &str = "names a file that has other things in it than arguments of an s3 backend";
const WRONG_TYPE: &str = "is not of the type that the argument takes";
/// Arguments that say which state it is. A block that gets its lock from a script is one backend with it.
const DECISIVE: &[&str] = &["bucket", "endpoint", "endpoints", "key", "workspace_key_prefix"];
/// A command whose variables could mean more than this says nothing.
const WAYS_MAX: usize = 1_000;

/// One way to complete a backend.
#[derive(Clone, Debug, Default)]
struct Way {
    completed_by: Vec<Completion>,
    over: Arguments,
    open: Vec<NotLiteral>,
    bindings: Bindings,
}

impl Way {
    fn of_file(file: &PartialFile) -> Self {
        let mut way = Self::default();
        way.add_file(file);
        way
    }

    fn add_file(&mut self, file: &PartialFile) {
        self.completed_by.push(Completion::File(file.path.clone()));
        self.open.retain(|open| !file.arguments.mentions(&open.argument));
        self.over.merge(file.arguments.clone());
        for open in &file.expressions {
            self.add_open(open.clone());
        }
    }

    /// What is not known takes the place of what was.
    fn add_open(&mut self, open: NotLiteral) {
        if self.over.mentions(&open.argument) {
            self.over.set(open.argument.clone(), None, Source::Written(open.place.clone()));
        }
        self.open.push(open);
    }

    fn add_argument(&mut self, name: &str, value: &Word, place: Place) {
        let argument = name.to_owned();
        self.completed_by.push(Completion::CommandLine { argument, place: place.clone() });
        self.open.retain(|open| open.argument != name);
        let what = match value.literal().map(|text| value_of(s3::KIND, name, &text)) {
            Some(Ok(value)) => return self.over.set(name, value, Source::Written(place)),
            Some(Err(_)) => WRONG_TYPE,
            None => VARIABLE,
        };
        self.add_open(NotLiteral { argument: name.to_owned(), place, what });
    }

    fn has_file(&self) -> bool {
        self.completed_by.iter().any(|by| matches!(by, Completion::File(_)))
    }

    /// `block` as it is with this.
    fn complete(&self, block: &ModuleBackend) -> ModuleBackend {
        let mut backend = block.clone();
        backend.completed_by.clone_from(&self.completed_by);
        backend.expressions.retain(|open| !self.over.mentions(&open.argument));
        backend.arguments.merge(self.over.clone());
        for open in &self.open {
            if backend.arguments.mentions(&open.argument) {
                let source = Source::Written(open.place.clone());
                backend.arguments.set(open.argument.clone(), None, source);
            }
            backend.expressions.retain(|other| other.argument != open.argument);
        }
        backend.expressions.extend(self.open.iter().cloned());
        backend
    }

    /// Whether a whole `block` is in the same place with this and without it, and this replaces nothing in it.
    fn adds_little_to(&self, block: &ModuleBackend) -> bool {
        let open = self.open.iter().map(|open| open.argument.as_str());
        self.over
            .names()
            .chain(open)
            .all(|name| name != OPTION && !DECISIVE.contains(&name) && !mentions(block, name))
    }

    /// Whether both give the same to a backend, wherever that is written.
    fn equals(&self, other: &Self) -> bool {
        let files = |way: &Self| -> Vec<Completion> {
            let is_file = |completion: &&Completion| matches!(completion, Completion::File(_));
            way.completed_by.iter().filter(is_file).cloned().collect()
        };
        let open = |way: &Self| -> Vec<String> {
            way.open.iter().map(|open| open.argument.clone()).collect()
        };
        files(self) == files(other)
            && self.over.iter().eq(other.over.iter())
            && open(self) == open(other)
    }
}

/// Completes the modules of `tree`. In `configured` are all directories that have configuration.
pub(super) fn complete(
    scan: &Scan,
    partial: PartialFiles,
    scripts: Scripts,
    configured: &BTreeSet<PathBuf>,
    tree: &mut Tree,
) {
    let PartialFiles { files, doubtful, unreadable } = partial;
    let is_s3 = |backend: &ModuleBackend| backend.kind == s3::KIND;
    let modules = tree.modules.iter().enumerate();
    let modules = modules.map(|(number, module)| {
        let block = module.backends.first();
        let is_s3 = block.is_some_and(is_s3);
        let lacks = |block: &ModuleBackend| {
            ["bucket", "key"].iter().any(|name| !block.arguments.mentions(name))
        };
        let is_partial = block.is_some_and(lacks);
        let directory = module.directory.clone();
        (normal(&module.directory), Target { number, directory, is_s3, is_partial })
    });
    let mut completer = Completer {
        scan,
        modules: modules.collect(),
        configured: configured.iter().map(|path| normal(path)).collect(),
        files: files.into_iter().map(|file| (normal(&file.path), file)).collect(),
        used: BTreeSet::new(),
        ways: BTreeMap::new(),
        unread: Vec::new(),
        unread_by: BTreeMap::new(),
    };
    for command in &scripts.commands {
        completer.add_command(command);
    }
    completer.add_single_files();
    completer.note_doubtful(&doubtful, tree);
    completer.note_unreadable(unreadable.into_iter().chain(scripts.unreadable), tree);
    let Completer { files, used, ways, .. } = completer;
    for file in files.values() {
        let origin = origin::of_link(scan, &file.path);
        tree.origins.extend(origin.map(|origin| (file.path.clone(), origin)));
    }
    let is_unused = |(key, _): &(PathBuf, PartialFile)| !used.contains(key);
    tree.unattached.extend(files.into_iter().filter(is_unused).map(|(_, file)| file.path));
    tree.unattached.sort();
    for (number, ways) in ways {
        let Some(module) = tree.modules.get_mut(number) else { continue };
        let Some(block) = module.backends.first().cloned() else { continue };
        module.backends = ways.iter().map(|way| way.complete(&block)).collect();
        // Nothing keeps people from using a block that is whole as it is.
        if is_whole(&block) && !ways.iter().any(|way| way.adds_little_to(&block)) {
            module.backends.push(block);
        }
    }
}

fn is_whole(block: &ModuleBackend) -> bool {
    ["bucket", "key"].iter().all(|name| mentions(block, name))
}

/// Whether an argument stands in a backend, with a value that is known or not.
fn mentions(block: &ModuleBackend, name: &str) -> bool {
    block.arguments.mentions(name) || block.expressions.iter().any(|open| open.argument == name)
}

#[derive(Clone, Debug)]
struct Target {
    number: usize,
    directory: PathBuf,
    is_s3: bool,
    /// Whether its block lacks what says which state it is.
    is_partial: bool,
}

struct Completer<'a> {
    scan: &'a Scan,
    modules: BTreeMap<PathBuf, Target>,
    configured: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, PartialFile>,
    used: BTreeSet<PathBuf>,
    ways: BTreeMap<usize, Vec<Way>>,
    /// Files that the command at hand names, and that could not be read.
    unread: Vec<PathBuf>,
    /// The directories of the modules that need such a file.
    unread_by: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
}

impl Completer<'_> {
    fn add_command(&mut self, command: &InitCommand) {
        let bases = script::bases(self.scan, command);
        let targets = self.targets(command, &bases);
        if targets.is_empty() && !self.is_for_another_backend(command, &bases) {
            return self.add_by_location(command, &bases);
        }
        let is_vague = command.directory.as_ref().is_some_and(is_vague);
        for (target, bindings) in targets {
            // A backend that is whole is not completed on a guess.
            if is_vague && !target.is_partial {
                continue;
            }
            let start = Way { bindings, ..Way::default() };
            // It may run anywhere; that it does so here only a file can tell that it finds here.
            let bases = if is_vague { &[] } else { bases.as_slice() };
            let mut ways = self.ways_of(command, start, Some(&target.directory), bases);
            ways.retain(|way| !is_vague || way.has_file());
            self.add_ways(&target, ways);
        }
    }

    /// The modules in whose directories the command runs.
    fn targets(&self, command: &InitCommand, bases: &[PathBuf]) -> Vec<(Target, Bindings)> {
        let top = script::top(self.scan, bases);
        for base in bases {
            let found: Vec<_> = match &command.directory {
                None => {
                    let target = self.modules.get(&normal(base));
                    target.map(|target| (target.clone(), Bindings::new())).into_iter().collect()
                }
                Some(word) => self.matching(&Pattern::of(word, base, &top)),
            };
            let found: Vec<_> = found.into_iter().filter(|(target, _)| target.is_s3).collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// The modules whose directory a pattern may mean.
    fn matching(&self, pattern: &Pattern) -> Vec<(Target, Bindings)> {
        let (beginning, is_all) = pattern.beginning();
        if is_all {
            let target = self.modules.get(&beginning);
            return target.map(|target| (target.clone(), Bindings::new())).into_iter().collect();
        }
        self.modules
            .range(beginning.clone()..)
            .take_while(|(path, _)| path.starts_with(&beginning))
            .filter_map(|(path, target)| Some((target.clone(), pattern.matches(path)?)))
            .collect()
    }

    /// Whether it is run in the directory of a module whose backend is of another kind.
    fn is_for_another_backend(&self, command: &InitCommand, bases: &[PathBuf]) -> bool {
        command.directory.is_none()
            && bases
                .iter()
                .any(|base| self.modules.get(&normal(base)).is_some_and(|target| !target.is_s3))
    }

    /// A command of which it is not known where it runs is for the modules beside the files that it names.
    fn add_by_location(&mut self, command: &InitCommand, bases: &[PathBuf]) {
        let files = |option: &InitOption| match option {
            InitOption::File(word) => Some(word.clone()),
            InitOption::Argument { .. } => None,
        };
        let Some(first) = command.options.iter().find_map(files) else { return };
        for (path, bindings) in self.named_files(&first, None, bases, &Bindings::new()) {
            let Some(target) = self.module_of(&path) else { continue };
            let start = Way { bindings, ..Way::default() };
            let ways = self.ways_of(command, start, None, bases);
            self.add_ways(&target, ways);
        }
    }

    /// Every file by itself that no command names.
    fn add_single_files(&mut self) {
        let unused: Vec<_> = self
            .files
            .iter()
            .filter(|(key, _)| !self.used.contains(*key))
            .map(|(_, file)| file.clone())
            .collect();
        for file in unused {
            if let Some(target) = self.module_of(&file.path) {
                self.used.insert(normal(&file.path));
                self.add_ways(&target, vec![Way::of_file(&file)]);
            }
        }
    }

    /// The module in whose directory, or below it, a file lies, with no other configuration between.
    fn module_of(&self, file: &Path) -> Option<Target> {
        let file = normal(file);
        for directory in file.ancestors().skip(1) {
            if let Some(target) = self.modules.get(directory) {
                return target.is_s3.then(|| target.clone());
            }
            if self.configured.contains(directory) {
                return None;
            }
        }
        None
    }

    /// A file with a name that no version has would be the last word on a module that needs one.
    fn note_doubtful(&self, files: &[PathBuf], tree: &mut Tree) {
        for path in files {
            let target = self.module_of(path).filter(|target| target.is_partial);
            tree.troubles.extend(target.map(|target| {
                let place = Place { file: path.clone(), line: None };
                let error = ConfigError::Structure { place, message: DOUBTFUL.to_owned() };
                TreeTrouble { module: Some(target.directory), error }
            }));
        }
        tree.unattached.extend_from_slice(files);
    }

    /// What could not be read makes incomplete who names it, else the module by which it lies.
    fn note_unreadable(
        &self,
        files: impl Iterator<Item = (PathBuf, ConfigError)>,
        tree: &mut Tree,
    ) {
        for (path, error) in files {
            if !self.unread_by.contains_key(&normal(&path)) {
                let module = self.module_of(&path).map(|target| target.directory);
                tree.troubles.push(TreeTrouble { module, error });
            }
        }
        for (path, modules) in &self.unread_by {
            for module in modules {
                if let Err(error) = partial::read(path) {
                    tree.troubles.push(TreeTrouble { module: Some(module.clone()), error });
                }
            }
        }
    }

    fn add_ways(&mut self, target: &Target, ways: Vec<Way>) {
        for path in std::mem::take(&mut self.unread) {
            self.unread_by.entry(path).or_default().insert(target.directory.clone());
        }
        let known = self.ways.entry(target.number).or_default();
        for way in ways {
            let is_new = !way.completed_by.is_empty() || !way.open.is_empty();
            if is_new && !known.iter().any(|other| other.equals(&way)) {
                known.push(way);
            }
        }
        if known.is_empty() {
            self.ways.remove(&target.number);
        }
    }

    /// The ways to complete a backend that a command is, one for each set of files that it may mean.
    fn ways_of(
        &mut self,
        command: &InitCommand,
        start: Way,
        directory: Option<&Path>,
        bases: &[PathBuf],
    ) -> Vec<Way> {
        let mut ways = vec![start];
        for option in &command.options {
            match option {
                InitOption::Argument { name, value } => {
                    let place = Place { file: command.script.clone(), line: Some(value.line) };
                    for way in &mut ways {
                        way.add_argument(name, value, place.clone());
                    }
                }
                InitOption::File(word) => {
                    let place = Place { file: command.script.clone(), line: Some(word.line) };
                    let mut next = Vec::new();
                    for way in ways {
                        next.extend(self.with_file(&way, word, &place, directory, bases));
                    }
                    ways = next;
                }
            }
            ways.truncate(WAYS_MAX);
        }
        ways
    }

    fn with_file(
        &mut self,
        way: &Way,
        word: &Word,
        place: &Place,
        directory: Option<&Path>,
        bases: &[PathBuf],
    ) -> Vec<Way> {
        let named = self.named_files(word, directory, bases, &way.bindings);
        let is_literal = word.literal().is_some();
        let mut what = if is_literal { NO_FILE } else { VARIABLE_FILE };
        let mut ways = Vec::new();
        for (path, bindings) in named {
            match self.file(&path) {
                Some(file) => {
                    let mut way = way.clone();
                    way.bindings = bindings;
                    way.add_file(&file);
                    ways.push(way);
                }
                None if is_literal => what = OTHER_FILE,
                None => {}
            }
        }
        if ways.is_empty() {
            let mut way = way.clone();
            way.add_open(NotLiteral { argument: OPTION.to_owned(), place: place.clone(), what });
            ways.push(way);
        }
        ways
    }

    /// The files that `word` may mean: where the command runs, else where the script lies, else at the top.
    fn named_files(
        &self,
        word: &Word,
        directory: Option<&Path>,
        bases: &[PathBuf],
        bindings: &Bindings,
    ) -> Vec<(PathBuf, Bindings)> {
        let top = script::top(self.scan, bases);
        let bases = directory.into_iter().chain(bases.iter().map(PathBuf::as_path));
        let is_inside = |(path, _): &(PathBuf, Bindings)| {
            path.canonicalize().is_ok_and(|real| self.scan.contains(&real))
        };
        bases
            .map(|base| Pattern::of(word, base, &top).files(bindings))
            .map(|files| files.into_iter().filter(is_inside).collect::<Vec<_>>())
            .find(|files| !files.is_empty())
            .unwrap_or_default()
    }

    /// The content of a file that a command names, whatever its name is.
    fn file(&mut self, path: &Path) -> Option<PartialFile> {
        let key = normal(path);
        if !self.files.contains_key(&key) {
            match partial::read(path) {
                Ok(Content::Arguments(file)) => drop(self.files.insert(key.clone(), file)),
                Ok(Content::Doubtful | Content::Other) => return None,
                Err(_) => {
                    self.unread.push(key);
                    return None;
                }
            }
        }
        self.used.insert(key.clone());
        self.files.get(&key).cloned()
    }
}

/// Whether a directory is nothing but variables: it may be any.
fn is_vague(directory: &Word) -> bool {
    let says_nothing = directory.pieces.iter().all(|piece| match piece {
        Piece::Text(text) => text.chars().all(|c| "./".contains(c)),
        Piece::Variable(_) => true,
    });
    says_nothing && directory.literal().is_none()
}
