//! The checks that a shape's code makes before a call. The reason why a call took the fallback is found by making them
//! again. Nothing here panics or runs Python code.

use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::fallback_reason::FallbackReason;
use super::foreign::Foreign;
use super::matching::{Parameters, match_arguments};
use super::parser::type_of;
use crate::ir::{Instruction, Value};
use crate::lower::{Admitted, Arm, Binding, Class, Convention, Given, Plan};
use crate::metadata::{PythonType, TypePlace};

/// The checks that the code of a shape makes before a call.
#[derive(Debug)]
pub struct Guards {
    arms: Box<[ArmGuards]>,
}

/// The checks of one arm.
#[derive(Debug)]
struct ArmGuards {
    overload: usize,
    arity: usize,
    given: Given,
    /// Whether the names of arguments must be those of the arm.
    takes_names: bool,
    /// Whether the receiver must be of the cell's class.
    checks_receiver: bool,
    /// Each check of a type.
    looks: Box<[(GuardedObject, Wanted)]>,
    /// Whether a value may fail although its type is right.
    looks_at_values: bool,
}

/// The object that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GuardedObject {
    Receiver,
    Argument(u16),
}

/// The objects that pass a check.
#[derive(Debug)]
enum Wanted {
    /// The objects that a guard accepts; also `None`, if it becomes null after the guard.
    Admitted { admitted: Admitted, or_none: bool },
    /// An exact float or an exact int.
    Real,
    /// The objects that a foreign function's provider converts for this C parameter.
    Foreign(u16),
}

/// A call, as the fallback passes it on.
pub(super) struct GuardedCall<'c> {
    /// The object that the call is made on; null if the cell knows it.
    pub(super) receiver: *mut ffi::PyObject,
    /// The type that it must have, if that is checked.
    pub(super) class: *mut ffi::PyTypeObject,
    pub(super) args: *const *mut ffi::PyObject,
    /// The number of arguments given by position.
    pub(super) given: usize,
    pub(super) names: *mut ffi::PyObject,
    /// The number of the names.
    pub(super) named: usize,
    /// The cell's parameters.
    pub(super) parameters: *const Parameters,
    pub(super) foreign: Option<&'c Foreign>,
}

/// The most arguments and held objects.
const MOST: usize = 2 * 17;

impl Guards {
    /// The guards of a plan.
    pub fn of(plan: &Plan) -> Self {
        Self { arms: plan.arms.iter().map(|arm| ArmGuards::of(plan, arm)).collect() }
    }

    /// The reason why a call does not take the arm that it came closest to.
    ///
    /// # Safety
    /// The conditions of [`count_fallback`](super::fallback::count_fallback).
    pub(super) unsafe fn reason(&self, call: &GuardedCall<'_>) -> FallbackReason {
        // The reasons of an arm are in the order of its checks. SAFETY: the caller's promise.
        self.arms.iter().map(|arm| unsafe { arm.reason(call) }).max().unwrap_or(FallbackReason::Other)
    }
}

impl ArmGuards {
    fn of(plan: &Plan, arm: &Arm) -> Self {
        let mut operands: Vec<(Value, GuardedObject, bool)> = Vec::new();
        let mut looks = Vec::new();
        let mut looks_at_values = false;
        for (_, _, data) in arm.function.instructions() {
            let known = operands.clone();
            let operand_of = |value: &Value| known.iter().find(|(known, ..)| known == value).copied();
            let mut is_operand = |operand, or_none| operands.extend(data.result.map(|into| (into, operand, or_none)));
            match &data.instruction {
                Instruction::LoadSelf => is_operand(GuardedObject::Receiver, false),
                Instruction::LoadArg { index } => is_operand(GuardedObject::Argument(*index), false),
                Instruction::NullIfNone { value } => {
                    if let Some((_, operand, _)) = operand_of(value) {
                        is_operand(operand, true);
                    }
                }
                Instruction::Guard { ty, value, .. } => {
                    if let (Some((_, operand, or_none)), Ok(admitted)) = (operand_of(value), Admitted::of(ty)) {
                        looks.push((operand, Wanted::Admitted { admitted, or_none }));
                        is_operand(operand, or_none);
                    }
                }
                Instruction::UnboxReal { value, .. } => {
                    looks_at_values = true;
                    if let Some((_, operand, _)) = operand_of(value) {
                        looks.push((operand, Wanted::Real));
                    }
                }
                Instruction::ToForeign { value, parameter, .. } => {
                    if let Some((_, operand, _)) = operand_of(value) {
                        looks.push((operand, Wanted::Foreign(*parameter)));
                    }
                }
                Instruction::Unbox { .. } => looks_at_values = true,
                _ => {}
            }
        }
        let (convention, binding) = (plan.frame.convention, plan.frame.binding);
        Self {
            overload: usize::from(arm.overload),
            arity: usize::from(arm.arity),
            given: arm.given,
            // Such a stub passes its C arguments on by names of its own.
            takes_names: matches!(convention, Convention::Objects { .. }),
            checks_receiver: arm.checks_receiver
                || (convention == Convention::Vectorcall && binding == Binding::Method),
            looks: looks.into(),
            looks_at_values,
        }
    }

    /// # Safety
    /// The conditions of [`count_fallback`](super::fallback::count_fallback).
    unsafe fn reason(&self, call: &GuardedCall<'_>) -> FallbackReason {
        let mut found = [null_mut(); MOST];
        let mut args = call.args;
        // SAFETY: the caller promises the objects; an arm that matches arguments has its parameters, none with more
        // than 16 arguments, and as many held objects.
        unsafe {
            let by_position = call.given == self.arity && call.named == 0;
            let own_names = self.takes_names && call.given + call.named == self.arity;
            if self.given != Given::ByPosition && !call.parameters.is_null() && !by_position {
                let out = found.as_mut_ptr();
                let (given, names) = (call.given, call.names);
                if match_arguments(call.parameters, self.overload, call.args, given, names, out) != 0 {
                    return if call.named > 0 { FallbackReason::Keywords } else { FallbackReason::Arity };
                }
                // A held object is also in its variable: none of these references is the last one.
                for held in found.iter().skip(self.arity) {
                    ffi::Py_XDECREF(*held);
                }
                args = out;
            } else if !by_position && !own_names {
                return if call.named > 0 { FallbackReason::Keywords } else { FallbackReason::Arity };
            }
            let of_class = |object: *mut ffi::PyObject| object.is_null() || ffi::Py_TYPE(object) == call.class;
            if self.checks_receiver && !of_class(call.receiver) {
                return FallbackReason::Type;
            }
            let passes = |(operand, wanted): &(GuardedObject, Wanted)| match operand {
                // The cell's own receiver passes.
                GuardedObject::Receiver => call.receiver.is_null() || wanted.passes(call.receiver, call.foreign),
                GuardedObject::Argument(index) => {
                    let index = usize::from(*index);
                    index >= self.arity || wanted.passes(*args.add(index), call.foreign)
                }
            };
            if !self.looks.iter().all(passes) {
                return FallbackReason::Type;
            }
        }
        if self.looks_at_values { FallbackReason::Value } else { FallbackReason::Other }
    }
}

/// The type at a place; `None` if a variable has none.
///
/// # Safety
/// The place has a type, or is a variable of the extension's.
unsafe fn type_at(place: TypePlace) -> Option<*mut ffi::PyTypeObject> {
    let class = match place {
        TypePlace::Object(address) => address.get() as *mut ffi::PyTypeObject,
        // SAFETY: the caller promises a variable.
        TypePlace::Variable(variable) => unsafe { *(variable.get() as *const *mut ffi::PyTypeObject) },
    };
    (!class.is_null()).then_some(class)
}

impl Wanted {
    /// Whether an object passes the check.
    ///
    /// # Safety
    /// The thread is attached, and the object alive or null.
    unsafe fn passes(&self, object: *mut ffi::PyObject, foreign: Option<&Foreign>) -> bool {
        // SAFETY: the caller promises the object; the stub's cell owns the types that are known by address, and
        // variables of an extension do not move.
        unsafe {
            if object.is_null() {
                return matches!(self, Self::Admitted { admitted: Admitted { null: true, .. }, .. });
            }
            let class = ffi::Py_TYPE(object);
            match self {
                Self::Real => [PythonType::Float, PythonType::Int].into_iter().any(|real| class == type_of(real)),
                Self::Admitted { admitted, or_none } => {
                    let wanted = match &admitted.class {
                        Class::Python(python) => type_of(*python),
                        Class::User(place) => match type_at(*place) {
                            Some(class) => class,
                            None => return false,
                        },
                    };
                    class == wanted
                        || (*or_none && admitted.null && object == ffi::Py_None())
                        || (admitted.subclasses && ffi::PyType_IsSubtype(class, wanted) != 0)
                }
                Self::Foreign(parameter) => {
                    let converters = foreign.map(|foreign| &foreign.arguments);
                    let converter = converters.and_then(|each| each.get(usize::from(*parameter))?.as_ref());
                    converter.is_none_or(|converter| converter.convert(object).is_some())
                }
            }
        }
    }
}
