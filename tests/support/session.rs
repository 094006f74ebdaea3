//! The tools of tests of compiled functions: a namespace, functions in it, and the same functions compiled.

use typedcall::embed::{Object, Python};
use typedcall::{CompileOptions, CompiledFunction, Options, Specializer};

use super::extension;

/// Python code that compares `NAME` with `fast_NAME`: results with their types, exceptions with texts, tracebacks, references.
pub const AGREE: &str = "
import sys, traceback
def trace(error):
    entries = []
    tb = error.__traceback__.tb_next
    while tb:
        code = tb.tb_frame.f_code
        entries.append((code.co_name, code.co_filename, tb.tb_lineno, sorted(tb.tb_frame.f_locals)))
        tb = tb.tb_next
    return entries
# Others hold these, too, now more and now fewer: the interpreter's caches, other threads.
def is_shared(value): return value is None or type(value) in (bool, str) or type(value) is int and -5 <= value <= 256
def counts(args): return [0 if is_shared(arg) else sys.getrefcount(arg) for arg in args]
def outcome(function, args):
    before = counts(args)
    try: result = function(*args)
    except Exception as error:
        result = type(error), str(error), trace(error), repr(error.__context__)
        del error
    else: result = type(result), repr(result)
    after = counts(args)
    return result, [b - a for a, b in zip(before, after)]
def same(name, *args):
    expected, got = outcome(globals()[name], args), outcome(globals()['fast_' + name], args)
    assert expected == got, (name, args, expected, got)
";

/// A Python with a specializer, and names.
pub struct Session {
    pub python: Python,
    pub specializer: Specializer,
    pub names: Object,
}

impl Session {
    pub fn new(source: &str) -> Self {
        let _ = env_logger::try_init();
        let python = extension::start();
        let mut options = Options::default();
        options.verify_code = true;
        let specializer = Specializer::new(&python, options).expect("this Python is supported");
        let names = python.namespace().expect("there is memory");
        python.run(source, &names).unwrap_or_else(|error| panic!("{error}"));
        Self { python, specializer, names }
    }

    /// A session with the module of `chain.c` as `m`, adopted.
    pub fn with_chain(source: &str) -> Self {
        let session = Self::new("");
        let module = extension::import(&session.python, "chain", include_str!("../c/chain.c"), &["-O1"]);
        session.specializer.adopt(&session.python, &module).expect("its metadata is good");
        session.names.set_item(&session.python, "m", &module).expect("there is memory");
        session.run(source);
        session
    }

    pub fn get(&self, name: &str) -> Object {
        self.names.item(&self.python, name).unwrap_or_else(|| panic!("no {name}"))
    }

    pub fn compile(&self, name: &str) -> CompiledFunction {
        let function = self.get(name);
        self.specializer.compile(&self.python, &function).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Binds the compiled function to `fast_NAME`.
    pub fn fast(&self, name: &str) -> CompiledFunction {
        let compiled = self.compile(name);
        let object = compiled.as_object(&self.python).expect("there is memory");
        self.names.set_item(&self.python, &format!("fast_{name}"), &object).expect("there is memory");
        compiled
    }

    /// Binds compiled versions of the function to `left_NAME_0`, `left_NAME_1`, …; in each, the guard with that number
    /// never holds. Returns their number.
    pub fn leave_at_each_guard(&self, name: &str) -> usize {
        let function = self.get(name);
        for guard in 0.. {
            let mut options = CompileOptions::default();
            options.leave_at = Some(guard);
            match self.specializer.compile_with(&self.python, &function, &options) {
                Ok(compiled) => {
                    let object = compiled.as_object(&self.python).expect("there is memory");
                    let name = format!("left_{name}_{guard}");
                    self.names.set_item(&self.python, &name, &object).expect("there is memory");
                }
                Err(error) => {
                    assert!(error.to_string().contains("the function has fewer"), "{error}");
                    return guard;
                }
            }
        }
        unreachable!("a function has an end")
    }

    pub fn run(&self, statements: &str) {
        self.python.run(statements, &self.names).unwrap_or_else(|error| panic!("{error}\n{statements}"));
    }
}
