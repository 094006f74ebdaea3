//! The C side of IR: the prototypes of underlying functions, and numbers that are known.

use crate::ir::{Spec, Type};
use crate::lower::machine::CType;
use crate::lower::unsupported::Unsupported;
use crate::metadata::{Kind, Overload, Raises, Scalar};

/// A C number that is known already.
pub(in crate::lower) fn c_constant(ty: &Type) -> Option<(Scalar, u64)> {
    let scalar = ty.scalar()?;
    match ty.spec()? {
        // As in C, an integer is converted to the size of its kind, extended to 64 bits.
        Spec::Int(number) => Some((scalar, *number as u64)),
        Spec::Double(bits) => Some((scalar, *bits)),
        Spec::Bool(truth) => Some((scalar, u64::from(*truth))),
        Spec::Object(_) | Spec::Class(_) | Spec::Instance(_) => None,
    }
}

/// The C parameters and the C result of an underlying function.
pub(in crate::lower) fn c_prototype(overload: &Overload) -> Result<(Vec<CType>, Option<CType>), Unsupported> {
    let parameter = |kind: &Kind| {
        CType::of_parameter(kind).ok_or_else(|| Unsupported::new(kind.to_string(), "it is no kind of parameter"))
    };
    let parameters = overload.parameters.iter().map(|each| parameter(&each.kind)).collect::<Result<_, _>>()?;
    let result = match (&overload.result, overload.raises) {
        (Kind::Void, Raises::Nonzero) => Some(CType::Status),
        (kind, _) => CType::of_result(kind),
    };
    Ok((parameters, result))
}
