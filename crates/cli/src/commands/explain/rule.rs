//! What is known about one kind of error. Rules are data; this file says what a rule is made of.

/// One kind of error.
#[derive(Debug)]
pub(super) struct Rule {
    /// Stable: scripts compare it.
    pub(super) id: &'static str,
    /// What it is, in a few words.
    pub(super) title: &'static str,
    /// The texts by which it is known: pieces that follow each other, with `…` where anything may stand
    /// between. Every blank stands for any white space.
    pub(super) patterns: &'static [&'static str],
    /// What happened, what is stored now, and whether anything is lost.
    pub(super) cause: &'static str,
    /// Where the text alone does not tell: what it can be, the likeliest first. Empty if it is certain.
    pub(super) possible: &'static [Possibility],
    /// What must not be done, if there is something.
    pub(super) danger: Option<&'static str>,
    /// What to do, in this order.
    pub(super) next: &'static [Step],
    /// Whether it is worth saying beside others.
    pub(super) weight: Weight,
}

/// One of several causes.
#[derive(Debug)]
pub(super) struct Possibility {
    /// The cause.
    pub(super) cause: &'static str,
    /// How to tell it from the others.
    pub(super) tell: &'static str,
}

/// Something to do.
#[derive(Debug)]
pub(super) struct Step {
    /// In words.
    pub(super) what: &'static str,
    /// As a command, with `{fact}` where a fact of the text belongs.
    pub(super) command: Option<&'static str>,
}

/// Whether a rule speaks beside others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// Always.
    Full,
    /// Only if nothing else in the text is known.
    Alone,
}

impl Rule {
    /// The usual values of what most rules do not need.
    pub(super) const BASE: Self = Self {
        id: "",
        title: "",
        patterns: &[],
        cause: "",
        possible: &[],
        danger: None,
        next: &[],
        weight: Weight::Full,
    };
}

/// A step in words alone.
pub(super) const fn say(what: &'static str) -> Step {
    Step { what, command: None }
}

/// A step with its command.
pub(super) const fn run(what: &'static str, command: &'static str) -> Step {
    Step { what, command: Some(command) }
}

/// One of several causes, and how to tell it from the others.
pub(super) const fn maybe(cause: &'static str, tell: &'static str) -> Possibility {
    Possibility { cause, tell }
}
