//! Compiles files to code objects.

use std::path::Path;

use pyo3_ffi as ffi;
use typedcall::embed::{Exception, Object, Python};

/// A program that compiles files, and lists all their code objects.
const SOURCE: &str = "
import types, warnings
warnings.simplefilter('ignore')
def codes(path):
    with open(path, 'rb') as file:
        found = [compile(file.read(), path, 'exec', dont_inherit=True)]
    for code in found:
        found.extend(item for item in code.co_consts if isinstance(item, types.CodeType))
    return iter(found)
";

/// Compiles Python files without running them.
pub struct FileCompiler {
    codes: Object,
    next: Object,
}

impl FileCompiler {
    /// Makes one.
    pub fn new(python: &Python) -> Result<Self, Exception> {
        let names = python.namespace()?;
        python.run(SOURCE, &names)?;
        Ok(Self { codes: python.eval("codes", &names)?, next: python.eval("lambda found: next(found, None)", &names)? })
    }

    /// All code objects of a file, the module's first.
    pub fn codes(&self, python: &Python, path: &Path) -> Result<Vec<Object>, Exception> {
        let found = self.codes.call(python, &[&python.text(&path.to_string_lossy())?])?;
        let mut codes = Vec::new();
        loop {
            let code = self.next.call(python, &[&found])?;
            // SAFETY: `None` lives as long as the interpreter.
            if code.as_ptr() == unsafe { ffi::Py_None() } {
                return Ok(codes);
            }
            codes.push(code);
        }
    }
}
