//! What is counted.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use typedcall::bytecode;
use typedcall::embed::{Object, Python};
use typedcall::frontend::{self, RefusalReason};

/// What is counted.
#[derive(Debug, Default)]
pub struct Counts {
    /// Files that were compiled.
    pub files: usize,
    /// Files that Python's compiler refused, and why.
    pub not_compiled: Vec<(PathBuf, String)>,
    /// Code objects that are no functions: class bodies and modules.
    pub namespaces: usize,
    /// Functions.
    pub functions: usize,
    /// Functions with IR that verifies.
    pub built: usize,
    /// By the name of the reason: functions that are refused, with places and texts.
    pub refused: BTreeMap<&'static str, Vec<String>>,
    /// What should not have happened, with places: code that does not decode, IR that does not verify, panics.
    pub broken: Vec<String>,
}

impl Counts {
    /// Counts a file's code objects, the module's first.
    pub fn add_file(&mut self, python: &Python, path: &Path, codes: &[Object]) {
        self.files += 1;
        for code in codes {
            let outcome = catch_unwind(AssertUnwindSafe(|| self.add_code(python, path, code)));
            if let Err(panic) = outcome {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
                self.broken.push(format!("{}: panic: {text}", path.display()));
            }
        }
    }

    fn add_code(&mut self, python: &Python, path: &Path, code: &Object) {
        let code = match bytecode::decode(python, code) {
            Ok(code) => code,
            Err(error) => return self.broken.push(format!("{}: does not decode: {error}", path.display())),
        };
        let place = format!("{}:{} {}", path.display(), code.first_line, code.qualname);
        match frontend::build(&code) {
            Err(refusal) if refusal.reason == RefusalReason::Namespace => self.namespaces += 1,
            Err(refusal) => {
                self.functions += 1;
                self.refused.entry(refusal.reason.name()).or_default().push(format!("{place}: {refusal}"));
            }
            Ok(function) => {
                self.functions += 1;
                match function.verify() {
                    Ok(()) => self.built += 1,
                    Err(error) => self.broken.push(format!("{place}: IR that does not verify: {error}")),
                }
            }
        }
    }
}
