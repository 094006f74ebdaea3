//! C functions that compiled code calls: the facts about a function that a call needs.

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
    /// The type of the result; `None` for `void`.
    pub result: Option<AbiType>,
    /// Whether a call may end the thread by unwinding, instead of returning.
    pub may_unwind: bool,
}

/// A function of CPython's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CPythonFunction {
    /// Its name for a linker.
    pub name: &'static str,
    /// How it is called.
    pub signature: CSignature,
    /// Its address in this process.
    pub address: *const (),
}

/// A Rust type that C passes.
pub(crate) trait CValue {
    /// How it is passed.
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
