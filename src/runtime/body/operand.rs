//! How operands come from compiled code, and how results go back to it.
//!
//! Operands are borrowed from the code; results are new references. A function that returns an object returns null if
//! it raised. A function that returns a C `int` returns a negative number if it raised, and else 0 or a truth value.

use std::ffi::c_int;
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::unit::Unit;
use crate::thread::owned::{Borrowed, Owned};
use crate::thread::{Result, errors};

/// A parameter of an operation.
pub trait Operand {
    /// Its C type.
    type C;

    /// # Safety
    /// The thread is attached; the pointers are alive and point to what the type says.
    unsafe fn from_code(c: Self::C) -> Self;
}

impl Operand for Borrowed<'_> {
    type C = *mut ffi::PyObject;

    unsafe fn from_code(object: Self::C) -> Self {
        // SAFETY: as the caller promises.
        unsafe { Self::new(object) }
    }
}

impl Operand for Option<Borrowed<'_>> {
    type C = *mut ffi::PyObject;

    unsafe fn from_code(object: Self::C) -> Self {
        // SAFETY: as the caller promises.
        unsafe { Borrowed::maybe(object) }
    }
}

impl Operand for &Unit {
    type C = *const Unit;

    unsafe fn from_code(unit: Self::C) -> Self {
        // SAFETY: as the caller promises, the unit of running code is alive.
        unsafe { &*unit }
    }
}

/// An immediate of an instruction: a count, an index, a truth value, or the index of a variant in the list of all
/// variants.
pub struct Number(pub usize);

impl Operand for Number {
    type C = usize;

    unsafe fn from_code(number: usize) -> Self {
        Self(number)
    }
}

impl Number {
    /// The number as an index.
    pub fn index(self) -> usize {
        self.0
    }

    /// The number as a count, which has 32 bits in bytecode.
    pub fn count(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }

    /// The variant with this index.
    pub fn of<T: Copy>(self, all: &[(T, &str)]) -> Result<T> {
        let variant = all.get(self.0).map(|(variant, _)| *variant);
        variant.ok_or_else(|| errors::system_error(c"an operation without that variant"))
    }
}

/// A result of an operation.
pub trait OperationResult {
    /// Its C type.
    type C;

    /// The C value for the code.
    fn into_code(self) -> Self::C;
}

impl OperationResult for Result<Owned> {
    type C = *mut ffi::PyObject;

    fn into_code(self) -> Self::C {
        self.map_or(null_mut(), Owned::into_ptr)
    }
}

impl OperationResult for Result {
    type C = c_int;

    fn into_code(self) -> c_int {
        if self.is_ok() { 0 } else { -1 }
    }
}

impl OperationResult for bool {
    type C = c_int;

    fn into_code(self) -> c_int {
        self.into()
    }
}

/// Defines operations as C functions.
macro_rules! operations {
    ($(
        $(#[$doc:meta])*
        fn $name:ident($python:ident $(, $operand:ident: $type:ty)* $(,)?) -> $result:ty $body:block
    )*) => {
        $(
            $(#[$doc])*
            ///
            /// # Safety
            /// Called by compiled code: the thread is attached; objects are alive, or null if the parameter may be
            /// null; the unit is that of the running code.
            pub unsafe extern "C-unwind" fn $name(
                $($operand: <$type as super::operand::Operand>::C),*
            ) -> <$result as super::operand::OperationResult>::C {
                // SAFETY: as the caller promises.
                let $python = &unsafe { crate::embed::Python::assume_attached() };
                $(
                    // SAFETY: as the caller promises.
                    let $operand = unsafe { <$type as super::operand::Operand>::from_code($operand) };
                )*
                let operate = move || -> $result { $body };
                super::operand::OperationResult::into_code(operate())
            }
        )*
    };
}

pub(super) use operations;
