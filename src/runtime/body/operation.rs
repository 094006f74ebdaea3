//! The functions that operations call, where CPython has none that does just that.

use std::ptr::{NonNull, null_mut};

use pyo3_ffi as ffi;

use super::step::Step;
use super::unit::Unit;
use crate::embed::Python;
use crate::interpreter;
use crate::ir::Operation;
use crate::semantics::names::lazy_import_type;
use crate::thread::{Owned, Raised};

type Object = *mut ffi::PyObject;

/// The function behind a method and its receiver, or an attribute.
///
/// # Safety
/// The thread is attached; the objects are alive; `method_self` is null or a slot.
pub unsafe extern "C-unwind" fn load_method(object: Object, name: Object, method_self: *mut Object) -> Object {
    // SAFETY: as the caller promises.
    unsafe {
        match interpreter::load_method(object, name) {
            Ok((method, receiver)) => {
                if let Some(slot) = method_self.as_mut() {
                    *slot = receiver.map_or(null_mut(), Owned::into_ptr);
                }
                method.into_ptr()
            }
            Err(Raised) => null_mut(),
        }
    }
}

/// What a name is bound to in globals or builtins.
///
/// # Safety
/// The unit is that of running code, the name alive.
pub unsafe extern "C-unwind" fn load_global(unit: *const Unit, name: Object) -> Object {
    // SAFETY: running code holds the GIL; the dicts are alive; what is borrowed from them gets a reference at once.
    unsafe {
        let unit = &*unit;
        for dict in [&unit.globals, &unit.builtins] {
            if ffi::PyDict_CheckExact(dict.as_ptr()) == 0 {
                break;
            }
            let found = ffi::PyDict_GetItemWithError(dict.as_ptr(), name);
            if !found.is_null() {
                if cfg!(Py_3_15) && is_lazy_import(found) {
                    break;
                }
                return ffi::Py_NewRef(found);
            }
            if !ffi::PyErr_Occurred().is_null() {
                return null_mut();
            }
        }
        // Not there, or not to be had so simply.
        let python = Python::assume_attached();
        let text = crate::embed::Object::from_borrowed(&python, NonNull::new_unchecked(name)).as_str(&python);
        let operation = Operation::LoadGlobal(text.unwrap_or_default().into());
        match Step::of(&operation, &unit.prepared.code().names) {
            Some(step) => step.perform(&python, unit, std::ptr::null(), null_mut()).unwrap_or(null_mut()),
            None => null_mut(),
        }
    }
}

/// Whether an object stands for a module that is imported where a function first reads its name: 3.15 has such.
///
/// # Safety
/// The thread is attached; the object is alive.
unsafe fn is_lazy_import(object: Object) -> bool {
    // SAFETY: as the caller promises.
    let (python, class) = unsafe { (Python::assume_attached(), ffi::Py_TYPE(object).cast()) };
    lazy_import_type(&python).is_some_and(|lazy| lazy.as_ptr() == class)
}

/// A cell of the function's closure.
///
/// # Safety
/// The unit is that of running code; its closure has so many cells.
pub unsafe extern "C" fn load_closure_cell(unit: *const Unit, index: usize) -> Object {
    // SAFETY: as the caller promises.
    unsafe {
        match &(*unit).closure {
            Some(closure) => ffi::Py_NewRef(ffi::PyTuple_GET_ITEM(closure.as_ptr(), index as ffi::Py_ssize_t)),
            None => null_mut(),
        }
    }
}

/// What is in a cell.
///
/// # Safety
/// The unit is that of running code, the cell is one.
pub unsafe extern "C-unwind" fn load_cell(unit: *const Unit, cell: Object, local: usize) -> Object {
    // SAFETY: as the caller promises.
    unsafe {
        let value = ffi::PyCell_Get(cell);
        if !value.is_null() {
            return value;
        }
        let python = Python::assume_attached();
        let operation = Operation::LoadCell(u32::try_from(local).unwrap_or(0));
        match Step::of(&operation, &[]) {
            Some(step) => step.perform(&python, &*unit, &cell, null_mut()).unwrap_or(null_mut()),
            None => null_mut(),
        }
    }
}

/// A tuple.
///
/// # Safety
/// The thread is attached; so many objects are alive.
pub unsafe extern "C-unwind" fn build_tuple(items: *const Object, count: usize) -> Object {
    // SAFETY: as the caller promises; the fresh tuple takes references of its own.
    unsafe {
        let tuple = ffi::PyTuple_New(count as ffi::Py_ssize_t);
        if !tuple.is_null() {
            for index in 0..count {
                ffi::PyTuple_SET_ITEM(tuple, index as ffi::Py_ssize_t, ffi::Py_NewRef(*items.add(index)));
            }
        }
        tuple
    }
}

/// A list.
///
/// # Safety
/// The thread is attached; so many objects are alive.
pub unsafe extern "C-unwind" fn build_list(items: *const Object, count: usize) -> Object {
    // SAFETY: as the caller promises; the fresh list takes references of its own.
    unsafe {
        let list = ffi::PyList_New(count as ffi::Py_ssize_t);
        if !list.is_null() {
            for index in 0..count {
                ffi::PyList_SET_ITEM(list, index as ffi::Py_ssize_t, ffi::Py_NewRef(*items.add(index)));
            }
        }
        list
    }
}

/// `format(value, "")`; of an exact `str` that itself.
///
/// # Safety
/// The thread is attached; the object is alive.
pub unsafe extern "C-unwind" fn format_simple(value: Object) -> Object {
    // SAFETY: as the caller promises.
    unsafe {
        if ffi::PyUnicode_CheckExact(value) != 0 {
            return ffi::Py_NewRef(value);
        }
        super::table::PyObject_Format(value, null_mut())
    }
}

/// An item of a tuple that has it.
///
/// # Safety
/// The thread is attached; the object is a tuple with that many items.
pub unsafe extern "C" fn tuple_item(tuple: Object, index: usize) -> Object {
    // SAFETY: as the caller promises.
    unsafe { ffi::Py_NewRef(ffi::PyTuple_GET_ITEM(tuple, index as ffi::Py_ssize_t)) }
}

/// The next item; null where there is none, with an exception set where that is not the end.
///
/// # Safety
/// The thread is attached; the object is alive.
pub unsafe extern "C-unwind" fn iter_next(iterator: Object) -> Object {
    // SAFETY: as the caller promises; what `iter` gave is an iterator.
    unsafe { super::table::PyIter_Next(iterator) }
}

/// `a // b` of floats, as `float_floor_div` in Objects/floatobject.c; `b` is not zero.
pub extern "C" fn float_floor_divide(a: f64, b: f64) -> f64 {
    let remainder = a % b;
    let mut quotient = (a - remainder) / b;
    if remainder != 0.0 && (b < 0.0) != (remainder < 0.0) {
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return 0.0f64.copysign(a / b);
    }
    let floor = quotient.floor();
    if quotient - floor > 0.5 { floor + 1.0 } else { floor }
}

/// `a % b` of floats, as `float_rem` in Objects/floatobject.c; `b` is not zero.
pub extern "C" fn float_remainder(a: f64, b: f64) -> f64 {
    let remainder = a % b;
    if remainder == 0.0 {
        0.0f64.copysign(b)
    } else if (b < 0.0) != (remainder < 0.0) {
        remainder + b
    } else {
        remainder
    }
}
