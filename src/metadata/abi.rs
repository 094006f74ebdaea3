//! Version 1 of the METH_TYPED ABI in Rust: the mirror of `include/typedcall.h`, and nothing else.
//!
//! `docs/abi.md` draws it; `tests/metadata/header.rs` compares it with the header. Pointers are `usize`, since they
//! point into foreign memory that only [`memory`](crate::cpython::memory) reads.

use crate::cpython::memory::Plain;

#[cfg(not(all(target_pointer_width = "64", target_endian = "little")))]
compile_error!("version 1 of the ABI is defined for 64-bit little-endian platforms only");

/// The bit of `ml_flags` that says "metadata stands before the name".
pub const METH_TYPED: i32 = 0x0400;

/// The bytes `89 'T' 'Y' 'P' 'E' 'D' 00 1A`.
pub const MAGIC: u64 = u64::from_le_bytes(*b"\x89TYPED\x00\x1a");

/// The version that this crate reads.
pub const VERSION: u32 = 1;

/// The most bytes of a container before its name.
pub const MAX_SIZE: u32 = 4096;

/// The most bytes of a name, without its NUL.
pub const MAX_NAME: usize = 255;

/// The most bytes of a default of kind `cstr`, without its NUL.
pub const MAX_TEXT: usize = 4095;

/// `typedcall_value`: a parameter or a result.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the fields are documented in docs/abi.md")]
pub struct AbiValue {
    pub kind: u16,
    pub flags: u16,
    pub effects: u32,
    pub name: usize,
    pub class: usize,
    pub default_int: i64,
    pub default_float: u64,
    pub default_address: usize,
}

/// `typedcall_signature`: one underlying function.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the fields are documented in docs/abi.md")]
pub struct AbiSignature {
    pub function: usize,
    pub values: usize,
    pub value_count: u32,
    pub reserved: u32,
}

/// `typedcall_head`: the bytes right before the name.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the fields are documented in docs/abi.md")]
pub struct Head {
    pub signatures: usize,
    pub signature_count: u32,
    pub reserved: u32,
    pub footer: Footer,
}

/// The last part of the head, which keeps its distance from the name in every version.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the fields are documented in docs/abi.md")]
pub struct Footer {
    pub magic: u64,
    pub version: u32,
    pub size: u32,
    pub container: usize,
}

/// The public start of `typedcall_context`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the fields are documented in docs/abi.md")]
pub struct AbiContext {
    pub version: u32,
    pub size: u32,
    pub thread_state: usize,
    pub interpreter: usize,
}

/// The version of [`AbiContext`] that this crate passes.
pub const CONTEXT_VERSION: u32 = 1;

const _: () = assert!(size_of::<AbiValue>() == 48 && size_of::<AbiSignature>() == 24);
const _: () = assert!(size_of::<Head>() == 40 && size_of::<Footer>() == 24 && size_of::<AbiContext>() == 24);

// SAFETY: integers only, and their sizes add up to the size asserted above: no padding.
unsafe impl Plain for AbiValue {}
// SAFETY: as above.
unsafe impl Plain for AbiSignature {}
// SAFETY: as above.
unsafe impl Plain for Head {}
// SAFETY: as above.
unsafe impl Plain for Footer {}
// SAFETY: as above.
unsafe impl Plain for AbiContext {}

/// Numbers of kinds.
#[allow(missing_docs, reason = "the kinds are documented in docs/abi.md")]
pub mod kind {
    pub const INVALID: u16 = 0x00;
    pub const VOID: u16 = 0x01;
    pub const CONTEXT: u16 = 0x02;
    pub const OBJECT: u16 = 0x03;
    pub const USER: u16 = 0x04;
    pub const CSTR: u16 = 0x05;
    pub const BUFFER: u16 = 0x06;
    pub const I8: u16 = 0x10;
    pub const I16: u16 = 0x11;
    pub const I32: u16 = 0x12;
    pub const I64: u16 = 0x13;
    pub const U8: u16 = 0x14;
    pub const U16: u16 = 0x15;
    pub const U32: u16 = 0x16;
    pub const U64: u16 = 0x17;
    pub const ISIZE: u16 = 0x18;
    pub const USIZE: u16 = 0x19;
    pub const F32: u16 = 0x1a;
    pub const F64: u16 = 0x1b;
    pub const CBOOL: u16 = 0x1c;
    pub const INT: u16 = 0x20;
    pub const FLOAT: u16 = 0x21;
    pub const BOOL: u16 = 0x22;
    pub const STR: u16 = 0x23;
    pub const BYTES: u16 = 0x24;
    pub const LIST: u16 = 0x25;
    pub const TUPLE: u16 = 0x26;
    pub const DICT: u16 = 0x27;
    pub const NONE: u16 = 0x28;
}

/// Bits of a parameter's flags.
#[allow(missing_docs, reason = "the flags are documented in docs/abi.md")]
pub mod flag {
    pub const OPTIONAL: u16 = 0x0001;
    pub const NULLABLE: u16 = 0x0002;
    pub const KEYWORD_ONLY: u16 = 0x0004;
    pub const RECEIVER: u16 = 0x0008;
    pub const DEFAULT_NONE: u16 = 0x0010;
    /// Also of results.
    pub const SUBCLASSES: u16 = 0x0100;
    /// All bits that a parameter may have.
    pub const PARAMETER: u16 = OPTIONAL | NULLABLE | KEYWORD_ONLY | RECEIVER | DEFAULT_NONE | SUBCLASSES;
}

/// Error conventions, the low byte of a result's flags.
#[allow(missing_docs, reason = "the conventions are documented in docs/abi.md")]
pub mod raises {
    pub const NEVER: u16 = 0;
    pub const NULL: u16 = 1;
    pub const MINUS_ONE: u16 = 2;
    pub const NONZERO: u16 = 3;
    pub const CHECK: u16 = 4;
}

/// Bits of a result's effects.
#[allow(missing_docs, reason = "the effects are documented in docs/abi.md")]
pub mod effect {
    pub const NO_PYTHON: u32 = 0x0001;
    pub const PURE: u32 = 0x0002;
    pub const NOGIL: u32 = 0x0004;
    pub const BORROWED_RESULT: u32 = 0x0008;
    /// The first bit of the mask of stolen parameters.
    pub const STEALS_SHIFT: u32 = 16;
    /// All known effects, without the stolen parameters.
    pub const ALL: u32 = NO_PYTHON | PURE | NOGIL | BORROWED_RESULT;
}
