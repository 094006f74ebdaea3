//! Watchers of dicts, which 3.12 and later have. They run no Python code.

use std::ffi::c_int;

use pyo3_ffi as ffi;

/// Called before a watched dict changes: with the event, the dict, the key and the value.
pub type DictWatcher = extern "C" fn(c_int, *mut ffi::PyObject, *mut ffi::PyObject, *mut ffi::PyObject) -> c_int;

/// `PyDict_EVENT_DELETED`: events up to this one are about one key, later ones about the whole dict.
pub const LAST_EVENT_OF_ONE_KEY: c_int = 2;

/// The number of a new watcher; `None` if there is none, or none is free.
///
/// # Safety
/// The thread is attached. The watcher may be called as long as the interpreter lives.
pub unsafe fn add_dict_watcher(watcher: DictWatcher) -> Option<c_int> {
    #[cfg(Py_3_12)]
    // SAFETY: as the caller promises.
    unsafe {
        let number = PyDict_AddWatcher(watcher);
        if number < 0 {
            ffi::PyErr_Clear();
        }
        (number >= 0).then_some(number)
    }
    #[cfg(not(Py_3_12))]
    {
        let _ = watcher;
        None
    }
}

/// Lets a watcher watch a dict; returns whether it does.
///
/// # Safety
/// The thread is attached, the number is that of a watcher, the object is alive.
pub unsafe fn watch_dict(watcher: c_int, dict: *mut ffi::PyObject) -> bool {
    #[cfg(Py_3_12)]
    // SAFETY: as the caller promises; an object that is not a dict raises.
    unsafe {
        let watches = PyDict_Watch(watcher, dict) == 0;
        if !watches {
            ffi::PyErr_Clear();
        }
        watches
    }
    #[cfg(not(Py_3_12))]
    {
        let _ = (watcher, dict);
        false
    }
}

#[cfg(Py_3_12)]
unsafe extern "C" {
    fn PyDict_AddWatcher(watcher: DictWatcher) -> c_int;
    fn PyDict_Watch(watcher: c_int, dict: *mut ffi::PyObject) -> c_int;
}
