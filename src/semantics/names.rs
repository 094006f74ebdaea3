//! Globals, builtins and cells, and the errors for unbound names.

use std::ffi::{CStr, CString};
use std::sync::OnceLock;

use pyo3_ffi as ffi;

use super::Namespaces;
use super::words::Word;
use crate::bytecode::{LocalKind, LocalVariable};
use crate::cpython::{Behaviour, functions as api};
use crate::embed::{Object, Python};
use crate::thread::owned::{Owned, succeeded};
use crate::thread::{Raised, Result, errors};

/// The value of a name in globals or builtins.
pub fn load_global(python: &Python, namespaces: Namespaces<'_>, name: &Owned) -> Result<Owned> {
    let [globals, builtins] = [namespaces.globals, namespaces.builtins].map(Object::as_ptr);
    let key = name.as_ptr();
    // SAFETY: the dicts and the name are alive; an object that is borrowed from a dict gets a reference at once.
    let found = unsafe {
        if is_dict(globals) && is_dict(builtins) {
            match find_in_dict(globals, key)? {
                Some(value) => Some(value),
                None => find_in_dict(builtins, key)?,
            }
        } else {
            match find(globals, key)? {
                Some(value) => Some(value),
                None => find(builtins, key)?,
            }
        }
    };
    let value = found.ok_or_else(|| undefined(python, name))?;
    match lazy_import_type(python) {
        Some(class) if class.as_ptr() == value.class().cast() => resolve_lazy_import(globals, &value, key),
        _ => Ok(value),
    }
}

/// The value of a name in a mapping, else in globals or builtins.
pub fn load_from_mapping_or_global(
    python: &Python,
    namespaces: Namespaces<'_>,
    mapping: &Owned,
    name: &Owned,
) -> Result<Owned> {
    match find(mapping.as_ptr(), name.as_ptr())? {
        Some(value) => Ok(value),
        None => load_global(python, namespaces, name),
    }
}

/// Binds a global.
pub fn store_global(globals: &Object, name: &Owned, value: &Owned) -> Result {
    // SAFETY: the thread is attached, the objects are alive; if it is not a dict, the call fails.
    succeeded(unsafe { api::PyDict_SetItem(globals.as_ptr(), name.as_ptr(), value.as_ptr()) })
}

/// Unbinds a global.
pub fn delete_global(python: &Python, globals: &Object, name: &Owned) -> Result {
    // SAFETY: as above.
    let status = unsafe { api::PyDict_DelItem(globals.as_ptr(), name.as_ptr()) };
    // SAFETY: exceptions live for ever.
    let key_error = unsafe { ffi::PyExc_KeyError };
    match succeeded(status) {
        Err(Raised) if errors::current_is(key_error) => {
            errors::clear();
            Err(undefined(python, name))
        }
        other => other,
    }
}

/// `builtins.__build_class__`
pub fn load_build_class(python: &Python, builtins: &Object) -> Result<Owned> {
    let found = find(builtins.as_ptr(), Word::BuildClass.get(python)?.as_ptr())?;
    // SAFETY: exceptions live for ever.
    let missing = || errors::raise(unsafe { ffi::PyExc_NameError }, c"__build_class__ not found");
    found.ok_or_else(missing)
}

/// Whether an object is a cell.
pub fn is_cell(object: &Owned) -> bool {
    object.class() == &raw mut ffi::PyCell_Type
}

/// The content of a cell.
pub fn in_cell(cell: &Owned) -> Result<Option<Owned>> {
    if !is_cell(cell) {
        return Err(errors::system_error(c"no cell where there should be one"));
    }
    // SAFETY: it is a cell; the reference is handed over.
    Ok(unsafe { Owned::maybe(ffi::PyCell_Get(cell.as_ptr())) })
}

/// The content of a variable's cell.
pub fn load_cell(python: &Python, cell: &Owned, variable: &LocalVariable) -> Result<Owned> {
    in_cell(cell)?.ok_or_else(|| unbound_cell(python, variable))
}

/// Puts a value into a cell, or empties it.
pub fn store_cell(cell: &Owned, value: Option<&Owned>) -> Result {
    if !is_cell(cell) {
        return Err(errors::system_error(c"no cell where there should be one"));
    }
    // SAFETY: it is a cell, which takes a reference of its own; null empties it.
    succeeded(unsafe { api::PyCell_Set(cell.as_ptr(), crate::thread::owned::pointer(value)) })
}

/// The error for an unbound local.
pub fn unbound_local(variable: &LocalVariable) -> Raised {
    let format = c"cannot access local variable '%s' where it is not associated with a value";
    // SAFETY: exceptions live for ever.
    raise_name_error(unsafe { ffi::PyExc_UnboundLocalError }, format, &c_text(&variable.name))
}

/// The error for a variable whose cell is empty.
pub fn unbound_cell(python: &Python, variable: &LocalVariable) -> Raised {
    if variable.kind != LocalKind::Free {
        return unbound_local(variable);
    }
    let format = c"cannot access free variable '%s' where it is not associated with a value in enclosing scope";
    // SAFETY: exceptions live for ever.
    raise_name_error(unsafe { ffi::PyExc_NameError }, format, &c_text(&variable.name));
    if let Ok(name) = Owned::text(python, &variable.name) {
        give_name(python, &name);
    }
    Raised
}

/// The error for an unbound global.
fn undefined(python: &Python, name: &Owned) -> Raised {
    // SAFETY: the name is alive, and its text with it.
    unsafe {
        let text = ffi::PyUnicode_AsUTF8AndSize(name.as_ptr(), std::ptr::null_mut());
        if text.is_null() {
            return Raised;
        }
        raise_name_error(ffi::PyExc_NameError, c"name '%.200s' is not defined", CStr::from_ptr(text));
    }
    give_name(python, name);
    Raised
}

/// Sets the name on the current `NameError`, for suggestions.
fn give_name(python: &Python, name: &Owned) {
    let Some(exception) = errors::take() else { return };
    // CPython ignores a failure here too.
    let given = Word::Name.get(python).and_then(|word| super::attributes::set(&exception, &word, name));
    if given.is_err() {
        errors::clear();
    }
    errors::restore(exception);
}

/// A name of the language has no NUL in it.
fn c_text(name: &str) -> CString {
    CString::new(name).unwrap_or_default()
}

fn raise_name_error(class: *mut ffi::PyObject, format: &'static CStr, name: &CStr) -> Raised {
    // SAFETY: the thread is attached; the formats above have one `%s`.
    unsafe { ffi::PyErr_Format(class, format.as_ptr(), name.as_ptr()) };
    Raised
}

/// The class of 3.15's placeholders for modules that are imported at their first use. Finding it imports a module.
pub fn lazy_import_type(python: &Python) -> Option<&'static Object> {
    static CLASS: OnceLock<Option<Object>> = OnceLock::new();
    if !Behaviour::CURRENT.imports_lazily {
        return None;
    }
    if let Some(class) = CLASS.get() {
        return class.as_ref();
    }
    let class = python.import("types").and_then(|types| types.attr(python, "LazyImportType")).ok();
    CLASS.get_or_init(|| class).as_ref()
}

/// 3.15 does a lazy import when a function first reads the name; the module then replaces the placeholder.
fn resolve_lazy_import(globals: *mut ffi::PyObject, placeholder: &Owned, key: *mut ffi::PyObject) -> Result<Owned> {
    // SAFETY: the thread is attached, and the objects alive.
    unsafe {
        let resolve = Owned::new(ffi::PyObject_GetAttrString(placeholder.as_ptr(), c"resolve".as_ptr()))?;
        let value = resolve.call()?;
        if is_dict(globals) && ffi::PyDict_GetItemWithError(globals, key) == placeholder.as_ptr() {
            succeeded(api::PyDict_SetItem(globals, key, value.as_ptr()))?;
        }
        Ok(value)
    }
}

/// Whether an object is a dict, but not of a subclass.
pub(super) fn is_dict(object: *mut ffi::PyObject) -> bool {
    // SAFETY: the callers' objects are alive.
    unsafe { ffi::PyDict_CheckExact(object) != 0 }
}

/// # Safety
/// `dict` is a dict, and both objects are alive.
unsafe fn find_in_dict(dict: *mut ffi::PyObject, key: *mut ffi::PyObject) -> Result<Option<Owned>> {
    // SAFETY: the caller promises it; a borrowed object gets a reference at once.
    unsafe {
        let value = api::PyDict_GetItemWithError(dict, key);
        if !value.is_null() {
            return Ok(Some(Owned::borrowed(value)));
        }
        if errors::is_set() { Err(Raised) } else { Ok(None) }
    }
}

/// The value of a key in a mapping.
pub(super) fn find(mapping: *mut ffi::PyObject, key: *mut ffi::PyObject) -> Result<Option<Owned>> {
    // SAFETY: the callers' objects are alive.
    unsafe {
        if is_dict(mapping) {
            return find_in_dict(mapping, key);
        }
        match Owned::new(api::PyObject_GetItem(mapping, key)) {
            Ok(value) => Ok(Some(value)),
            Err(Raised) => errors::absent(ffi::PyExc_KeyError),
        }
    }
}

/// The value of a variable's name in a mapping, else the content of its cell.
pub fn load_from_mapping_or_cell(
    python: &Python,
    mapping: &Owned,
    cell: &Owned,
    variable: &LocalVariable,
) -> Result<Owned> {
    let name = Owned::text(python, &variable.name)?;
    match find(mapping.as_ptr(), name.as_ptr())? {
        Some(value) => Ok(value),
        None => load_cell(python, cell, variable),
    }
}
