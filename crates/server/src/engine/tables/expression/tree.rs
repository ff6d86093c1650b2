//! Expressions as they were written: placeholders unresolved, functions by name.

use std::fmt;

/// A step of a document path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element {
    /// A member of a map. Before binding it may be a placeholder, with its `#`.
    Name(String),
    /// A member of a list.
    Index(usize),
}

/// Where a value stands in an item. The first step is a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// The attribute.
    pub attribute: String,
    /// What follows it.
    pub rest: Vec<Element>,
}

impl Path {
    /// The path of a whole attribute.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self { attribute: name.into(), rest: Vec::new() }
    }

    /// As messages show it: `[a, b, [0]]`.
    pub(super) fn shown(&self) -> String {
        let mut parts = vec![self.attribute.clone()];
        parts.extend(self.rest.iter().map(|element| match element {
            Element::Name(name) => name.clone(),
            Element::Index(index) => format!("[{index}]"),
        }));
        format!("[{}]", parts.join(", "))
    }

    /// Whether one of the two is the beginning of the other.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.attribute == other.attribute
            && self.rest.iter().zip(&other.rest).all(|(ours, theirs)| ours == theirs)
    }
}

/// An operand as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OperandTree {
    Path(Path),
    /// A placeholder, with its `:`.
    Value(String),
    Call(Call),
    /// In an update: what stands between parentheses.
    Group(Box<SumTree>),
}

/// A function with its operands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) function: String,
    pub(super) operands: Vec<OperandTree>,
}

/// A condition as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ConditionTree {
    Compare(OperandTree, &'static str, OperandTree),
    Between(OperandTree, OperandTree, OperandTree),
    In(OperandTree, Vec<OperandTree>),
    Call(Call),
    And(Box<ConditionTree>, Box<ConditionTree>),
    Or(Box<ConditionTree>, Box<ConditionTree>),
    Not(Box<ConditionTree>),
}

/// An operand, and perhaps another that is added or taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SumTree {
    pub(super) first: OperandTree,
    /// `+` or `-`, and the other operand.
    pub(super) second: Option<(&'static str, OperandTree)>,
}

/// One clause of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Clause {
    Set(Vec<(Path, SumTree)>),
    Remove(Vec<Path>),
    Add(Vec<(Path, OperandTree)>),
    Delete(Vec<(Path, OperandTree)>),
}

impl Clause {
    pub(super) fn keyword(&self) -> &'static str {
        match self {
            Self::Set(_) => "SET",
            Self::Remove(_) => "REMOVE",
            Self::Add(_) => "ADD",
            Self::Delete(_) => "DELETE",
        }
    }
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T]) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
    }
    Ok(())
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.attribute)?;
        self.rest.iter().try_for_each(|element| match element {
            Element::Name(name) => write!(f, ".{name}"),
            Element::Index(index) => write!(f, "[{index}]"),
        })
    }
}

impl fmt::Display for OperandTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Value(name) => f.write_str(name),
            Self::Call(call) => call.fmt(f),
            Self::Group(sum) => write!(f, "({sum})"),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.function)?;
        list(f, &self.operands)?;
        f.write_str(")")
    }
}

impl ConditionTree {
    /// How tightly it binds: OR, AND, NOT, everything else.
    fn rank(&self) -> u8 {
        match self {
            Self::Or(..) => 0,
            Self::And(..) => 1,
            Self::Not(_) => 2,
            Self::Compare(..) | Self::Between(..) | Self::In(..) | Self::Call(_) => 3,
        }
    }

    fn below(&self, f: &mut fmt::Formatter<'_>, rank: u8) -> fmt::Result {
        if self.rank() < rank { write!(f, "({self})") } else { write!(f, "{self}") }
    }
}

impl fmt::Display for ConditionTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pair = |f: &mut fmt::Formatter<'_>, left: &Self, keyword, right: &Self| {
            left.below(f, self.rank())?;
            write!(f, " {keyword} ")?;
            right.below(f, self.rank().saturating_add(1))
        };
        match self {
            Self::Compare(left, comparator, right) => write!(f, "{left} {comparator} {right}"),
            Self::Between(operand, low, high) => write!(f, "{operand} BETWEEN {low} AND {high}"),
            Self::In(operand, candidates) => {
                write!(f, "{operand} IN (")?;
                list(f, candidates)?;
                f.write_str(")")
            }
            Self::Call(call) => call.fmt(f),
            Self::And(left, right) => pair(f, left, "AND", right),
            Self::Or(left, right) => pair(f, left, "OR", right),
            Self::Not(inner) => {
                f.write_str("NOT ")?;
                inner.below(f, 2)
            }
        }
    }
}

impl fmt::Display for SumTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.second {
            None => self.first.fmt(f),
            Some((sign, second)) => write!(f, "{} {sign} {second}", self.first),
        }
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = match self {
            Self::Set(actions) => {
                actions.iter().map(|(to, from)| format!("{to} = {from}")).collect()
            }
            Self::Remove(paths) => paths.iter().map(Path::to_string).collect(),
            Self::Add(actions) | Self::Delete(actions) => {
                actions.iter().map(|(path, value)| format!("{path} {value}")).collect()
            }
        };
        write!(f, "{} {}", self.keyword(), texts.join(", "))
    }
}
