//! Subscripts.

use crate::cpython::functions as api;
use crate::thread::Result;
use crate::thread::owned::{Owned, succeeded};

/// `container[key]`
pub fn get(container: &Owned, key: &Owned) -> Result<Owned> {
    // SAFETY: the objects are alive.
    unsafe { Owned::new(api::PyObject_GetItem(container.as_ptr(), key.as_ptr())) }
}

/// `container[key] = value`
pub fn set(container: &Owned, key: &Owned, value: &Owned) -> Result {
    // SAFETY: the objects are alive.
    succeeded(unsafe { api::PyObject_SetItem(container.as_ptr(), key.as_ptr(), value.as_ptr()) })
}

/// `del container[key]`
pub fn delete(container: &Owned, key: &Owned) -> Result {
    // SAFETY: the objects are alive.
    succeeded(unsafe { api::PyObject_DelItem(container.as_ptr(), key.as_ptr()) })
}
