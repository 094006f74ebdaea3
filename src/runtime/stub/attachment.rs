//! Objects attached to a class: they live as long as the class, and the garbage collector sees that the class has them.
//!
//! A heap type has a field that CPython does not use, `tp_cache`. CPython visits that field when it looks for garbage,
//! and gives it up with the type (`type_traverse` and `type_dealloc` in Objects/typeobject.c). We put a dict there. So
//! an attached object may refer to the class, and both are collected together. Static types are never collected: an
//! object that is attached to one lives as long as the process, and so does one that is attached to a type whose field
//! is taken.

use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use pyo3_ffi as ffi;

use crate::cpython::object::HEAP_TYPE;
use crate::embed::{Exception, Object, Python};

/// Attaches an object to a class, unless the class has one with this key; returns the one that the class has now.
///
/// # Errors
/// If memory runs out.
///
/// # Safety
/// `class` is a live type.
pub unsafe fn attach_if_new(
    python: &Python,
    class: *mut ffi::PyTypeObject,
    key: usize,
    object: &Object,
) -> Result<Object, Exception> {
    // SAFETY: the caller promises a type.
    let Some(dict) = (unsafe { own_dict(python, class)? }) else {
        return Ok(lasting()
            .entry((class as usize, key))
            .or_insert_with(|| object.clone_ref(python))
            .clone_ref(python));
    };
    let key = python.int(key as i64)?;
    // SAFETY: the thread is attached; a dict, whose keys are ints, runs no Python code.
    unsafe {
        match NonNull::new(ffi::PyDict_SetDefault(dict.as_ptr(), key.as_ptr(), object.as_ptr())) {
            Some(found) => Ok(Object::from_borrowed(python, found)),
            None => Err(python.take_exception()),
        }
    }
}

/// The object attached to a class with this key.
///
/// # Safety
/// `class` is a live type.
pub unsafe fn attached(python: &Python, class: *mut ffi::PyTypeObject, key: usize) -> Option<Object> {
    // SAFETY: the caller promises a type, which keeps its dict alive, and the dict its contents.
    unsafe {
        let Some(dict) = dict_of(python, class) else {
            return lasting().get(&(class as usize, key)).map(|object| object.clone_ref(python));
        };
        let key = python.int(key as i64).ok()?;
        let found = NonNull::new(ffi::PyDict_GetItemWithError(dict.as_ptr(), key.as_ptr()))?;
        Some(Object::from_borrowed(python, found))
    }
}

/// The objects attached to types that live as long as the process, by type and key.
static LASTING: Mutex<BTreeMap<(usize, usize), Object>> = Mutex::new(BTreeMap::new());

fn lasting() -> MutexGuard<'static, BTreeMap<(usize, usize), Object>> {
    LASTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The key that marks a dict as ours: no other code has the object.
fn mark(python: &Python) -> Result<Object, Exception> {
    static MARK: OnceLock<Object> = OnceLock::new();
    if let Some(mark) = MARK.get() {
        return Ok(mark.clone_ref(python));
    }
    // SAFETY: the thread is attached; `object()` takes no arguments.
    let fresh = unsafe { python.owned(ffi::PyObject_CallNoArgs((&raw mut ffi::PyBaseObject_Type).cast()))? };
    Ok(MARK.get_or_init(|| fresh).clone_ref(python))
}

/// Our dict of a class.
///
/// # Safety
/// `class` is a live type.
unsafe fn dict_of(python: &Python, class: *mut ffi::PyTypeObject) -> Option<Object> {
    // SAFETY: the caller promises a type, which owns the object in its field. Its dict is asked for a key of type
    // `object`.
    unsafe {
        if ffi::PyType_GetFlags(class) & HEAP_TYPE == 0 {
            return None;
        }
        let dict = NonNull::new((*class).tp_cache).filter(|dict| ffi::PyDict_CheckExact(dict.as_ptr()) != 0)?;
        let dict = Object::from_borrowed(python, dict);
        let mark = mark(python).ok()?;
        let is_ours = !ffi::PyDict_GetItemWithError(dict.as_ptr(), mark.as_ptr()).is_null();
        is_ours.then_some(dict)
    }
}

/// The same, made if there is none; `None` if the class can't have one.
///
/// # Safety
/// `class` is a live type.
unsafe fn own_dict(python: &Python, class: *mut ffi::PyTypeObject) -> Result<Option<Object>, Exception> {
    // SAFETY: the caller promises a type; its field is written only here: it is checked to be empty, and the GIL is
    // held.
    unsafe {
        if let Some(dict) = dict_of(python, class) {
            return Ok(Some(dict));
        }
        if ffi::PyType_GetFlags(class) & HEAP_TYPE == 0 {
            return Ok(None);
        }
        let (mark, dict) = (mark(python)?, python.owned(ffi::PyDict_New())?);
        if ffi::PyDict_SetItem(dict.as_ptr(), mark.as_ptr(), mark.as_ptr()) != 0 {
            return Err(python.take_exception());
        }
        // Making a dict may run Python code, up to 3.11, which may have come here.
        if !(*class).tp_cache.is_null() {
            return Ok(dict_of(python, class));
        }
        (*class).tp_cache = dict.clone_ref(python).into_ptr();
        if is_visited(class, dict.as_ptr()) {
            return Ok(Some(dict));
        }
        // A CPython that does not visit the field might not give it up either.
        (*class).tp_cache = null_mut();
        ffi::Py_DECREF(dict.as_ptr());
        Ok(None)
    }
}

/// Whether the garbage collector sees this object when it looks at a type.
///
/// # Safety
/// `class` is a live heap type.
unsafe fn is_visited(class: *mut ffi::PyTypeObject, object: *mut ffi::PyObject) -> bool {
    struct Search {
        wanted: *mut ffi::PyObject,
        found: bool,
    }
    unsafe extern "C" fn visit(object: *mut ffi::PyObject, search: *mut c_void) -> c_int {
        // SAFETY: called below with a search.
        let search = unsafe { &mut *search.cast::<Search>() };
        search.found |= object == search.wanted;
        0
    }
    let mut search = Search { wanted: object, found: false };
    // SAFETY: the caller promises a heap type, whose own type's function visits it; that changes nothing.
    unsafe {
        if let Some(traverse) = (*ffi::Py_TYPE(class.cast())).tp_traverse {
            traverse(class.cast(), visit, (&raw mut search).cast());
        }
    }
    search.found
}
