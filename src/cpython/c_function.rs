//! C functions that compiled code calls: what a call needs to know of one.

/// How a C value is passed, on 64-bit platforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AbiType {
    /// An `int`.
    I32,
    /// A pointer, or an integer of 64 bits.
    I64,
    /// A `double`.
    F64,
}

/// The signature of a C function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CSignature {
    /// Its parameters.
    pub parameters: &'static [AbiType],
    /// What it returns; `None` for `void`.
    pub result: Option<AbiType>,
    /// Whether a call may end the thread by unwinding, instead of returning.
    pub may_unwind: bool,
}

/// A function of CPython's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CPythonFunction {
    /// The name under which a linker knows it.
    pub name: &'static str,
    /// How it is called.
    pub signature: CSignature,
    /// Where it is in this process.
    pub address: *const (),
}

/// A Rust type that C passes.
pub(crate) trait CValue {
    /// How.
    const ABI: AbiType;
}

impl<T> CValue for *mut T {
    const ABI: AbiType = AbiType::I64;
}

impl<T> CValue for *const T {
    const ABI: AbiType = AbiType::I64;
}

impl<T> CValue for &T {
    const ABI: AbiType = AbiType::I64;
}

impl CValue for i32 {
    const ABI: AbiType = AbiType::I32;
}

impl CValue for i64 {
    const ABI: AbiType = AbiType::I64;
}

impl CValue for u64 {
    const ABI: AbiType = AbiType::I64;
}

impl CValue for isize {
    const ABI: AbiType = AbiType::I64;
}

impl CValue for usize {
    const ABI: AbiType = AbiType::I64;
}

impl CValue for f64 {
    const ABI: AbiType = AbiType::F64;
}
