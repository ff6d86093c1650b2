//! The few expressions of terragrunt's whose value can be told without it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hcl_edit::expr::{Expression, FuncCall, Object, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::template::{Element, Strip, Template};

use super::source::Source;
use super::{Include, UNIT};
use crate::tree::pattern::normal;
use crate::value::Value;
use crate::written::literal;

/// Why an expression has no value here: the end of a sentence.
type Unknown = &'static str;

const CALL: Unknown = "calls a function that only terragrunt can evaluate";
const PATH: Unknown = "is a path of this machine";
const COMPUTED: Unknown = "is computed";
const ABSENT: Unknown = "is missing";
const NO_PARENT: Unknown = "names a file that is in no directory above";
const DEEP: Unknown = "refers to local values that refer to each other";
/// More than anybody writes.
const DEPTH_MAX: usize = 16;

/// A file's expressions, as a unit sees them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) source: &'a Source,
    /// The unit's directory.
    unit: &'a Path,
    /// What the unit includes.
    includes: &'a [Include],
    /// Whether the file is included by the unit.
    is_included: bool,
}

impl<'a> Scope<'a> {
    /// A unit's own file.
    pub(super) fn own(source: &'a Source, unit: &'a Path, includes: &'a [Include]) -> Self {
        Self { source, unit, includes, is_included: false }
    }

    /// A file that the unit includes.
    pub(super) fn included(source: &'a Source, unit: &'a Path, includes: &'a [Include]) -> Self {
        Self { source, unit, includes, is_included: true }
    }

    /// The value of an expression; `None` for `null`.
    pub(super) fn value(&self, expression: &Expression) -> Result<Option<Value>, Unknown> {
        self.evaluate(expression, DEPTH_MAX)
    }

    /// A path, which is relative to the unit.
    pub(super) fn path(&self, expression: Option<&Expression>) -> Result<PathBuf, Unknown> {
        let path = self.path_text(expression.ok_or(ABSENT)?)?;
        Ok(shortest(&self.unit.join(path)))
    }

    fn evaluate(&self, expression: &Expression, depth: usize) -> Result<Option<Value>, Unknown> {
        let depth = depth.checked_sub(1).ok_or(DEEP)?;
        let fixed = literal::value(expression, self.source.file().text());
        let Err(what) = fixed else { return fixed };
        match expression {
            Expression::Parenthesis(inner) => self.evaluate(inner.inner(), depth),
            Expression::StringTemplate(template) => {
                let texts: Result<String, _> =
                    template.iter().map(|element| self.element(element, depth)).collect();
                Ok(Some(Value::text(texts?)))
            }
            Expression::Array(items) => {
                let items = items.iter().map(|item| self.evaluate(item, depth)?.ok_or(COMPUTED));
                Ok(Some(Value::List(items.collect::<Result<_, _>>()?)))
            }
            Expression::Object(object) => self.object(object, depth).map(Some),
            Expression::Traversal(traversal) => self.local(traversal, depth).unwrap_or(Err(what)),
            Expression::FuncCall(call) => self.call(call).map(Value::text).map(Some),
            _ => Err(what),
        }
    }

    fn object(&self, object: &Object, depth: usize) -> Result<Value, Unknown> {
        let mut map = BTreeMap::new();
        for (key, value) in object {
            let name = key_of(key, &self.source.file()).ok_or(COMPUTED)?;
            if let Some(value) = self.evaluate(value.expr(), depth)? {
                map.insert(name, value);
            }
        }
        Ok(Value::Map(map))
    }

    /// The text of a template whose parts all have a value.
    pub(super) fn template(&self, template: &Template) -> Result<String, Unknown> {
        template.iter().map(|element| self.element(element, DEPTH_MAX)).collect()
    }

    fn element(&self, element: &Element, depth: usize) -> Result<String, Unknown> {
        match element {
            Element::Literal(text) => Ok(text.value().clone()),
            Element::Interpolation(inner) if inner.strip == Strip::None => {
                match self.evaluate(&inner.expr, depth)?.ok_or(COMPUTED)? {
                    Value::Text(text) => Ok(text),
                    Value::Bool(value) => Ok(value.to_string()),
                    Value::Number(number) => Ok(number.to_string()),
                    Value::List(_) | Value::Map(_) => Err(COMPUTED),
                }
            }
            Element::Interpolation(_) | Element::Directive(_) => Err(COMPUTED),
        }
    }

    /// The value of `local.NAME`, if it is that.
    fn local(&self, traversal: &Traversal, depth: usize) -> Option<Result<Option<Value>, Unknown>> {
        let Expression::Variable(root) = &traversal.expr else { return None };
        let [operator] = traversal.operators.as_slice() else { return None };
        let TraversalOperator::GetAttr(name) = operator.value() else { return None };
        if root.as_str() != "local" {
            return None;
        }
        let found = self
            .source
            .blocks("locals")
            .find_map(|block| block.body.get_attribute(name.as_str()))?;
        Some(self.evaluate(&found.value, depth))
    }

    fn call(&self, call: &FuncCall) -> Result<String, Unknown> {
        match call.name.name.as_str() {
            "path_relative_to_include" if !call.name.is_namespaced() => {
                let base = self.include_directory(call)?;
                relative(self.unit, &base).ok_or(PATH)
            }
            "find_in_parent_folders"
            | "get_terragrunt_dir"
            | "get_parent_terragrunt_dir"
            | "get_repo_root" => Err(PATH),
            _ => Err(CALL),
        }
    }

    /// The directory of the file that is included: this one, or that with the name, or the only one.
    fn include_directory(&self, call: &FuncCall) -> Result<PathBuf, Unknown> {
        if self.is_included {
            return Ok(self.source.directory().to_owned());
        }
        let name = call.args.iter().next().map(|name| self.value(name)).transpose()?.flatten();
        let include = match name {
            Some(Value::Text(name)) => {
                self.includes.iter().find(|include| include.name.as_ref() == Some(&name))
            }
            Some(_) => None,
            // Without an include the unit is its own parent.
            None if self.includes.is_empty() => return Ok(self.unit.to_owned()),
            None => self.includes.first().filter(|_| self.includes.len() == 1),
        };
        include.map(|include| include.source.directory().to_owned()).ok_or(CALL)
    }

    /// A path as text, in which functions may stand that find files and directories.
    fn path_text(&self, expression: &Expression) -> Result<String, Unknown> {
        match expression {
            Expression::FuncCall(call) => self.path_call(call),
            Expression::Parenthesis(inner) => self.path_text(inner.inner()),
            Expression::StringTemplate(template) => template
                .iter()
                .map(|element| match element {
                    Element::Interpolation(inner) if inner.strip == Strip::None => {
                        self.path_text(&inner.expr)
                    }
                    _ => self.element(element, DEPTH_MAX),
                })
                .collect(),
            _ => match self.value(expression)? {
                Some(Value::Text(text)) => Ok(text),
                _ => Err(COMPUTED),
            },
        }
    }

    fn path_call(&self, call: &FuncCall) -> Result<String, Unknown> {
        let absolute = |path: &Path| {
            let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
            // Functions give absolute paths; relative to the unit they would be joined to it.
            relative(path, self.unit).ok_or(PATH)
        };
        match call.name.name.as_str() {
            "find_in_parent_folders" => {
                let name = call.args.iter().next().map(|name| self.path_text(name)).transpose()?;
                let name = name.unwrap_or_else(|| UNIT.to_owned());
                absolute(&find_above(self.unit, &name).ok_or(NO_PARENT)?)
            }
            "get_terragrunt_dir" => absolute(self.unit),
            "get_repo_root" => {
                let top = self.unit.ancestors().find(|directory| directory.join(".git").exists());
                absolute(top.ok_or(PATH)?)
            }
            _ => self.call(call),
        }
    }
}

/// The nearest file of that name in the directories above `directory`, also above what is scanned.
fn find_above(directory: &Path, name: &str) -> Option<PathBuf> {
    let parents = directory.ancestors().skip(1).map(|parent| parent.join(name));
    if let Some(found) = parents.into_iter().find(|path| path.exists()) {
        return Some(found);
    }
    // The path as it was given may not reach up to the root.
    let real = directory.canonicalize().ok()?;
    real.ancestors().skip(1).map(|parent| parent.join(name)).find(|path| path.exists())
}

/// `path` as it is seen from `base`, both by name; `.` if they are the same.
fn relative(path: &Path, base: &Path) -> Option<String> {
    let (mut path, mut base) = (normal(path), normal(base));
    if path.is_absolute() != base.is_absolute() {
        (path, base) = (path.canonicalize().ok()?, base.canonicalize().ok()?);
    }
    let shared = path.components().zip(base.components()).take_while(|(a, b)| a == b).count();
    let up = base.components().skip(shared).map(|_| Some(".."));
    let down = path.components().skip(shared).map(|component| component.as_os_str().to_str());
    let parts: Option<Vec<_>> = up.chain(down).collect();
    let parts = parts?;
    Some(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// Without the detour over `..`, if that is the same file.
fn shortest(path: &Path) -> PathBuf {
    let starts_here = path.starts_with(".");
    let normal = normal(path);
    let normal = if starts_here { Path::new(".").join(normal) } else { normal };
    let same = |a: &Path, b: &Path| {
        a.canonicalize().ok().is_some_and(|a| b.canonicalize().is_ok_and(|b| a == b))
    };
    if same(path, &normal) || !path.exists() { normal } else { path.to_owned() }
}

/// The name of an object's attribute, if it is written out.
pub(super) fn key_of(key: &ObjectKey, file: &crate::written::body::HclFile<'_>) -> Option<String> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
        ObjectKey::Expression(expression) => match literal::value(expression, file.text()) {
            Ok(Some(Value::Text(name))) => Some(name),
            _ => None,
        },
    }
}
