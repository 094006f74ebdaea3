//! The `pypy` dialect: `PyPyTypedMethodMetadata`, whose last field is the name.
//!
//! The meaning of the codes and of the sign of `ret_type` is in PyPy's `pypy/module/cpyext/methodobject.py`.

use super::{Metadata, check_function, check_overload, check_pointer, check_wrapper, container, element};
use crate::cpython::memory::{self, Plain};
use crate::cpython::object::MethodDef;
use crate::metadata::signature::{Effects, Kind, MAX_PARAMETERS, Overload, Parameter, Raises, Scalar, Signature};
use crate::metadata::values::Flaw;

/// `PyPyTypedMethodMetadata` up to its name.
#[repr(C)]
#[derive(Clone, Copy)]
struct PyPyHead {
    arg_types: usize,
    ret_type: u32,
    /// C's padding, with any content.
    padding: u32,
    underlying_func: usize,
}

const _: () = assert!(size_of::<PyPyHead>() == 24);

// SAFETY: integers only, and their sizes add up to the size asserted above: no padding.
unsafe impl Plain for PyPyHead {}

const T_C_LONG: i32 = 1;
const T_C_DOUBLE: i32 = 2;
const T_PY_OBJECT: i32 = 3;
/// The last entry of `arg_types`.
const END: i32 = -1;

pub(super) fn read(found: &MethodDef) -> Result<Metadata, Flaw> {
    let (name, address) = container(found, size_of::<PyPyHead>())?;
    check_pointer("ml_name", address, align_of::<PyPyHead>())?;
    let head: PyPyHead = memory::read(address).map_err(|fault| Flaw::unnumbered("ml_name", fault))?;
    let parameters = read_parameters(head.arg_types)?;
    let (result, raises) = read_result(head.ret_type.cast_signed())?;
    let function = check_function("underlying_func", head.underlying_func)?;
    let overload = Overload { parameters, result, raises, effects: Effects::default() };
    check_overload(&overload, |_| "arg_types".to_owned())?;
    check_wrapper(found, &overload)?;
    let signature = Signature { overloads: vec![overload] };
    Ok(Metadata { name, signature, functions: vec![function], underlying: true })
}

fn read_parameters(arg_types: usize) -> Result<Vec<Parameter>, Flaw> {
    check_pointer("arg_types", arg_types, align_of::<i32>())?;
    let mut parameters = Vec::new();
    loop {
        let code = element::<u32>("arg_types", arg_types, parameters.len())?.cast_signed();
        if code == END {
            return Ok(parameters);
        }
        if parameters.len() == MAX_PARAMETERS {
            return Err(Flaw::unnumbered(
                "arg_types",
                format!("it does not end with -1 after {MAX_PARAMETERS} parameters"),
            ));
        }
        let Some(kind) = kind(code) else {
            return Err(Flaw::unnumbered(&format!("arg_types[{}]", parameters.len()), format!("unknown code {code}")));
        };
        parameters.push(Parameter::positional(kind));
    }
}

fn kind(code: i32) -> Option<Kind> {
    match code {
        T_C_LONG => Some(Kind::Scalar(Scalar::I64)),
        T_C_DOUBLE => Some(Kind::Scalar(Scalar::F64)),
        T_PY_OBJECT => Some(Kind::Object),
        _ => None,
    }
}

/// A negative code may raise. PyPy then looks for an exception after a `long` of -1 and after a null pointer. For a
/// `double` it compares with a zero, and means to distinguish that by its sign; its own tests return that zero, while
/// their wrappers expect -1. So only the exception itself tells.
fn read_result(ret_type: i32) -> Result<(Kind, Raises), Flaw> {
    let unknown = || Flaw::unnumbered("ret_type", format!("unknown code {ret_type}"));
    let kind = kind(ret_type.checked_abs().ok_or_else(unknown)?).ok_or_else(unknown)?;
    let raises = match kind {
        _ if ret_type > 0 => Raises::Never,
        Kind::Object => Raises::Null,
        Kind::Scalar(Scalar::F64) => Raises::Check,
        _ => Raises::MinusOne,
    };
    Ok((kind, raises))
}
