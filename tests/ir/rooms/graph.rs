//! Which module of the crate uses which: the paths of the code, followed through all re-exports.

use std::collections::{BTreeMap, BTreeSet};

/// The module of a file, by the names of its folders and its own.
type ModulePath = Vec<String>;

/// A path as the code has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Written {
    steps: Vec<String>,
    /// The name that a `use` gives it.
    name: Option<String>,
    is_public: bool,
}

/// The modules of the crate, and of the tool's, with the names that each one's `use`s define.
pub struct Graph {
    modules: BTreeMap<String, Module>,
}

struct Module {
    written: Vec<Written>,
    /// The names of its types, functions, constants and inner modules.
    defined: BTreeSet<String>,
}

impl Graph {
    /// Of files by their modules, the crate's root by the empty name.
    pub fn of(files: &BTreeMap<String, Vec<String>>) -> Self {
        let modules = files
            .iter()
            .map(|(module, tokens)| (module.clone(), Module { written: written(tokens), defined: defined(tokens) }));
        Self { modules: modules.collect() }
    }

    /// The modules that one uses, each with a path that leads there. A module that only passes names of the modules in
    /// its folder on does not use these.
    pub fn uses(&self, module: &str) -> BTreeMap<String, String> {
        let mut used = BTreeMap::new();
        for written in &self.modules[module].written {
            let Some(path) = self.absolute(module, &written.steps, 0) else { continue };
            let target = self.resolve(path, 0);
            let is_passed_on = written.is_public && target.starts_with(&format!("{module}/"));
            if target != module && !target.is_empty() && !is_passed_on {
                used.entry(target).or_insert_with(|| written.steps.join("::"));
            }
        }
        used
    }

    /// A path from the root; `None` if it leads out of the crate.
    fn absolute(&self, module: &str, steps: &[String], depth: usize) -> Option<ModulePath> {
        let root = if is_tool(module) { split(TOOL) } else { Vec::new() };
        let mut base = split(module);
        let (first, rest) = steps.split_first()?;
        match first.as_str() {
            "crate" => Some([root, rest.to_vec()].concat()),
            "typedcall" if is_tool(module) => Some(rest.to_vec()),
            "self" | "super" => {
                let mut steps = steps;
                while let Some((first, rest)) = steps.split_first() {
                    match first.as_str() {
                        "super" => drop(base.pop()),
                        "self" => {}
                        _ => break,
                    }
                    steps = rest;
                }
                Some([base, steps.to_vec()].concat())
            }
            _ => {
                let inner = [&base[..], std::slice::from_ref(first)].concat();
                if self.modules.contains_key(&inner.join("/")) {
                    return Some([inner, rest.to_vec()].concat());
                }
                let imported = self.imported(module, first, depth)?;
                Some([imported, rest.to_vec()].concat())
            }
        }
    }

    /// What a name stands for that a module imports.
    fn imported(&self, module: &str, name: &str, depth: usize) -> Option<ModulePath> {
        // A `use` may name itself, as `use log::log` does.
        if depth > 8 {
            return None;
        }
        let written = &self.modules.get(module)?.written;
        let found = written.iter().find(|written| written.name.as_deref() == Some(name))?;
        if found.steps.first().is_some_and(|first| first == name) {
            return None;
        }
        self.absolute(module, &found.steps, depth + 1)
    }

    /// The module in which the item of a path is defined.
    fn resolve(&self, path: ModulePath, depth: usize) -> String {
        let mut length = path.len();
        while length > 0 && !self.modules.contains_key(&path[..length].join("/")) {
            length -= 1;
        }
        let module = path[..length].join("/");
        let Some(name) = path.get(length).filter(|_| depth < 16) else { return module };
        if let Some(target) = self.imported(&module, name, 0) {
            let target = [target, path[length + 1..].to_vec()].concat();
            if target != path {
                return self.resolve(target, depth + 1);
            }
        }
        let Some(found) = self.modules.get(&module).filter(|found| !found.defined.contains(name)) else {
            return module;
        };
        let globs = found.written.iter().filter(|written| written.name.as_deref() == Some("*"));
        for glob in globs.filter_map(|glob| self.absolute(&module, &glob.steps, 0)) {
            let target = self.resolve([glob, path[length..].to_vec()].concat(), depth + 1);
            if target != module && self.modules.get(&target).is_some_and(|found| found.defined.contains(name)) {
                return target;
            }
        }
        module
    }
}

/// The folder of the tool, which is a crate of its own: its `crate` is not the library.
pub const TOOL: &str = "bin/typedcall";

fn is_tool(module: &str) -> bool {
    module == TOOL || module.starts_with(&format!("{TOOL}/"))
}

fn split(module: &str) -> ModulePath {
    module.split('/').filter(|step| !step.is_empty()).map(str::to_owned).collect()
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

fn defined(tokens: &[String]) -> BTreeSet<String> {
    let kinds = ["struct", "enum", "trait", "union", "type", "fn", "const", "static", "mod"];
    let pairs = tokens.windows(2).filter(|pair| kinds.contains(&pair[0].as_str()) && is_name(&pair[1]));
    pairs.map(|pair| pair[1].clone()).collect()
}

/// The paths in a file: those of each `use`, and those in the code.
fn written(tokens: &[String]) -> Vec<Written> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let token = tokens[at].as_str();
        let next = tokens.get(at + 1).map_or("", String::as_str);
        if token == "use" && (is_name(next) || ["::", "{"].contains(&next)) {
            // `pub use`, `pub(crate) use`.
            let is_public = at > 0 && (tokens[at - 1] == "pub" || tokens[at - 1] == ")");
            at = tree(tokens, at + 1, &[], is_public, &mut found);
        } else if is_name(token) && next == "::" {
            let mut steps = vec![token.to_owned()];
            at += 1;
            while tokens[at] == "::" && tokens.get(at + 1).is_some_and(|next| is_name(next)) {
                steps.push(tokens[at + 1].clone());
                at += 2;
            }
            found.push(Written { steps, name: None, is_public: false });
            if tokens.get(at).is_some_and(|token| token == "::") {
                at += 1;
            }
        } else {
            at += 1;
        }
    }
    found
}

/// Reads a tree of a `use`; returns the place after it.
fn tree(tokens: &[String], start: usize, before: &[String], is_public: bool, found: &mut Vec<Written>) -> usize {
    let token = |at: usize| tokens.get(at).map_or(";", String::as_str);
    let mut steps = before.to_vec();
    let mut at = start;
    loop {
        match token(at) {
            "::" => at += 1,
            "{" => {
                at += 1;
                while token(at) != "}" && token(at) != ";" {
                    at = tree(tokens, at, &steps, is_public, found);
                    if token(at) == "," {
                        at += 1;
                    }
                }
                return at + 1;
            }
            "*" => {
                found.push(Written { steps, name: Some("*".to_owned()), is_public });
                return at + 1;
            }
            name if is_name(name) && name != "as" => {
                if name != "self" || steps.is_empty() {
                    steps.push(name.to_owned());
                }
                at += 1;
                if token(at) == "::" {
                    continue;
                }
                let mut name = steps.last().cloned();
                if token(at) == "as" {
                    name = Some(token(at + 1).to_owned());
                    at += 2;
                }
                found.push(Written { steps, name, is_public });
                return at;
            }
            _ => return at + 1,
        }
    }
}
