//! The other layouts that use the METH_TYPED flag, one file each. They have no version and no magic number, so each is
//! read only if the user names it, and only if the flag is set.
//!
//! `docs/dialects.md` draws them and names the sources. Each reader checks everything that its layout lets it check, in
//! the order of reading. The caller that named the dialect is responsible for the rest.

pub mod cinder;
pub mod issue546;
mod pypy;

use std::ffi::c_void;
use std::num::NonZeroUsize;

use pyo3_ffi::{METH_CLASS, METH_COEXIST, METH_NOARGS, METH_O, METH_STATIC};

use super::abi::{self, METH_TYPED};
use super::check::Place;
use super::reader::{
    MethodTableEntry, Rejected, TableLines, TypedMethod, find_footer, method_def, read_def, read_name,
};
use super::signature::{Overload, Signature};
use super::values::Flaw;
use crate::cpython::memory;
use crate::cpython::object::MethodDef;

pub use issue546::{TypeError, TypeTable};

/// A binary layout of METH_TYPED metadata.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Dialect {
    /// The crate's own, declared with `include/typedcall.h`. It is recognised by its footer, with the flag or without.
    #[default]
    Version1,
    /// An integer before the name, which is looked up in this table.
    Issue546(TypeTable),
    /// `PyPyTypedMethodMetadata`, as `include/typedcall_pypy.h` declares it on CPython.
    PyPy,
    /// `Ci_PyTypedMethodDef`, at which `ml_meth` points. CPython imports no module with such a table: tables are read,
    /// and made ready ([`crate::Specializer::ready_cinder_table`]), before a module is made of them.
    Cinder,
}

/// The most bytes of a name in the dialects whose struct has a `char ml_name[100]`, without its NUL.
const MAX_NAME: usize = 99;

/// The bits of `ml_flags` that every calling convention may have besides its own.
const BINDING_BITS: i32 = METH_CLASS | METH_STATIC | METH_COEXIST;

/// The metadata that a reader finds in a definition.
struct Metadata {
    name: String,
    signature: Signature,
    functions: Vec<NonZeroUsize>,
    underlying: bool,
}

/// Reads the metadata of the `PyMethodDef` at `def` in this dialect; `None` if it has none. In the dialects other than
/// version 1 it has none if the flag is not set.
///
/// Any address is safe. The result shows the memory as it was during the read: keep the module alive.
///
/// # Errors
/// The first invalid field.
pub fn read_def_as(def: *const c_void, dialect: &Dialect) -> Result<Option<TypedMethod>, Rejected> {
    read(def as usize, dialect, true)
}

/// Like [`read_def_as`], for a definition whose flag was set until [`clear_flag`](super::clear_flag) cleared it.
pub(crate) fn read_cleared_def_as(def: *const c_void, dialect: &Dialect) -> Result<Option<TypedMethod>, Rejected> {
    read(def as usize, dialect, false)
}

/// Reads a `PyMethodDef[]` in this dialect, up to the line whose `ml_name` is null; no interpreter is needed.
///
/// Any address is safe: a table that runs into unreadable memory, or has no end, ends with a rejected entry.
pub fn read_table_as(table: *const c_void, dialect: &Dialect) -> DialectTable<'_> {
    DialectTable { lines: TableLines::new(table as usize), dialect }
}

/// The lines of a `PyMethodDef[]`, up to its end. See [`read_table_as`].
#[derive(Clone, Debug)]
pub struct DialectTable<'a> {
    lines: TableLines,
    dialect: &'a Dialect,
}

impl Iterator for DialectTable<'_> {
    type Item = MethodTableEntry;

    fn next(&mut self) -> Option<MethodTableEntry> {
        self.lines.next_with(|def| read_def_as(def as *const c_void, self.dialect))
    }
}

fn read(def: usize, dialect: &Dialect, flag_needed: bool) -> Result<Option<TypedMethod>, Rejected> {
    let found = method_def(def)?;
    let flagged = found.flags & METH_TYPED != 0;
    let metadata = match dialect {
        Dialect::Version1 => return read_def(def as *const c_void),
        _ if flag_needed && !flagged => return Ok(None),
        Dialect::Issue546(types) => issue546::read(&found, types),
        Dialect::PyPy => pypy::read(&found),
        Dialect::Cinder => cinder::read(&found),
    };
    let Metadata { name, signature, functions, underlying } = metadata.map_err(|flaw| reject(&found, flaw))?;
    let flags = found.flags & !METH_TYPED;
    Ok(Some(TypedMethod { name, signature, functions, underlying, def, flagged, flags, meth: found.meth }))
}

fn reject(found: &MethodDef, flaw: Flaw) -> Rejected {
    Rejected { name: read_name(found, abi::MAX_NAME).ok(), field: flaw.field, rule: flaw.rule, reason: flaw.reason }
}

/// The name, and the address that is `size` bytes before it.
fn container(found: &MethodDef, size: usize) -> Result<(String, usize), Flaw> {
    if find_footer(found.name).is_some() {
        return Err(Flaw::unnumbered("ml_name", "it is within a version 1 container, which is of another dialect"));
    }
    let name = read_name(found, MAX_NAME)?;
    let address =
        found.name.checked_sub(size).ok_or_else(|| Flaw::unnumbered("ml_name", "nothing can stand before it"))?;
    Ok((name, address))
}

/// Checks that CPython can call the wrapper, and with the overload's number of arguments.
fn check_wrapper(found: &MethodDef, overload: &Overload) -> Result<(), Flaw> {
    let arguments = overload.arguments().count();
    let passed = match found.flags & !(METH_TYPED | BINDING_BITS) {
        0 => return Err(Flaw::unnumbered("ml_flags", "no calling convention: no wrapper can be called")),
        METH_NOARGS => Some((0, "METH_NOARGS")),
        METH_O => Some((1, "METH_O")),
        _ => None,
    };
    if let Some((passed, convention)) = passed
        && passed != arguments
    {
        return Err(Flaw::unnumbered(
            "ml_flags",
            format!("{convention}, but the signature {overload} has {arguments}"),
        ));
    }
    if found.meth == 0 { Err(Flaw::unnumbered("ml_meth", "null")) } else { Ok(()) }
}

/// Checks a pointer to a function, as far as that is possible.
fn check_function(field: &str, address: usize) -> Result<NonZeroUsize, Flaw> {
    let function = NonZeroUsize::new(address).ok_or_else(|| Flaw::unnumbered(field, "null"))?;
    memory::read_bytes(address, &mut [0]).map_err(|fault| Flaw::unnumbered(field, fault))?;
    Ok(function)
}

/// Checks a pointer that must be aligned.
fn check_pointer(field: &str, address: usize, alignment: usize) -> Result<(), Flaw> {
    if address == 0 {
        return Err(Flaw::unnumbered(field, "null"));
    }
    if !address.is_multiple_of(alignment) {
        return Err(Flaw::unnumbered(field, format!("{address:#x} is not aligned to {alignment} bytes")));
    }
    Ok(())
}

/// Reads an element of an array.
fn element<T: memory::Plain>(field: &str, array: usize, index: usize) -> Result<T, Flaw> {
    let at = || format!("{field}[{index}]");
    let beyond = || Flaw::unnumbered(&at(), "beyond the end of the address space");
    let address = array.checked_add(index * size_of::<T>()).ok_or_else(beyond)?;
    memory::read(address).map_err(|fault| Flaw::unnumbered(&at(), fault))
}

/// Checks that the parts of an overload go together.
fn check_overload(overload: &Overload, field: impl Fn(Place) -> String) -> Result<(), Flaw> {
    overload.check().map_err(|nonsense| Flaw::unnumbered(&field(nonsense.place), nonsense.reason))
}
