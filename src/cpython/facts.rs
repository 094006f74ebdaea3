//! Facts about CPython, each declared with its proof.
//!
//! [`facts!`] declares a struct of facts by version, and accepts no field without a proof. [`proofs!`] declares the proofs.
//! A proof reads live objects with a known content, through `memory`: a wrong fact is a failed check, never a fault.

use super::memory::{self, Plain};
use crate::embed::Object;

/// A check of facts against live objects, and its subject. `Check` is the type of the check, a function of both.
#[derive(Debug)]
pub struct Proof<Check> {
    pub what: &'static str,
    pub check: Check,
}

/// Declares a struct of facts, a function from a version's second number to its value, and the proofs of all fields:
/// `field: type = value, proven by PROOF, …;`. The file that uses it has a module `proof` with the proofs, and a type `Proof`.
macro_rules! facts {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident($minor:ident) {
            $($(#[$field_attribute:meta])* $field:ident: $type:ty = $value:expr, proven by $($proof:ident),+;)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name {
            $($(#[$field_attribute])* pub $field: $type,)*
        }

        impl $name {
            /// The proofs of the fields, in their order.
            pub(super) const PROOFS: &[&Proof] = &[$($(&proof::$proof),+),*];

            /// The facts of CPython 3.`minor`, which must be a supported version.
            pub(super) const fn of_version($minor: u8) -> Self {
                Self { $($field: $value,)* }
            }
        }
    };
}

/// Declares each proof, with the type of the checks: its name, its subject, and its check.
macro_rules! proofs {
    ($check_type:ty: $($name:ident: $what:literal, $check:ident;)*) => {
        $(
            pub const $name: $crate::cpython::facts::Proof<$check_type> =
                $crate::cpython::facts::Proof { what: $what, check: $check };
        )*
    };
}

pub(super) use {facts, proofs};

/// Each proof once.
pub fn once_each<C>(lists: &[&[&'static Proof<C>]]) -> Vec<&'static Proof<C>> {
    let mut all: Vec<&'static Proof<C>> = Vec::new();
    for proof in lists.iter().copied().flatten() {
        if !all.iter().any(|known| known.what == proof.what) {
            all.push(proof);
        }
    }
    all
}

/// Reads a field of an object without trusting the offset.
pub fn peek<T: Plain>(object: &Object, offset: i32) -> Result<T, String> {
    peek_field(object.as_ptr() as usize, offset)
}

/// Reads a field of the structure at an address without trusting either.
pub fn peek_field<T: Plain>(base: usize, offset: i32) -> Result<T, String> {
    peek_at(base.wrapping_add_signed(offset as isize))
}

pub fn peek_at<T: Plain>(address: usize) -> Result<T, String> {
    memory::read(address).map_err(|fault| fault.to_string())
}

pub fn expect<T: PartialEq + std::fmt::Debug>(what: &str, expected: T, found: T) -> Result<(), String> {
    if expected == found { Ok(()) } else { Err(format!("{what}: expected {expected:?}, found {found:?}")) }
}
