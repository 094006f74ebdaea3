//! Pickles cells as the objects for which they stand in.
//!
//! Code that takes a function apart, into its name and its `__self__`, pickles the cell. CPython's own reduction of
//! bound functions does (Objects/methodobject.c, `meth_reduce`), and so do other picklers, also for functions of
//! modules. Such a pickle loads the original, or whatever is in its place by then.

use std::ffi::{CStr, c_void};
use std::ptr::{null, null_mut};

use pyo3_ffi as ffi;

use super::cell::{bare_in, name_in, namespace_of, original_in, receiver_of, self_of};

/// A slot with the methods of cells.
pub fn methods() -> (std::ffi::c_int, *mut c_void) {
    (ffi::Py_tp_methods, &raw mut METHODS as *mut c_void)
}

/// CPython's own `__reduce_ex__` calls this one for every protocol, since it is not that of `object`.
static mut METHODS: [ffi::PyMethodDef; 2] = [
    ffi::PyMethodDef {
        ml_name: c"__reduce__".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: reduce },
        ml_flags: ffi::METH_NOARGS,
        ml_doc: c"__reduce__($self, /)\n--\n\nReduces to what the cell stands for.".as_ptr(),
    },
    ffi::PyMethodDef::zeroed(),
];

/// A module is pickled as an import of its name, which only few picklers do themselves. Classes and instances are
/// pickled by the pickler's own rules: so they are the argument of a function that returns it, one of the builtins,
/// which every pickler accepts.
///
/// # Safety
/// Called by CPython with a live cell.
unsafe extern "C" fn reduce(cell: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the cell is alive, and with it the original and its namespace; a stand-in for something other than a
    // module has a built-in function as its original, which keeps its `m_self` alive. The thread is attached.
    unsafe {
        let original = original_in(cell);
        if ffi::PyModule_Check(cell) == 0 && !original.is_null() {
            // The minimum of one object is that object, and nothing is compared. A function that is not imported yet
            // would have to be, and a child that is forked meanwhile would wait for that import.
            let one = ffi::PyTuple_Pack(1, self_of(original));
            let arguments = if one.is_null() { null_mut() } else { ffi::PyTuple_Pack(1, one) };
            ffi::Py_XDECREF(one);
            return reduced_to(c"builtins", c"min", arguments);
        }
        let namespace = *namespace_of(cell);
        let module = match namespace.is_null() {
            true => null_mut(),
            false => ffi::PyDict_GetItemString(namespace, c"__name__".as_ptr()),
        };
        let named = !module.is_null() && ffi::PyUnicode_Check(module) != 0;
        // A module's functions have names of their own. A function defined in Python may be one of several with its
        // name; then it can only be hashed.
        if named && (receiver_of(cell).is_some() || is_found(cell, module)) {
            return reduced_to(c"importlib", c"import_module", ffi::PyTuple_Pack(1, module));
        }
        if !original.is_null() {
            // Such as the exception of a ctypes function.
            return ffi::PyObject_CallMethod(original, c"__reduce__".as_ptr(), null());
        }
        let arguments = identity(cell, module);
        if !arguments.is_null() {
            let reduced = reduced_to(c"typedcall._pickling", c"load_owner", arguments);
            if !reduced.is_null() {
                return reduced;
            }
        }
        // Without the package, or in memory that belongs to no library.
        ffi::PyErr_Clear();
        let pickle = ffi::PyImport_ImportModule(c"pickle".as_ptr());
        if pickle.is_null() {
            return null_mut();
        }
        let error = ffi::PyObject_GetAttrString(pickle, c"PicklingError".as_ptr());
        if !error.is_null() {
            let text = c"Can't pickle %s: it's not found by this name in its module, which bind(module=) says";
            ffi::PyErr_Format(error, text.as_ptr(), name_in(cell));
        }
        ffi::Py_XDECREF(error);
        ffi::Py_DECREF(pickle);
        null_mut()
    }
}

/// Whether the function with this cell is found by its name in the module with that name. The module is not imported
/// for this.
///
/// # Safety
/// The cell is alive, the name a `str`, and the thread attached, with no exception set.
unsafe fn is_found(cell: *mut ffi::PyObject, module: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller promises cell and name; a found object is owned while it is looked at.
    unsafe {
        let module = ffi::PyImport_GetModule(module);
        let found = match module.is_null() {
            true => null_mut(),
            false => ffi::PyObject_GetAttrString(module, name_in(cell)),
        };
        ffi::PyErr_Clear();
        let is_it = !found.is_null() && ffi::PyCFunction_Check(found) != 0 && self_of(found) == cell;
        ffi::Py_XDECREF(module);
        ffi::Py_XDECREF(found);
        is_it
    }
}

/// The identity of a bound function, the same in every process: its module or None, name and signature, the file of its
/// code, and the place in it. Null if the code is in no file, or with an exception set.
///
/// # Safety
/// The cell is alive, the module an object or null, and the thread attached.
unsafe fn identity(cell: *mut ffi::PyObject, module: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the caller promises cell and module; the fields of `dladdr` are read only if it succeeded, and live as
    // long as the library. Each new reference is given up once.
    unsafe {
        let Some((signature, address)) = bare_in(cell) else { return null_mut() };
        let mut info = std::mem::zeroed::<libc::Dl_info>();
        if libc::dladdr(address.get() as *const c_void, &mut info) == 0 || info.dli_fname.is_null() {
            return null_mut();
        }
        // Its folder may be another one elsewhere.
        let path = CStr::from_ptr(info.dli_fname).to_string_lossy();
        let file = path.rsplit('/').next().unwrap_or_default();
        let offset = address.get().wrapping_sub(info.dli_fbase as usize);
        let text = |text: &str| ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as ffi::Py_ssize_t);
        let made = [
            ffi::PyUnicode_FromString(name_in(cell)),
            text(&signature.to_string()),
            text(file),
            ffi::PyLong_FromSize_t(offset),
        ];
        let arguments = match made.iter().any(|each| each.is_null()) {
            true => null_mut(),
            false => {
                let module = if module.is_null() { ffi::Py_None() } else { module };
                ffi::PyTuple_Pack(5, module, made[0], made[1], made[2], made[3])
            }
        };
        made.into_iter().for_each(|each| ffi::Py_XDECREF(each));
        arguments
    }
}

/// `(module.function, arguments)`; null with an exception set, as the arguments may be.
///
/// # Safety
/// The thread is attached; the caller owns the arguments, which are taken over.
unsafe fn reduced_to(module: &CStr, function: &CStr, arguments: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the caller promises the arguments; each reference is given up once.
    unsafe {
        if arguments.is_null() {
            return null_mut();
        }
        let module = ffi::PyImport_ImportModule(module.as_ptr());
        let function = match module.is_null() {
            true => null_mut(),
            false => ffi::PyObject_GetAttrString(module, function.as_ptr()),
        };
        let reduced = match function.is_null() {
            true => null_mut(),
            false => ffi::PyTuple_Pack(2, function, arguments),
        };
        ffi::Py_XDECREF(module);
        ffi::Py_XDECREF(function);
        ffi::Py_DECREF(arguments);
        reduced
    }
}
