//! The Cranelift types of C types, and the signatures of the C functions that compiled code calls.

use std::fmt;

use cranelift_codegen::ir::{AbiParam, Signature, Type, types};
use cranelift_codegen::isa::CallConv;

use crate::cpython::{AbiType, CSignature};
use crate::metadata::{ForeignKind, Kind, Scalar};

/// The type of one C value, in a register or on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CType {
    /// A number or truth value.
    Scalar(Scalar),
    /// An object, a context, an address.
    Pointer,
    /// A C `int` that is 0 for success.
    Status,
    /// A `const char *` that ends with a NUL.
    Chars,
    /// A pointer and a length. As a parameter, these are two C arguments; as a result, a struct of both, which comes in
    /// two registers.
    Span,
}

impl CType {
    /// The C type of a parameter of this kind; `None` for `void`.
    pub fn of_parameter(kind: &Kind) -> Option<Self> {
        match kind {
            Kind::Scalar(scalar) => Some(Self::Scalar(*scalar)),
            Kind::Foreign(ForeignKind::Char) => Some(Self::Scalar(Scalar::I8)),
            Kind::Foreign(ForeignKind::Wchar) => Some(Self::Scalar(Scalar::I32)),
            Kind::Foreign(ForeignKind::Double) => Some(Self::Scalar(Scalar::F64)),
            Kind::Foreign(ForeignKind::Float) => Some(Self::Scalar(Scalar::F32)),
            Kind::Object
            | Kind::Python { .. }
            | Kind::User { .. }
            | Kind::Foreign(ForeignKind::Pointer | ForeignKind::Object)
            | Kind::Context => Some(Self::Pointer),
            Kind::Cstr | Kind::Buffer => Some(Self::Span),
            Kind::Void => None,
        }
    }

    /// The C type of a result of this kind; `None` for `void`.
    pub fn of_result(kind: &Kind) -> Option<Self> {
        match kind {
            Kind::Cstr => Some(Self::Chars),
            kind => Self::of_parameter(kind),
        }
    }

    /// Number of C values.
    pub fn parts(self) -> usize {
        if self == Self::Span { 2 } else { 1 }
    }

    /// The Cranelift type of the value; for a span, of each of its two values.
    pub fn clif(self) -> Type {
        match self {
            Self::Scalar(Scalar::F32) => types::F32,
            Self::Scalar(Scalar::F64) => types::F64,
            Self::Scalar(scalar) => {
                Type::int(u16::from(scalar.bytes()) * 8).expect("a C integer has 8, 16, 32 or 64 bits")
            }
            Self::Pointer | Self::Chars | Self::Span => types::I64,
            Self::Status => types::I32,
        }
    }

    /// Each part of it as a parameter or result of a C function. Small integers are extended to 32 bits, because
    /// callees compiled by clang rely on that (the x86-64 psABI leaves it open, AAPCS64 does not ask for it).
    pub fn abi(self) -> AbiParam {
        let param = AbiParam::new(self.clif());
        match self {
            Self::Scalar(scalar) if scalar.bytes() < 4 && scalar.is_signed() => param.sext(),
            Self::Scalar(scalar) if scalar.bytes() < 4 && scalar != Scalar::F32 => param.uext(),
            _ => param,
        }
    }
}

impl fmt::Display for CType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => write!(formatter, "{}", Kind::Scalar(*scalar)),
            Self::Pointer => formatter.write_str("ptr"),
            Self::Status => formatter.write_str("status"),
            Self::Chars => formatter.write_str("chars"),
            Self::Span => formatter.write_str("ptr+length"),
        }
    }
}

/// The signature of a function of the table.
pub(super) fn table_signature(call_conv: CallConv, function: &CSignature) -> Signature {
    let param = |ty: AbiType| {
        AbiParam::new(match ty {
            AbiType::I32 => types::I32,
            AbiType::I64 => types::I64,
            AbiType::F64 => types::F64,
        })
    };
    let mut signature = Signature::new(call_conv);
    signature.params.extend(function.parameters.iter().map(|ty| param(*ty)));
    signature.returns.extend(function.result.map(param));
    signature
}

/// The signature of a C function that takes `parameters` and returns `result`.
pub(super) fn c_signature(call_conv: CallConv, parameters: &[CType], result: Option<CType>) -> Signature {
    let mut signature = Signature::new(call_conv);
    let parts = |ty: CType| std::iter::repeat_n(ty.abi(), ty.parts());
    signature.params.extend(parameters.iter().flat_map(|parameter| parts(*parameter)));
    signature.returns.extend(result.into_iter().flat_map(parts));
    signature
}
