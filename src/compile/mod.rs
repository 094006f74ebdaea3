//! Whole functions: [`Specializer::compile`] makes machine code of one, or returns the reason why not. `compiled` has
//! the result, `exit_site` the places where it may be left; `explanation` shows each step; `specialized` lets a function's callers run its
//! code.

mod compiled;
mod exit_site;
mod explanation;
mod specialized;

pub use compiled::CompiledFunction;
pub use exit_site::ExitSite;
pub use explanation::{Calls, Explanation, Note, Stages};
pub use specialized::{
    FunctionReport, FunctionStats, compile_now, function_report, function_stats, give_back, wrapped,
};

use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Instant;

use pyo3_ffi as ffi;

use crate::bytecode::{self, Code};
use crate::callable::original::Original;
use crate::callable::world::LiveWorld;
use crate::cpython::Incompatible;
use crate::cpython::proof::check_interpreter;
use crate::embed::{Exception, Object, Python};
use crate::frontend;
use crate::interpreter::{self, Prepared};
use crate::ir::passes::{Avoided, Knowledge, NotSpecialized, refcounts, run_function};
use crate::ir::{Analyses, Function, Type};
use crate::lower::CompileError;
use crate::lower::Unsupported;
#[cfg(debug_assertions)]
use crate::lower::body::ExitPoint;
use crate::runtime::body::{BodyEntry, Linker, Unit, Version};
use crate::specializer::Specializer;

/// The reason why a function was not compiled. The function runs as before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotCompiled {
    /// The thread is attached to a subinterpreter.
    #[error(transparent)]
    Incompatible(#[from] Incompatible),
    /// The object is not a Python function.
    #[error("{0} is not a Python function: only these are compiled")]
    NotAFunction(String),
    /// The bytecode could not be decoded.
    #[error(transparent)]
    Decode(#[from] bytecode::DecodeError),
    /// The front end refuses it.
    #[error("{function}: {refusal}")]
    Refused {
        /// The function's qualified name.
        function: Arc<str>,
        /// The line and the reason.
        refusal: frontend::Refusal,
    },
    /// The interpreter, to which compiled code exits, refuses it.
    #[error(transparent)]
    NotInterpreted(#[from] interpreter::NotInterpreted),
    /// No code can be generated for a part of the IR.
    #[error("{function}: {source}")]
    Unsupported {
        /// The function's qualified name.
        function: Arc<str>,
        /// The part, and the reason.
        source: Unsupported,
    },
    /// There is no machine code, for this reason.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It was taken by [`Specializer::specialize_function`], and is left to CPython, for this reason.
    #[error("{0}")]
    Left(Arc<str>),
    /// It can't be told whether `sys.monitoring` is in use.
    #[error("all tools of sys.monitoring are taken: free one (sys.monitoring.free_tool_id) before the first call")]
    Unobservable,
    /// Python raised.
    #[error("Python raised {0}")]
    Python(#[from] Exception),
}

/// Options of [`Specializer::compile_with`]. Other values than the default are for tests of compiled code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompileOptions {
    /// Whether the passes run. Without them the code does what the bytecode says, step by step.
    pub passes: bool,
    /// The number of a guard that never holds: the code always leaves there, and the instructions
    /// after it are not compiled.
    pub leave_at: Option<usize>,
    /// Expectations that the passes must not have, by place and reason, as [`CompiledFunction::exit_sites`] gives them.
    pub avoided: Avoided,
    /// The types of the arguments for which the code is made, by position; `None` for any. A call with others leaves at
    /// once.
    pub argument_types: Vec<Option<Type>>,
    /// A mistake that the code has on purpose. Only debug builds make it.
    #[cfg(debug_assertions)]
    pub mistake: Option<crate::ir::Mistake>,
}

impl Default for CompileOptions {
    fn default() -> Self {
        Self {
            passes: true,
            leave_at: None,
            avoided: Avoided::default(),
            argument_types: Vec::new(),
            #[cfg(debug_assertions)]
            mistake: None,
        }
    }
}

/// The globals and builtins of a function.
pub(crate) struct FunctionNamespaces {
    pub globals: Object,
    pub builtins: Object,
    pub closure: Option<Object>,
}

impl Specializer {
    /// Compiles a Python function. The result does exactly the same, and is faster if it calls known functions.
    ///
    /// ```
    /// use typedcall::{Options, Specializer, embed::Python};
    ///
    /// let python = Python::attach();
    /// let specializer = Specializer::new(&python, Options::default())?;
    /// let names = python.namespace()?;
    /// python.run("def shout(text): return text.upper() + '!'", &names)?;
    /// let shout = names.item(&python, "shout").expect("it was just defined");
    /// let compiled = specializer.compile(&python, &shout)?;
    /// let result = compiled.call(&python, &[&python.text("hello")?])?;
    /// assert_eq!(result.text(&python)?, "HELLO!");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The reason why it is not compiled, with the line.
    pub fn compile(&self, python: &Python, function: &Object) -> Result<CompiledFunction, NotCompiled> {
        self.compile_with(python, function, &CompileOptions::default())
    }

    /// The same, with options.
    ///
    /// # Errors
    /// The errors of [`Specializer::compile`]; also if there is no guard with that number.
    pub fn compile_with(
        &self,
        python: &Python,
        function: &Object,
        options: &CompileOptions,
    ) -> Result<CompiledFunction, NotCompiled> {
        check_interpreter(python)?;
        let surroundings = FunctionNamespaces::of(python, function)?;
        let code = bytecode::decode_function(python, function)?;
        self.compile_code(python, code, surroundings, Some(function), options)
    }

    /// Compiles a function, for callers that hold the function whenever they call the code: the result owns neither the
    /// function nor its namespaces and its closure.
    ///
    /// # Errors
    /// The errors of [`Specializer::compile`].
    pub(crate) fn compile_borrowing(
        &self,
        python: &Python,
        function: &Object,
    ) -> Result<CompiledFunction, NotCompiled> {
        check_interpreter(python)?;
        let namespaces = FunctionNamespaces::of(python, function)?;
        let (prepared, ir) = translated(python, bytecode::decode_function(python, function)?)?;
        let FunctionNamespaces { globals, builtins, closure } = &namespaces;
        let pointer = NonNull::new(function.as_ptr()).ok_or_else(|| python.take_exception())?;
        // SAFETY: the function has them, and the callers hold it.
        let unit = unsafe { Unit::borrowing(python, prepared, (globals, builtins), closure.as_ref(), pointer) };
        let unit = Arc::new(unit);
        let version = self.add_version(python, &unit, ir, &CompileOptions::default())?;
        Ok(CompiledFunction::new(python, unit, version, None))
    }

    /// Compiles a snippet, as a function with these globals, a dict. Its builtins are those of the running code.
    ///
    /// # Errors
    /// The reason why it is not compiled.
    pub fn compile_snippet(
        &self,
        python: &Python,
        snippet: Code,
        globals: &Object,
    ) -> Result<CompiledFunction, NotCompiled> {
        check_interpreter(python)?;
        let surroundings = FunctionNamespaces::of_snippet(python, globals)?;
        self.compile_code(python, snippet, surroundings, None, &CompileOptions::default())
    }

    /// Compiles a function once more, as another version of it: with its own code, assumptions, exits and counts. Calls
    /// of the result run that version; calls of the given function run the same version as before.
    ///
    /// # Errors
    /// The errors of [`Specializer::compile_with`].
    pub fn compile_version(
        &self,
        python: &Python,
        compiled: &CompiledFunction,
        options: &CompileOptions,
    ) -> Result<CompiledFunction, NotCompiled> {
        check_interpreter(python)?;
        let unit = compiled.unit();
        let version = self.add_version(python, unit, build(unit.prepared.code())?, options)?;
        Ok(compiled.with_version(python, version))
    }

    fn compile_code(
        &self,
        python: &Python,
        code: Code,
        surroundings: FunctionNamespaces,
        original: Option<&Object>,
        options: &CompileOptions,
    ) -> Result<CompiledFunction, NotCompiled> {
        let (prepared, function) = translated(python, code)?;
        let FunctionNamespaces { globals, builtins, closure } = surroundings;
        let function_object = original.and_then(|original| NonNull::new(original.as_ptr()));
        let unit = Arc::new(Unit::new(prepared, (globals, builtins), closure, function_object));
        let version = self.add_version(python, &unit, function, options)?;
        Ok(CompiledFunction::new(python, unit, version, original))
    }

    /// Compiles the IR of a unit's bytecode as a version of it. The result is the version and the address of its code.
    fn add_version(
        &self,
        python: &Python,
        unit: &Unit,
        mut function: Function,
        options: &CompileOptions,
    ) -> Result<(Arc<Version>, BodyEntry), NotCompiled> {
        let start = Instant::now();
        let code = unit.prepared.code();
        let name = code.qualname.clone();
        let known = |original: &Original| self.known(python, original).ok();
        let world = LiveWorld::new(python, &known, &unit.globals, &unit.builtins, &code.names);
        unit.used_arguments.get_or_init(|| function.used_arguments());
        function.expect_arguments(&options.argument_types, code.locals.len());
        if options.passes {
            let knowledge = Knowledge {
                avoided: &options.avoided,
                #[cfg(debug_assertions)]
                mistake: options.mistake,
                ..Knowledge::of_function(&world.callees, &world)
            };
            log_calls(&name, &run_function(&mut function, &knowledge));
        } else {
            refcounts::run(&mut function, &world, &mut Analyses::default());
        }
        let unsupported = |source| NotCompiled::Unsupported { function: name.clone(), source };
        if let Some(guard) = options.leave_at
            && !function.leave_at(guard)
        {
            return Err(unsupported(Unsupported::new(format!("guard {guard}"), "the function has fewer")));
        }
        let version = Arc::new(Version::new(name.clone()));
        let mut linker = Linker::new(python, self.addresses(), unit, &version, &world.codes);
        world.types.iter().for_each(|class| linker.keep(class.clone_ref(python)));
        #[cfg_attr(not(debug_assertions), expect(unused_mut, reason = "only debug builds make mistakes"))]
        let (placed, mut exits) =
            self.compiler().compile_body(&function, &world.callees, &mut linker)?.map_err(unsupported)?;
        #[cfg(debug_assertions)]
        if options.mistake == Some(crate::ir::Mistake::DoubleAsInt) {
            exits.iter_mut().for_each(ExitPoint::take_doubles_for_ints);
        }
        let linked = linker
            .finish(exits.iter())
            .map_err(|missing| unsupported(Unsupported::new(missing, "it has no address in this process")))?;
        log::debug!(
            target: "typedcall::compile",
            "compiled {name}: {} bytes in {} µs\n{function}",
            placed.bytes,
            start.elapsed().as_micros()
        );
        let entry = version.set_code(placed, exits, linked);
        unit.add_version(version.clone());
        Ok((version, entry))
    }
}

/// The IR of decoded bytecode.
fn build(code: &Code) -> Result<Function, NotCompiled> {
    frontend::build(code).map_err(|refusal| NotCompiled::Refused { function: code.qualname.clone(), refusal })
}

/// Code that the interpreter can continue with, and its IR.
pub(crate) fn translated(python: &Python, code: Code) -> Result<(Prepared, Function), NotCompiled> {
    // The front end comes first, since it names the line; the interpreter knows none.
    let function = build(&code)?;
    let prepared = Prepared::new_live(python, code)?;
    // Before this, the literals of a snippet are not objects.
    let is_snippet = prepared.code().object.is_none();
    let function = if is_snippet { build(prepared.code())? } else { function };
    Ok((prepared, function))
}

impl FunctionNamespaces {
    /// The namespaces of a snippet with these globals.
    pub fn of_snippet(python: &Python, globals: &Object) -> Result<Self, NotCompiled> {
        // SAFETY: the thread is attached; the builtins are borrowed from it.
        let builtins = NonNull::new(unsafe { ffi::PyEval_GetBuiltins() })
            .map(|builtins| unsafe { Object::from_borrowed(python, builtins) })
            .ok_or_else(|| python.take_exception())?;
        Ok(Self { globals: globals.clone_ref(python), builtins, closure: None })
    }

    /// The namespaces of a function.
    pub fn of(python: &Python, function: &Object) -> Result<Self, NotCompiled> {
        // SAFETY: the function is alive, and its type checked before its parts are borrowed.
        unsafe {
            let pointer = function.as_ptr();
            if ffi::PyFunction_Check(pointer) == 0 {
                return Err(NotCompiled::NotAFunction(function.repr(python)?));
            }
            let borrowed = |object| NonNull::new(object).map(|object| Object::from_borrowed(python, object));
            let globals = borrowed(ffi::PyFunction_GetGlobals(pointer));
            Ok(Self {
                globals: globals.ok_or_else(|| python.take_exception())?,
                builtins: function.attr(python, "__builtins__")?,
                closure: borrowed(ffi::PyFunction_GetClosure(pointer)),
            })
        }
    }
}

fn log_calls(name: &str, left_alone: &[NotSpecialized]) {
    for call in left_alone {
        log::debug!(target: "typedcall::compile", "{name}: {}", call.reason);
    }
}
