//! Direct calls of C functions, for the instructions that make them.

use cranelift_codegen::ir::{InstBuilder, Value as Register, types};

use super::prototype::c_prototype;
use super::surroundings::{EmittedFunction, MethodSite, Surroundings, stolen};
use crate::ir::{Called, CalleeTarget, Inst, Value};
use crate::lower::convention::MethodConvention;
use crate::lower::machine::CType;
use crate::lower::unsupported::Unsupported;
use crate::metadata::{Kind, Overload};

/// Emits a direct call.
pub(super) fn call_c_function<'e, 'f: 'e>(
    around: &mut impl Surroundings<'e, 'f>,
    code: &EmittedFunction<'_>,
    inst: Inst,
    callee: &Called,
    args: &[Value],
) -> Result<(), Unsupported> {
    let (found, overload) = known(code, callee)?;
    match found {
        CalleeTarget::Underlying => call_underlying(around, code, inst, callee, overload, args),
        CalleeTarget::Method => call_method(around, code, inst, callee, overload, args),
        CalleeTarget::Class => Err(Unsupported::new(overload.to_string(), "a class has no C function")),
    }
}

/// The known facts about a callee.
fn known<'c>(code: &EmittedFunction<'c>, callee: &Called) -> Result<(CalleeTarget, &'c Overload), Unsupported> {
    let found = code.callees.overload(callee).map(|(found, overload)| (found.target, overload));
    found.ok_or_else(|| Unsupported::new(format!("CallCFunction<\"{callee}\">"), "no callee of that name was given"))
}

fn call_underlying<'e, 'f: 'e>(
    around: &mut impl Surroundings<'e, 'f>,
    code: &EmittedFunction<'_>,
    inst: Inst,
    callee: &Called,
    overload: &Overload,
    args: &[Value],
) -> Result<(), Unsupported> {
    let (parameters, result) = c_prototype(overload)?;
    if parameters.len() != args.len() {
        return Err(Unsupported::new(overload.to_string(), format!("the call passes {} values", args.len())));
    }
    let mut passed = Vec::with_capacity(args.len());
    for (arg, parameter) in args.iter().zip(&parameters) {
        let (first, length) = (around.values().defined(*arg)?, around.values().length(*arg));
        if usize::from(length.is_some()) + 1 != parameter.parts() {
            return Err(Unsupported::new(format!("{arg} as an argument of {callee}"), "it is of another kind"));
        }
        passed.push(first);
        passed.extend(length);
    }
    around.reach_call();
    let target = around.target(callee, CalleeTarget::Underlying);
    let counts = enter(around, inst, overload)?;
    around.begin_call();
    for value in stolen(overload, args) {
        let object = around.values().defined(value)?;
        around.emitter().incref_or_null(object, !code.function.ty(value).is_object());
    }
    let parts = around.emitter().call_underlying(target, (&parameters, result), &passed, overload.effects.nogil);
    let value = parts.first().copied().zip(result);
    around.end_call(value);
    if counts {
        around.emitter().leave_call();
    }
    // A result that is no object has no owner; the result of a foreign function is known to its provider only.
    let is_owned = !overload.effects.borrowed_result && !matches!(overload.result, Kind::Foreign(_));
    around.check_error(inst, value, overload.raises, is_owned)?;
    if let Some(into) = code.function.insts[inst].result.filter(|_| overload.result != Kind::Void) {
        around.values().set_parts(into, &parts);
    }
    Ok(())
}

fn call_method<'e, 'f: 'e>(
    around: &mut impl Surroundings<'e, 'f>,
    code: &EmittedFunction<'_>,
    inst: Inst,
    callee: &Called,
    overload: &Overload,
    args: &[Value],
) -> Result<(), Unsupported> {
    let into = code.result(inst)?;
    around.reach_call();
    let MethodSite { convention, receiver, receivers } = around.method(callee, overload, args)?;
    let mut objects = Vec::with_capacity(args.len());
    for arg in &args[receivers..] {
        objects.push(around.values().defined(*arg)?);
    }
    let target = around.target(callee, CalleeTarget::Method);
    // This is the same as in CPython's own vectorcalls of such functions (Objects/methodobject.c, descrobject.c).
    let counts = enter(around, inst, overload)?;
    let object = call_in_convention(around, target, convention, receiver, &objects);
    if counts {
        around.emitter().leave_call();
    }
    around.check_error(inst, Some((object, CType::Pointer)), overload.raises, true)?;
    around.values().set(into, object);
    Ok(())
}

/// Calls a `ml_meth` with objects in its own convention. A receiver is passed as it is. METH_NOARGS gets a null.
/// METH_METHOD gets its defining class; other conventions have none.
fn call_in_convention<'e, 'f: 'e>(
    around: &mut impl Surroundings<'e, 'f>,
    method: Register,
    convention: MethodConvention,
    receiver: Register,
    arguments: &[Register],
) -> Register {
    let count = i64::try_from(arguments.len()).expect("a call has at most 17 arguments");
    let arguments = match convention {
        MethodConvention::NoArgs => vec![receiver, around.emitter().null()],
        MethodConvention::O => vec![receiver, arguments[0]],
        MethodConvention::FastCall | MethodConvention::Other => {
            let array = around.argument_array(arguments);
            vec![receiver, array, around.emitter().builder.ins().iconst(types::I64, count)]
        }
        MethodConvention::FastCallKeywords => {
            let array = around.argument_array(arguments);
            vec![receiver, array, around.emitter().builder.ins().iconst(types::I64, count), around.emitter().null()]
        }
        MethodConvention::Method => {
            let class = around.defining_class().unwrap_or_else(|| around.emitter().null());
            let array = around.argument_array(arguments);
            vec![
                receiver,
                class,
                array,
                around.emitter().builder.ins().iconst(types::I64, count),
                around.emitter().null(),
            ]
        }
        MethodConvention::VarArgs | MethodConvention::VarArgsKeywords => {
            let array = around.argument_array(arguments);
            let (count, null) = (around.emitter().builder.ins().iconst(types::I64, count), around.emitter().null());
            return around.emitter().call_with_tuple(method, convention, receiver, [array, count, null]);
        }
    };
    around.emitter().call_pointers(method, &arguments)
}

/// Counts a call against the recursion limit, as a call through the interpreter would be counted. The result is whether
/// it has to be counted.
fn enter<'e, 'f: 'e>(
    around: &mut impl Surroundings<'e, 'f>,
    inst: Inst,
    overload: &Overload,
) -> Result<bool, Unsupported> {
    let counts = around.counts_recursion(overload);
    if counts {
        let error = around.error(inst)?;
        around.emitter().enter_call(error);
    }
    Ok(counts)
}
