//! The slot of a module definition that says which interpreters may import the module.

use pyo3_ffi as ffi;

/// Declares that the module supports interpreters with a GIL of their own. Before 3.12 there is no such declaration,
/// and this ends the list of slots early.
#[cfg(Py_3_12)]
pub const ANY_INTERPRETER: ffi::PyModuleDef_Slot =
    ffi::PyModuleDef_Slot { slot: ffi::Py_mod_multiple_interpreters, value: ffi::Py_MOD_PER_INTERPRETER_GIL_SUPPORTED };
/// Ends the list of slots early: before 3.12 a module can't declare which interpreters it supports.
#[cfg(not(Py_3_12))]
pub const ANY_INTERPRETER: ffi::PyModuleDef_Slot = ffi::PyModuleDef_Slot { slot: 0, value: std::ptr::null_mut() };
