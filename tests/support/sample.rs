//! A flagged method with valid metadata, in writable memory, for tests to break.

use std::ffi::c_void;
use std::pin::Pin;

use typedcall::metadata::abi::{self, AbiSignature, AbiValue, Footer, Head, kind};

/// `sample: (x: i64) -> i64`, in one block: room for growth, container, name, definition, overload.
#[repr(C)]
pub struct Parts {
    pub room: [u64; 2],
    pub head: Head,
    pub name: [u8; 8],
    pub name_pointer: usize,
    pub meth: usize,
    pub flags: i32,
    pub padding: u32,
    pub doc: usize,
    pub pointers: [usize; 1],
    pub function: AbiSignature,
    pub values: [AbiValue; 2],
}

/// The block. It does not move, since it points into itself.
pub struct Sample(Pin<Box<Parts>>);

impl Sample {
    pub fn new() -> Self {
        let value = |name: usize| AbiValue {
            kind: kind::I64,
            flags: 0,
            effects: 0,
            name,
            class: 0,
            default_int: 0,
            default_float: 0,
            default_address: 0,
        };
        let footer = Footer { magic: abi::MAGIC, version: abi::VERSION, size: 40, container: 0 };
        let some_function = Self::new as fn() -> Self as usize;
        let mut parts = Box::pin(Parts {
            room: [0; 2],
            head: Head { signatures: 0, signature_count: 1, reserved: 0, footer },
            name: *b"sample\0\0",
            name_pointer: 0,
            meth: some_function,
            flags: pyo3_ffi::METH_O | abi::METH_TYPED,
            padding: 0,
            doc: 0,
            pointers: [0],
            function: AbiSignature { function: some_function, values: 0, value_count: 2, reserved: 0 },
            values: [value(0), value(c"x".as_ptr() as usize)],
        });
        parts.head.footer.container = &raw const parts.head as usize;
        parts.head.signatures = &raw const parts.pointers as usize;
        parts.name_pointer = &raw const parts.name as usize;
        parts.pointers[0] = &raw const parts.function as usize;
        parts.function.values = &raw const parts.values as usize;
        Self(parts)
    }

    /// The address of the `PyMethodDef`.
    pub fn def(&self) -> *const c_void {
        (&raw const self.0.name_pointer).cast()
    }

    /// `ml_flags`, which the library may have changed without the compiler's knowledge.
    pub fn flags(&self) -> i32 {
        // SAFETY: a field of ours.
        unsafe { (&raw const self.0.flags).read_volatile() }
    }

    /// All of it, to be changed freely.
    pub fn bytes(&mut self) -> &mut [u8] {
        let parts: *mut Parts = &mut *self.0;
        // SAFETY: all fields are integers without padding between them, so all bytes are initialized and may become any
        // others.
        unsafe { std::slice::from_raw_parts_mut(parts.cast(), size_of::<Parts>()) }
    }
}

impl std::ops::Deref for Sample {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl std::ops::DerefMut for Sample {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.0
    }
}

/// [`typedcall::metadata::clear_flag`], for definitions of the tests' own.
pub fn clear_flag(def: *const c_void) -> Result<(), typedcall::metadata::FlagError> {
    // SAFETY: tests give addresses of their own definitions, or addresses without memory; each test has its own.
    unsafe { typedcall::metadata::clear_flag(def) }
}
