//! Iterators, and unpacking.

use pyo3_ffi as ffi;

use super::build;
use crate::cpython::{Behaviour, functions as api};
use crate::thread::owned::{Owned, succeeded};
use crate::thread::{Raised, Result, errors};

/// `iter(iterable)`
pub fn iterator(iterable: &Owned) -> Result<Owned> {
    // SAFETY: the object is alive.
    unsafe { Owned::new(api::PyObject_GetIter(iterable.as_ptr())) }
}

/// The next item of an iterator; nothing if it is exhausted.
pub fn next(iterator: &Owned) -> Result<Option<Owned>> {
    // SAFETY: the object is alive; that it is an iterator is checked. The item is a new reference, or null.
    let item = unsafe {
        if ffi::PyIter_Check(iterator.as_ptr()) == 0 {
            return Err(errors::system_error(c"no iterator on top of the stack"));
        }
        Owned::maybe(api::PyIter_Next(iterator.as_ptr()))
    };
    match item {
        Some(item) => Ok(Some(item)),
        None if errors::is_set() => Err(Raised),
        None => Ok(None),
    }
}

/// A tuple of all items; there must be exactly `count`.
pub fn unpack(sequence: &Owned, count: u32) -> Result<Owned> {
    let iterator = unpacked(sequence)?;
    let items = first_items(&iterator, count, None)?;
    // SAFETY: the iterator is alive; the item is a new reference, or null.
    if let Some(extra) = unsafe { Owned::maybe(api::PyIter_Next(iterator.as_ptr())) } {
        drop(extra);
        return Err(too_many(sequence, count));
    }
    if errors::is_set() {
        return Err(Raised);
    }
    drop(iterator);
    build::tuple(&items)
}

/// The first `before` items as a tuple, then a list of the rest, then the last `after` items.
pub fn unpack_with_rest(sequence: &Owned, before: u32, after: u32) -> Result<Owned> {
    let iterator = unpacked(sequence)?;
    let mut items = first_items(&iterator, before, Some(after))?;
    // SAFETY: the objects are alive; items are borrowed from the list, which is this function's own, and get
    // references.
    unsafe {
        let rest = Owned::new(api::PySequence_List(iterator.as_ptr()))?;
        let length = ffi::PyList_GET_SIZE(rest.as_ptr());
        let kept = length - after as ffi::Py_ssize_t;
        if kept < 0 {
            let format = c"not enough values to unpack (expected at least %d, got %zd)";
            let (wanted, got) = (before + after, before as ffi::Py_ssize_t + length);
            ffi::PyErr_Format(ffi::PyExc_ValueError, format.as_ptr(), wanted, got);
            return Err(Raised);
        }
        let last = (kept..length).map(|index| Owned::borrowed(ffi::PyList_GET_ITEM(rest.as_ptr(), index)));
        let last: Vec<_> = last.collect();
        succeeded(api::PyList_SetSlice(rest.as_ptr(), kept, length, std::ptr::null_mut()))?;
        items.push(rest);
        items.extend(last);
    }
    drop(iterator);
    build::tuple(&items)
}

fn unpacked(sequence: &Owned) -> Result<Owned> {
    iterator(sequence).map_err(|raised| {
        // SAFETY: exceptions live for ever.
        match errors::current_is(unsafe { ffi::PyExc_TypeError }) && is_not_iterable(sequence) {
            true => errors::type_error_of(c"cannot unpack non-iterable %.200s object", sequence),
            false => raised,
        }
    })
}

/// The first `count` items; if `after` is given, at least that many more must follow.
fn first_items(iterator: &Owned, count: u32, after: Option<u32>) -> Result<Vec<Owned>> {
    let mut items = Vec::with_capacity(count as usize);
    for got in 0..count {
        // SAFETY: the iterator is alive; the item is a new reference, or null.
        let Some(item) = (unsafe { Owned::maybe(api::PyIter_Next(iterator.as_ptr())) }) else {
            if !errors::is_set() {
                let (format, wanted) = match after {
                    None => (c"not enough values to unpack (expected %d, got %d)", count),
                    Some(after) => (c"not enough values to unpack (expected at least %d, got %d)", count + after),
                };
                // SAFETY: the formats have two `%d`.
                unsafe { ffi::PyErr_Format(ffi::PyExc_ValueError, format.as_ptr(), wanted, got) };
            }
            return Err(Raised);
        };
        items.push(item);
    }
    Ok(items)
}

fn too_many(sequence: &Owned, wanted: u32) -> Raised {
    // SAFETY: the object is alive, and its type checked before its size is asked for; the formats fit.
    unsafe {
        let object = sequence.as_ptr();
        let is_known = ffi::PyList_CheckExact(object) != 0
            || ffi::PyTuple_CheckExact(object) != 0
            || ffi::PyDict_CheckExact(object) != 0;
        if Behaviour::CURRENT.counts_items_to_unpack && is_known {
            let got = api::PyObject_Size(object);
            if got > wanted as ffi::Py_ssize_t {
                let format = c"too many values to unpack (expected %d, got %zd)";
                ffi::PyErr_Format(ffi::PyExc_ValueError, format.as_ptr(), wanted, got);
                return Raised;
            }
        }
        let format = c"too many values to unpack (expected %d)";
        ffi::PyErr_Format(ffi::PyExc_ValueError, format.as_ptr(), wanted);
    }
    Raised
}

/// Whether `PyObject_GetIter` refuses an object because of its type.
pub fn is_not_iterable(object: &Owned) -> bool {
    // SAFETY: the object keeps its type alive.
    unsafe { (*object.class()).tp_iter.is_none() && ffi::PySequence_Check(object.as_ptr()) == 0 }
}
