//! Functions for Python that own a Rust value, in a capsule that is their `self`; also the modules that make them.

use std::ffi::{CStr, c_void};
use std::ptr::null_mut;

use pyo3_ffi as ffi;

/// The name of the capsules.
const CAPSULE: &CStr = c"typedcall.test.runner";

/// A module with these methods, the last one zeroed.
pub const fn module<const N: usize>(name: &CStr, methods: *mut [ffi::PyMethodDef; N]) -> ffi::PyModuleDef {
    ffi::PyModuleDef {
        m_base: ffi::PyModuleDef_HEAD_INIT,
        m_name: name.as_ptr(),
        m_doc: std::ptr::null(),
        m_size: -1,
        m_methods: methods.cast(),
        m_slots: null_mut(),
        m_traverse: None,
        m_clear: None,
        m_free: None,
    }
}

/// A function that owns the value; null with an exception set if there is no memory.
pub fn function<T>(value: T, def: *mut ffi::PyMethodDef) -> *mut ffi::PyObject {
    let pointer = Box::into_raw(Box::new(value)).cast::<c_void>();
    // SAFETY: this thread is attached; the capsule owns the value, and the function the capsule.
    unsafe {
        let capsule = ffi::PyCapsule_New(pointer, CAPSULE.as_ptr(), Some(drop_value::<T>));
        if capsule.is_null() {
            drop(Box::from_raw(pointer.cast::<T>()));
            return null_mut();
        }
        let function = ffi::PyCFunction_NewEx(def, capsule, null_mut());
        ffi::Py_DECREF(capsule);
        function
    }
}

unsafe extern "C" fn drop_value<T>(capsule: *mut ffi::PyObject) {
    // SAFETY: `function` put it there, and the capsule dies once.
    drop(unsafe { Box::from_raw(ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast::<T>()) });
}

/// The value that a capsule owns; `None` with an exception set if it is not such a capsule.
///
/// # Safety
/// The thread is attached, and a capsule of [`function`] is one of a `T`, which lives as long as the result is used.
pub unsafe fn of_capsule<'a, T>(capsule: *mut ffi::PyObject) -> Option<&'a T> {
    // SAFETY: CPython checks that it is a capsule of this name; the caller promises the rest.
    unsafe { ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast::<T>().as_ref() }
}

/// The value that a function owns; `None` with an exception set if it is not such a function.
///
/// # Safety
/// The conditions of [`of_capsule`].
pub unsafe fn of_function<'a, T>(function: *mut ffi::PyObject) -> Option<&'a T> {
    // SAFETY: CPython checks that it is a built-in function; the caller promises the rest.
    unsafe { of_capsule(ffi::PyCFunction_GetSelf(function)) }
}
