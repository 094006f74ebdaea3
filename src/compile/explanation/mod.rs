//! All stages of a function, as text: [`Specializer::explain`].

mod notes;

use std::sync::Arc;

pub use notes::Note;

use crate::bytecode::{self, Code};
use crate::callable::original::Original;
use crate::callable::world::LiveWorld;
use crate::compile::{ExitSite, FunctionNamespaces, NotCompiled, translated};
use crate::embed::{Exception, Object, Python};
use crate::ir::Instruction;
use crate::ir::passes::{Knowledge, run_function_observed};
use crate::lower::CodeListing;
use crate::lower::Unsupported;
use crate::specializer::Specializer;

/// How a function is compiled, from its source to machine code.
#[derive(Debug)]
pub struct Explanation {
    /// The qualified name.
    pub name: Arc<str>,
    /// The lines of the source with their numbers; empty if there is no source.
    pub source: Vec<(u32, String)>,
    /// The decoded bytecode.
    pub bytecode: String,
    /// The stages after that, or the reason why there are none.
    pub stages: Result<Stages, NotCompiled>,
}

/// The stages from a function's bytecode to machine code.
#[derive(Debug)]
pub struct Stages {
    /// The IR of the front end.
    pub ir: String,
    /// The passes by name, in the order in which they ran, each with the IR after it if it changed something.
    pub passes: Vec<(&'static str, Option<String>)>,
    /// The generated code, or the part for which there is no code yet.
    pub code: Result<CodeListing, Unsupported>,
    /// The places where the code may be left before its end, with the reasons; empty if there is no code.
    pub exits: Vec<ExitSite>,
    /// The direct calls of C functions, and the operations that were not specialized, in the order of the lines.
    pub notes: Vec<Note>,
    /// The number of calls in the bytecode, and of those that became direct calls of C functions.
    pub calls: Calls,
}

/// Numbers of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Direct calls of C functions.
    pub direct: usize,
    /// All calls.
    pub all: usize,
}

impl Specializer {
    /// Shows how a Python function is compiled, step by step, with what is not specialized and why. Nothing is run.
    ///
    /// ```
    /// use typedcall::{Options, Specializer, embed::Python};
    ///
    /// let python = Python::attach();
    /// let specializer = Specializer::new(&python, Options::default())?;
    /// let names = python.namespace()?;
    /// python.run("def twice(x): return x + x", &names)?;
    /// let twice = names.item(&python, "twice").expect("it was just defined");
    /// let stages = specializer.explain(&python, &twice)?.stages?;
    /// assert!(stages.ir.contains("BinaryOp<\"+\">"));
    /// assert_eq!(stages.notes[0].text, "BinaryOp<\"+\"> is done by Python: x may be any object");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the object is not a Python function, its bytecode can't be decoded, or Python raises. A later refusal is part
    /// of the explanation.
    pub fn explain(&self, python: &Python, function: &Object) -> Result<Explanation, NotCompiled> {
        let surroundings = FunctionNamespaces::of(python, function)?;
        let code = bytecode::decode_function(python, function)?;
        let source = source(python, function)?;
        Ok(self.explain_code(python, code, source, &surroundings))
    }

    /// The same, for a snippet with these globals, a dict.
    ///
    /// # Errors
    /// If Python raises.
    pub fn explain_snippet(
        &self,
        python: &Python,
        snippet: Code,
        globals: &Object,
    ) -> Result<Explanation, NotCompiled> {
        let surroundings = FunctionNamespaces::of_snippet(python, globals)?;
        Ok(self.explain_code(python, snippet, Vec::new(), &surroundings))
    }

    fn explain_code(
        &self,
        python: &Python,
        code: Code,
        source: Vec<(u32, String)>,
        surroundings: &FunctionNamespaces,
    ) -> Explanation {
        let (name, bytecode) = (code.qualname.clone(), code.to_string());
        let stages = self.stages(python, code, surroundings);
        Explanation { name, source, bytecode, stages }
    }

    fn stages(&self, python: &Python, code: Code, surroundings: &FunctionNamespaces) -> Result<Stages, NotCompiled> {
        let (prepared, mut function) = translated(python, code)?;
        let code = prepared.code();
        let ir = function.to_string();
        let all = function.instructions().filter(|(_, _, data)| data.instruction.is_call()).count();
        let known = |original: &Original| self.known(python, original).ok();
        let world = LiveWorld::new(python, &known, &surroundings.globals, &surroundings.builtins, &code.names);
        let knowledge = Knowledge::of_function(&world.callees, &world);
        let mut passes = Vec::new();
        let left_alone = run_function_observed(&mut function, &knowledge, |pass, function, changed| {
            passes.push((pass.name, changed.then(|| function.to_string())));
        });
        let is_direct = |instruction: &Instruction| matches!(instruction, Instruction::CallCFunction { .. });
        let direct = function.instructions().filter(|(_, _, data)| is_direct(&data.instruction)).count();
        let notes = notes::collect(code, &function, &world.callees, &left_alone);
        let listed = self.compiler().list_body(&function, &world.callees, world.methods())?;
        let (listing, exits) = listed.map_or_else(|error| (Err(error), Vec::new()), |(code, exits)| (Ok(code), exits));
        let exits = ExitSite::collect(code, exits.iter().map(|point| (point, 0)));
        Ok(Stages { ir, passes, code: listing, exits, notes, calls: Calls { direct, all } })
    }
}

/// The lines of a function's source with their numbers; empty if Python does not find them.
fn source(python: &Python, function: &Object) -> Result<Vec<(u32, String)>, Exception> {
    let names = python.namespace()?;
    names.set_item(python, "function", function)?;
    let read = "\
import inspect
try:
    lines, first = inspect.getsourcelines(function.__code__)
except (OSError, TypeError, SyntaxError):
    lines, first = [], 1
first, text = str(first), ''.join(lines)
";
    python.run(read, &names)?;
    let get = |name: &str| names.item(python, name).map_or_else(|| Ok(String::new()), |value| value.text(python));
    let first = get("first")?.parse().unwrap_or(1);
    Ok((first..).zip(get("text")?.lines().map(str::to_owned)).collect())
}
