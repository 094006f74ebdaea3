//! Dict watchers, from 3.12 on: a store that breaks an assumption clears the flags of the units that rely on it.

#[cfg(Py_3_12)]
pub use watcher::watch;

/// Before 3.12 there are none.
#[cfg(not(Py_3_12))]
pub fn watch(
    _: &crate::embed::Python,
    _: &super::assumption::Recorded,
    _: &[Box<super::assumption::KnownDict>],
    _: &std::sync::Arc<super::assumption::Flag>,
) -> bool {
    false
}

#[cfg(Py_3_12)]
mod watcher {
    use std::collections::HashMap;
    use std::ffi::c_int;
    use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, Weak};

    use pyo3_ffi as ffi;

    use super::super::assumption::{Flag, KnownDict, Recorded};
    use crate::embed::Python;

    type Callback = extern "C" fn(c_int, *mut ffi::PyObject, *mut ffi::PyObject, *mut ffi::PyObject) -> c_int;

    unsafe extern "C" {
        fn PyDict_AddWatcher(callback: Callback) -> c_int;
        fn PyDict_Watch(watcher: c_int, dict: *mut ffi::PyObject) -> c_int;
    }

    /// `PyDict_EVENT_DELETED`: events up to this one are about one key; later ones are about the whole dict.
    const LAST_OF_ONE_KEY: c_int = 2;

    /// A unit that relies on a name in a dict.
    struct Reliance {
        /// Address of the name, an interned `str` that the unit keeps alive.
        name: usize,
        text: String,
        /// Address of the object that is bound to it; 0 for none.
        value: usize,
        flag: Weak<Flag>,
    }

    /// By the dict's address.
    static RELIANCES: LazyLock<Mutex<HashMap<usize, Vec<Reliance>>>> = LazyLock::new(Mutex::default);

    /// Watches the dicts of an assumption; returns whether that was possible.
    pub fn watch(python: &Python, recorded: &Recorded, dicts: &[Box<KnownDict>], flag: &Arc<Flag>) -> bool {
        static WATCHER: OnceLock<Option<c_int>> = OnceLock::new();
        // SAFETY: the thread is attached; the callback lives for ever.
        let watcher = *WATCHER.get_or_init(|| unsafe {
            let watcher = PyDict_AddWatcher(on_event);
            if watcher < 0 {
                ffi::PyErr_Clear();
            }
            (watcher >= 0).then_some(watcher)
        });
        let Some(watcher) = watcher else { return false };
        let Some(text) = recorded.name.as_str(python) else { return false };
        for (number, value) in &recorded.dicts {
            let Some(known) = dicts.get(*number) else { return false };
            let dict = &known.dict;
            // SAFETY: the thread is attached, the dict alive; an object that is not a dict raises.
            if unsafe { PyDict_Watch(watcher, dict.as_ptr()) } != 0 {
                // SAFETY: the thread is attached.
                unsafe { ffi::PyErr_Clear() };
                return false;
            }
            let reliance = Reliance {
                name: recorded.name.as_ptr() as usize,
                text: text.clone(),
                value: value.as_ref().map_or(0, |value| value.as_ptr() as usize),
                flag: Arc::downgrade(flag),
            };
            let mut all = RELIANCES.lock().unwrap_or_else(PoisonError::into_inner);
            let of_dict = all.entry(dict.as_ptr() as usize).or_default();
            of_dict.retain(|reliance| reliance.flag.strong_count() > 0);
            of_dict.push(reliance);
        }
        true
    }

    /// Called before a watched dict changes. Runs no Python code.
    extern "C" fn on_event(
        event: c_int,
        dict: *mut ffi::PyObject,
        key: *mut ffi::PyObject,
        value: *mut ffi::PyObject,
    ) -> c_int {
        let mut all = RELIANCES.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(of_dict) = all.get_mut(&(dict as usize)) else { return 0 };
        of_dict.retain(|reliance| {
            let breaks = event > LAST_OF_ONE_KEY || reliance.is_of(key) && reliance.value != value as usize;
            if let Some(flag) = reliance.flag.upgrade().filter(|_| breaks) {
                flag.clear();
            }
            !breaks && reliance.flag.strong_count() > 0
        });
        if of_dict.is_empty() {
            all.remove(&(dict as usize));
        }
        0
    }

    impl Reliance {
        /// Whether a key is this name. An object that is not an exact `str` may be equal to anything.
        fn is_of(&self, key: *mut ffi::PyObject) -> bool {
            if key as usize == self.name {
                return true;
            }
            // SAFETY: the thread is attached and the key alive, since CPython calls this; the text is compared
            // unchanged.
            unsafe {
                if ffi::PyUnicode_CheckExact(key) == 0 {
                    return true;
                }
                let mut length = 0;
                let bytes = ffi::PyUnicode_AsUTF8AndSize(key, &mut length);
                if bytes.is_null() {
                    // Text that is not UTF-8 is not a name.
                    ffi::PyErr_Clear();
                    return false;
                }
                std::slice::from_raw_parts(bytes.cast::<u8>(), length as usize) == self.text.as_bytes()
            }
        }
    }
}
