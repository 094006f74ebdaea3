//! Instructions on values. A stub and a whole function have the same code for them.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Register};

use super::admitted::{Admitted, View};
use super::direct_call::call_c_function;
use super::prototype::c_constant;
use super::surroundings::{EmittedFunction, Surroundings};
use crate::ir::{ConstObject, ConstValue, Inst, Instruction, Spec, Type, Value};
use crate::lower::symbol::Symbol;
use crate::lower::unsupported::Unsupported;
use crate::metadata::Scalar;

/// Emits an instruction on values. The result is `false` for other instructions, which the surroundings emit: where the
/// arguments are, control flow, Python's operations.
pub(in crate::lower) fn emit<'e, 'f>(
    around: &mut impl Surroundings<'e, 'f>,
    code: &EmittedFunction<'_>,
    inst: Inst,
) -> Result<bool, Unsupported>
where
    'f: 'e,
{
    let instruction = &code.function.insts[inst].instruction;
    match instruction {
        Instruction::LoadConst => {
            let into = code.result(inst)?;
            let constant = constant(around, code.function.ty(into))?;
            around.values().set(into, constant);
        }
        Instruction::LoadContext => {
            let context = around.emitter().call_symbol(Symbol::Context, &[]);
            let error = around.error(inst)?;
            around.emitter().require(context, error);
            around.values().set(code.result(inst)?, context);
        }
        Instruction::Guard { ty, value, failure: _ } => {
            let object = around.values().defined(*value)?;
            // This comes before the guard: the guard's own state may mention the result, for the value that it checks.
            around.values().set(code.result(inst)?, object);
            if !Type::OBJECT.is_subtype(ty) {
                guard(around, inst, object, ty)?;
            }
        }
        Instruction::NullIfNone { value } => {
            let object = around.values().defined(*value)?;
            let object = around.emitter().null_if_none(object);
            around.values().set(code.result(inst)?, object);
        }
        Instruction::Unbox { ctype, value, failure: _ } => unbox(around, code, inst, ctype, *value)?,
        Instruction::UnboxReal { ctype, value } => {
            let (object, fail) = (around.values().defined(*value)?, around.fail(inst)?);
            let scalar = ctype.scalar().ok_or_else(|| no_c_value(format!("UnboxReal<{ctype}>")))?;
            let number = around.emitter().unbox_real(object, scalar, fail);
            around.values().set(code.result(inst)?, number);
        }
        Instruction::Box { value } => box_value(around, code, inst, *value)?,
        Instruction::CallCFunction { callee, args } => call_c_function(around, code, inst, callee, args)?,
        Instruction::Incref { value } => {
            // References that a callee takes over are added at the call.
            if !code.taken_over.contains(inst) {
                let object = around.values().defined(*value)?;
                incref(around, object, code.function.ty(*value));
            }
        }
        Instruction::LoadArg { .. }
        | Instruction::LoadSelf
        | Instruction::VectorCall { .. }
        | Instruction::VectorCallStatic { .. }
        | Instruction::ToForeign { .. }
        | Instruction::FromForeign { .. }
        | Instruction::Operate { .. }
        | Instruction::MethodSelf { .. }
        | Instruction::Assume { .. }
        | Instruction::GuardFinite { .. }
        | Instruction::Arithmetic { .. }
        | Instruction::CompareNumbers { .. }
        | Instruction::Decref { .. }
        | Instruction::Jump { .. }
        | Instruction::Branch { .. }
        | Instruction::Return { .. }
        | Instruction::Exit
        | Instruction::Unreachable => return Ok(false),
    }
    Ok(true)
}

pub(super) fn no_c_value(what: String) -> Unsupported {
    Unsupported::new(what, "no C value of an object")
}

fn constant<'e, 'f: 'e>(around: &mut impl Surroundings<'e, 'f>, ty: &Type) -> Result<Register, Unsupported> {
    if let Some((scalar, bits)) = c_constant(ty) {
        return Ok(around.emitter().c_constant(scalar, bits));
    }
    match ty.const_object() {
        Some(constant) => object(around, constant),
        None if ty.is_subtype(&Type::NONE_TYPE) => Ok(around.emitter().address(Symbol::NoneObject)),
        None if ty.is_subtype(&Type::NULLPTR) => Ok(around.emitter().null()),
        None => Err(Unsupported::new(format!("the constant {ty}"), "it is not one value")),
    }
}

/// The address of a constant.
fn object<'e, 'f: 'e>(around: &mut impl Surroundings<'e, 'f>, object: &ConstObject) -> Result<Register, Unsupported> {
    Ok(match object.value {
        ConstValue::None => around.emitter().address(Symbol::NoneObject),
        ConstValue::Bool(true) => around.emitter().address(Symbol::TrueObject),
        ConstValue::Bool(false) => around.emitter().address(Symbol::FalseObject),
        ConstValue::Int(_)
        | ConstValue::Float(_)
        | ConstValue::Text(_)
        | ConstValue::Callee(_)
        | ConstValue::Object => around.object(object)?,
    })
}

fn guard<'e, 'f: 'e>(
    around: &mut impl Surroundings<'e, 'f>,
    inst: Inst,
    found: Register,
    ty: &Type,
) -> Result<(), Unsupported> {
    let fail = around.fail(inst)?;
    if let Some(Spec::Object(wanted)) = ty.spec() {
        let wanted = object(around, wanted)?;
        let holds = around.emitter().builder.ins().icmp(IntCC::Equal, found, wanted);
        around.emitter().require(holds, fail);
    } else {
        around.emitter().guard(found, &Admitted::of(ty)?, fail);
    }
    Ok(())
}

fn unbox<'e, 'f: 'e>(
    around: &mut impl Surroundings<'e, 'f>,
    code: &EmittedFunction<'_>,
    inst: Inst,
    ctype: &Type,
    value: Value,
) -> Result<(), Unsupported> {
    let (object, into) = (around.values().defined(value)?, code.result(inst)?);
    match (ctype.scalar(), View::of(ctype)) {
        (Some(scalar @ (Scalar::F64 | Scalar::F32 | Scalar::CBool)), _) => {
            let number = around.emitter().unbox_certain(object, scalar);
            around.values().set(into, number);
        }
        (Some(scalar), _) => {
            let fail = around.fail(inst)?;
            let number = around.emitter().unbox_int(object, scalar, fail);
            around.values().set(into, number);
        }
        (None, Some(view)) => {
            let fail = around.fail(inst)?;
            let or_null = !code.function.ty(value).is_object();
            let (pointer, length) = around.emitter().view(object, view, or_null, fail);
            around.values().set_parts(into, &[pointer, length]);
        }
        (None, None) => return Err(no_c_value(format!("Unbox<{ctype}>"))),
    }
    Ok(())
}

fn box_value<'e, 'f: 'e>(
    around: &mut impl Surroundings<'e, 'f>,
    code: &EmittedFunction<'_>,
    inst: Inst,
    value: Value,
) -> Result<(), Unsupported> {
    let ty = code.function.ty(value);
    let first = around.values().defined(value)?;
    let object = match (ty.scalar(), View::of(ty)) {
        (Some(scalar), _) => around.emitter().box_scalar(first, scalar),
        (None, Some(view)) => {
            let length = around.values().length(value);
            around.emitter().box_view((first, length), view)
        }
        (None, None) => return Err(no_c_value(format!("Box of {ty}"))),
    };
    // A bool exists already.
    if ty.scalar() != Some(Scalar::CBool)
        && let Some(error) = around.error_of_null(inst)?
    {
        around.emitter().require(object, error);
    }
    around.values().set(code.result(inst)?, object);
    Ok(())
}

fn incref<'e, 'f: 'e>(around: &mut impl Surroundings<'e, 'f>, object: Register, ty: &Type) {
    if ty.is_subtype(&Type::NONE_TYPE) || ty.is_subtype(&Type::BOOL) {
        around.emitter().incref_immortal(object);
    } else {
        around.emitter().incref_or_null(object, !ty.is_object());
    }
}
