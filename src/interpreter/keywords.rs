//! Tuples that are made once.

use std::sync::Arc;

use pyo3_ffi as ffi;

use crate::embed::{Exception, Object, Python};

use super::prepared::intern;

/// The tuple of the names that a call passes; nothing if it passes none.
pub fn keyword_names(python: &Python, names: &[Arc<str>]) -> Result<Option<Object>, Exception> {
    if names.is_empty() {
        return Ok(None);
    }
    let names = names.iter().map(|name| intern(python, name)).collect::<Result<Vec<_>, _>>()?;
    tuple(python, names).map(Some)
}

/// A tuple of these.
pub fn tuple(python: &Python, items: Vec<Object>) -> Result<Object, Exception> {
    // SAFETY: the thread is attached; the fresh tuple has room for the items, and takes their references.
    unsafe {
        let tuple = python.owned(ffi::PyTuple_New(items.len() as ffi::Py_ssize_t))?;
        for (position, item) in (0..).zip(items) {
            ffi::PyTuple_SET_ITEM(tuple.as_ptr(), position, item.into_ptr());
        }
        Ok(tuple)
    }
}
