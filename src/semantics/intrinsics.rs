//! Type parameters and type aliases.

use pyo3_ffi as ffi;

use super::spliced::spliced;
use crate::embed::{Object, Python};
use crate::operators::{Intrinsic1, Intrinsic2};
use crate::thread::owned::Owned;
use crate::thread::{Result, errors};

/// An intrinsic of one operand.
pub fn one(python: &Python, globals: &Object, intrinsic: Intrinsic1, operand: &Owned) -> Result<Owned> {
    let name = match intrinsic {
        Intrinsic1::TypeVar => "TYPEVAR",
        Intrinsic1::ParamSpec => "PARAMSPEC",
        Intrinsic1::TypeVarTuple => "TYPEVARTUPLE",
        Intrinsic1::SubscriptGeneric => "SUBSCRIPT_GENERIC",
        Intrinsic1::TypeAlias => "TYPEALIAS",
        Intrinsic1::Print | Intrinsic1::ImportStar | Intrinsic1::StopIterationError | Intrinsic1::AsyncGenWrap => {
            return Err(errors::system_error(c"an instruction that is refused"));
        }
    };
    // SAFETY: the object is alive, and a tuple of three keeps its items alive. CPython itself does not check this.
    let fits = unsafe {
        let object = operand.as_ptr();
        match intrinsic {
            Intrinsic1::SubscriptGeneric => ffi::PyTuple_CheckExact(object) != 0,
            Intrinsic1::TypeAlias => {
                ffi::PyTuple_CheckExact(object) != 0
                    && ffi::PyTuple_GET_SIZE(object) == 3
                    && ffi::PyUnicode_CheckExact(ffi::PyTuple_GET_ITEM(object, 0)) != 0
            }
            _ => ffi::PyUnicode_CheckExact(object) != 0,
        }
    };
    if !fits {
        return Err(errors::system_error(c"an operand that the intrinsic is not made for"));
    }
    spliced(python, globals, name, [operand])
}

/// An intrinsic of two operands.
pub fn two(python: &Python, globals: &Object, intrinsic: Intrinsic2, first: &Owned, second: &Owned) -> Result<Owned> {
    let name = match intrinsic {
        Intrinsic2::TypeVarWithBound => "TYPEVAR_WITH_BOUND",
        Intrinsic2::TypeVarWithConstraints => "TYPEVAR_WITH_CONSTRAINTS",
        Intrinsic2::SetFunctionTypeParams => "SET_FUNCTION_TYPE_PARAMS",
        Intrinsic2::SetTypeParamDefault => "SET_TYPEPARAM_DEFAULT",
    };
    // SAFETY: the objects are alive. CPython itself does not check this.
    let fits = unsafe {
        match intrinsic {
            Intrinsic2::TypeVarWithBound | Intrinsic2::TypeVarWithConstraints => {
                ffi::PyUnicode_CheckExact(first.as_ptr()) != 0
            }
            Intrinsic2::SetFunctionTypeParams => {
                ffi::PyFunction_Check(first.as_ptr()) != 0 && ffi::PyTuple_CheckExact(second.as_ptr()) != 0
            }
            Intrinsic2::SetTypeParamDefault => true,
        }
    };
    if !fits {
        return Err(errors::system_error(c"an operand that the intrinsic is not made for"));
    }
    spliced(python, globals, name, [first, second])
}
