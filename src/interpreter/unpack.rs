//! Unpacking.

use pyo3_ffi as ffi;

use super::activation::Activation;
use super::calls::is_not_iterable;
use crate::cpython::functions as api;
use crate::thread::owned::{Owned, succeeded};
use crate::thread::{Raised, Result, errors};

impl Activation<'_> {
    /// `sequence -- aₙ … a₁`
    pub(super) fn unpack_sequence(&mut self, count: u32) -> Result {
        let sequence = self.pop()?;
        let iterator = iterator(&sequence)?;
        let mut items = first_items(&iterator, count, None)?;
        // SAFETY: the iterator is alive; the item is a new reference, or null.
        if let Some(extra) = unsafe { Owned::maybe(api::PyIter_Next(iterator.as_ptr())) } {
            drop(extra);
            return Err(too_many(&sequence, count));
        }
        if errors::is_set() {
            return Err(Raised);
        }
        drop(iterator);
        self.stack.extend(items.drain(..).rev().map(Some));
        drop(sequence);
        Ok(())
    }

    /// `iterable -- aₙ … rest … a₁`
    pub(super) fn unpack_ex(&mut self, before: u32, after: u32) -> Result {
        let sequence = self.pop()?;
        let iterator = iterator(&sequence)?;
        let mut items = first_items(&iterator, before, Some(after))?;
        // SAFETY: the objects are alive; items are borrowed from the list, which is this function's own, and get references.
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
        self.stack.extend(items.drain(..).rev().map(Some));
        drop(sequence);
        Ok(())
    }
}

fn iterator(sequence: &Owned) -> Result<Owned> {
    // SAFETY: the object is alive; exceptions live for ever.
    unsafe {
        Owned::new(api::PyObject_GetIter(sequence.as_ptr())).map_err(|raised| {
            match errors::current_is(ffi::PyExc_TypeError) && is_not_iterable(sequence) {
                true => errors::type_error_of(c"cannot unpack non-iterable %.200s object", sequence),
                false => raised,
            }
        })
    }
}

/// The first items, so many; with `after`, at least so many more are wanted.
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
        // From 3.14 the text tells how many there are, where that is known.
        let is_known = ffi::PyList_CheckExact(object) != 0
            || ffi::PyTuple_CheckExact(object) != 0
            || ffi::PyDict_CheckExact(object) != 0;
        if cfg!(Py_3_14) && is_known {
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
