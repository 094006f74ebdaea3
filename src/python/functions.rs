//! The functions of the module about Python functions.

use std::ffi::CStr;

use super::arguments::FastcallArguments;
use super::convert::{dict, list, none, optional_text, truth, tuple};
use super::method_error::MethodError;
use super::state::specializer;
use super::trampoline::NativeMethod;
use crate::compile::{
    ExitSite, FunctionReport, NotCompiled, Stages, compile_now, function_report, function_stats, give_back, wrapped,
};
use crate::embed::{Exception, Object, Python};

/// The exception of a function that is not compiled.
fn refused(refused: NotCompiled) -> MethodError {
    match refused {
        NotCompiled::Python(exception) => exception.into(),
        other => MethodError::NotCompiled(other),
    }
}

/// `python_function(function, now)`: makes it run compiled.
pub struct PythonFunctionMethod;

impl NativeMethod for PythonFunctionMethod {
    const NAME: &'static CStr = c"python_function";
    const DOC: &'static CStr = c"python_function($module, function, now, /)\n--\n\n\
        What to call for a Python function, which runs compiled from now on: the function itself from 3.12 on.\n\n\
        now compiles it before its first call, and raises Error if that is impossible.";
    const ARITY: usize = 2;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let function = arguments.object(python, 0);
        let callable = specializer(python)?.specialize_function(python, &function).map_err(refused)?;
        if arguments.optional_bool(python, 1)? == Some(true) {
            compile_now(python, &function).map_err(refused)?;
        }
        Ok(callable)
    }
}

/// `wrapped(object)`: the function of a dispatcher.
pub struct WrappedMethod;

impl NativeMethod for WrappedMethod {
    const NAME: &'static CStr = c"wrapped";
    const DOC: &'static CStr = c"wrapped($module, object, /)\n--\n\n\
        The function that a dispatcher stands for; the object itself if it is not a dispatcher.";
    const ARITY: usize = 1;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let object = arguments.object(python, 0);
        Ok(wrapped(python, &object).unwrap_or(object))
    }
}

/// `give_back(function)`: lets the original run.
pub struct GiveBackMethod;

impl NativeMethod for GiveBackMethod {
    const NAME: &'static CStr = c"give_back";
    const DOC: &'static CStr = c"give_back($module, function, /)\n--\n\n\
        Lets CPython run a Python function again; whether it was specialized.";
    const ARITY: usize = 1;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        Ok(truth(python, give_back(python, &arguments.object(python, 0)))?)
    }
}

/// `function_state(function)`: how it runs now.
pub struct FunctionStateMethod;

impl NativeMethod for FunctionStateMethod {
    const NAME: &'static CStr = c"function_state";
    const DOC: &'static CStr = c"function_state($module, function, /)\n--\n\n\
        None if the function is not specialized, or a dict: compiled, left, calls, original_calls, versions, code_bytes,\n\
        exits [(line, place, reason, taken)].";
    const ARITY: usize = 1;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let Some(report) = function_report(python, &arguments.object(python, 0)) else { return Ok(none(python)) };
        let FunctionReport { compiled, left, calls, original_calls, versions, code_bytes, exits, .. } = report;
        Ok(dict(
            python,
            [
                ("compiled", truth(python, compiled)?),
                ("left", optional_text(python, left.as_deref())?),
                ("calls", number(python, calls)?),
                ("original_calls", number(python, original_calls)?),
                ("versions", number(python, versions as u64)?),
                ("code_bytes", number(python, code_bytes as u64)?),
                ("exits", exit_rows(python, &exits)?),
            ],
        )?)
    }
}

/// `describe_function(function)`: the stages of its compilation.
pub struct DescribeFunctionMethod;

impl NativeMethod for DescribeFunctionMethod {
    const NAME: &'static CStr = c"describe_function";
    const DOC: &'static CStr = c"describe_function($module, function, /)\n--\n\n\
        A dict of what compiling the function now would give: source [(line, text)], bytecode, generic_ir, ir, clif, asm,\n\
        notes [(line, specialized, text)], exits [(line, place, reason, taken)], calls and direct_calls, and why_not,\n\
        which is None if it can be compiled. What does not exist is None or empty.";
    const ARITY: usize = 1;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let explanation = specializer(python)?.explain(python, &arguments.object(python, 0)).map_err(refused)?;
        let (stages, why_not) = match explanation.stages {
            Ok(stages) => (Some(stages), None),
            Err(refusal) => (None, Some(refusal.to_string())),
        };
        let stages = stages.as_ref();
        let text = |text: Option<&str>| optional_text(python, text);
        let source =
            explanation.source.iter().map(|(line, text)| tuple(python, [number(python, *line)?, python.text(text)?]));
        let notes = stages.iter().flat_map(|stages| &stages.notes).map(|note| {
            tuple(python, [line(python, note.line)?, truth(python, note.specialized)?, python.text(&note.text)?])
        });
        let code = stages.and_then(|stages| stages.code.as_ref().ok());
        let calls = stages.map(|stages| stages.calls).unwrap_or_default();
        Ok(dict(
            python,
            [
                ("source", list(python, source)?),
                ("bytecode", python.text(&explanation.bytecode)?),
                ("generic_ir", text(stages.map(|stages| &*stages.ir))?),
                ("ir", text(stages.map(last_ir))?),
                ("clif", text(code.map(|code| &*code.clif))?),
                ("asm", text(code.map(|code| &*code.machine_code))?),
                ("notes", list(python, notes)?),
                ("exits", exit_rows(python, stages.map_or(&[][..], |stages| &stages.exits))?),
                ("calls", number(python, calls.all as u64)?),
                ("direct_calls", number(python, calls.direct as u64)?),
                ("why_not", text(why_not.or_else(|| stages.and_then(no_code)).as_deref())?),
            ],
        )?)
    }
}

/// The IR after all passes.
fn last_ir(stages: &Stages) -> &str {
    stages.passes.iter().rev().find_map(|(_, ir)| ir.as_deref()).unwrap_or(&stages.ir)
}

/// Why a function is not compiled that has IR.
fn no_code(stages: &Stages) -> Option<String> {
    stages.code.as_ref().err().map(ToString::to_string)
}

fn number(python: &Python, number: impl Into<u64>) -> Result<Object, Exception> {
    python.int(i64::try_from(number.into()).unwrap_or(i64::MAX))
}

fn line(python: &Python, line: Option<u32>) -> Result<Object, Exception> {
    line.map_or_else(|| Ok(none(python)), |line| number(python, line))
}

fn exit_rows(python: &Python, exits: &[ExitSite]) -> Result<Object, Exception> {
    list(
        python,
        exits.iter().map(|exit| {
            let reason = python.text(&exit.reason.to_string())?;
            tuple(python, [line(python, exit.line)?, number(python, exit.place)?, reason, number(python, exit.taken)?])
        }),
    )
}

/// The entries of `stats()` about Python functions.
pub(super) fn stats(python: &Python) -> Result<[(&'static str, Object); 8], Exception> {
    let stats = function_stats(python);
    Ok([
        ("functions", number(python, stats.functions as u64)?),
        ("compiled_functions", number(python, stats.compiled as u64)?),
        ("left_functions", number(python, stats.left as u64)?),
        ("versions", number(python, stats.versions as u64)?),
        ("function_code_bytes", number(python, stats.code_bytes as u64)?),
        ("exits", number(python, stats.exits)?),
        ("compiled_calls", number(python, stats.calls)?),
        ("original_calls", number(python, stats.original_calls)?),
    ])
}
