//! Counts functions and calls.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use typedcall::bytecode::{self, Code};
use typedcall::embed::{Object, Python};
use typedcall::frontend::{self, RefusalReason};
use typedcall::ir::Instruction;
use typedcall::ir::passes::{self, Knowledge};
use typedcall::lower;

use super::world::{FileNames, KnownLibrary};

/// The counts.
#[derive(Debug, Default)]
pub struct Counts {
    /// Files that were compiled.
    pub files: usize,
    /// Files that Python's compiler refused, and why.
    pub not_compiled: Vec<(PathBuf, String)>,
    /// Code objects that are not functions: class bodies and modules.
    pub namespaces: usize,
    /// Functions.
    pub functions: usize,
    /// Functions with IR that verifies before and after all passes.
    pub built: usize,
    /// By the name of the reason: refused functions, with places and texts.
    pub refused: BTreeMap<&'static str, Vec<String>>,
    /// Defects, with places: code that does not decode, IR that does not verify, panics.
    pub broken: Vec<String>,
    /// Calls in functions that are built.
    pub calls: usize,
    /// Calls that became direct calls of a C function.
    pub specialized: usize,
    /// Calls whose callee is known, but that stay calls of Python objects.
    pub known: usize,
    /// The number of those, by the name of the callee.
    pub known_by_name: BTreeMap<String, usize>,
    /// The number of those whose callee is not known, by the reason.
    pub unknown: BTreeMap<String, usize>,
}

/// Counts code objects.
pub struct Counter<'a> {
    /// The counts so far.
    pub counts: Counts,
    library: &'a KnownLibrary,
}

impl<'a> Counter<'a> {
    /// A counter with this knowledge of Python.
    pub fn new(library: &'a KnownLibrary) -> Self {
        Self { counts: Counts::default(), library }
    }

    /// Counts a file's code objects, the module's first.
    pub fn add_file(&mut self, python: &Python, path: &Path, codes: &[Object]) {
        self.counts.files += 1;
        let mut decoded = Vec::new();
        for code in codes {
            match bytecode::decode(python, code) {
                Ok(code) => decoded.push(code),
                Err(error) => self.counts.broken.push(format!("{}: does not decode: {error}", path.display())),
            }
        }
        let names = FileNames::of(self.library, &decoded);
        for code in &decoded {
            let place = format!("{}:{} {}", path.display(), code.first_line, code.qualname);
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.add_code(&place, code, &names))) {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text");
                self.counts.broken.push(format!("{place}: panic: {text}"));
            }
        }
    }

    fn add_code(&mut self, place: &str, code: &Code, names: &FileNames) {
        let callees = &self.library.callees;
        let mut function = match frontend::build(code) {
            Err(refusal) if refusal.reason == RefusalReason::Namespace => return self.counts.namespaces += 1,
            Err(refusal) => {
                self.counts.functions += 1;
                let places = self.counts.refused.entry(refusal.reason.name()).or_default();
                return places.push(format!("{place}: {refusal}"));
            }
            Ok(function) => function,
        };
        self.counts.functions += 1;
        if let Err(error) = function.verify() {
            return self.counts.broken.push(format!("{place}: IR that does not verify: {error}"));
        }
        let calls = function.instructions().filter(|(_, _, data)| data.instruction.is_call()).count();
        let left_alone = passes::run_function(&mut function, &Knowledge::of_function(callees, names));
        if let Err(error) = function.verify_calls(callees) {
            return self.counts.broken.push(format!("{place}: IR that does not verify after the passes: {error}"));
        }
        if let Err(reason) = lower::body::check(&function, callees, &self.library.calls) {
            return self.counts.broken.push(format!("{place}: not lowered: {reason}"));
        }
        self.counts.built += 1;
        self.counts.calls += calls;
        for (_, _, data) in function.instructions() {
            match &data.instruction {
                Instruction::CallCFunction { .. } => self.counts.specialized += 1,
                Instruction::VectorCallStatic { callable, .. } => {
                    self.counts.known += 1;
                    let name = function.ty(*callable).const_object().map_or("?", |object| &*object.label);
                    *self.counts.known_by_name.entry(name.to_owned()).or_default() += 1;
                }
                _ => {}
            }
        }
        for call in left_alone {
            let is_known = matches!(function.insts[call.inst].instruction, Instruction::VectorCallStatic { .. });
            if !is_known {
                *self.counts.unknown.entry(without_names(call.reason)).or_default() += 1;
            }
        }
    }
}

/// The reason without names, so that it is the same for all methods with the same known facts.
fn without_names(reason: String) -> String {
    match reason.split_once(" is looked up on ") {
        Some((_, rest)) => format!("a method is looked up on {rest}"),
        None => reason,
    }
}
