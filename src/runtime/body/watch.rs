//! Dict watchers, from 3.12 on: a store that breaks an assumption clears the flags of the versions that rely on it.

use std::collections::HashMap;
use std::ffi::c_int;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, Weak};

use pyo3_ffi as ffi;

use super::assumption::{AssumptionFlag, KnownDict, Recorded};
use crate::cpython::watchers::{LAST_EVENT_OF_ONE_KEY, add_dict_watcher, watch_dict};
use crate::embed::Python;

/// A version that relies on a name in a dict.
struct Reliance {
    /// Address of the name, an interned `str` that the version keeps alive.
    name: usize,
    text: String,
    /// Address of the object that is bound to it; 0 for none.
    value: usize,
    flag: Weak<AssumptionFlag>,
}

/// By the dict's address.
static RELIANCES: LazyLock<Mutex<HashMap<usize, Vec<Reliance>>>> = LazyLock::new(Mutex::default);

/// Watches the dicts of an assumption; returns whether that was possible.
pub fn watch(python: &Python, recorded: &Recorded, dicts: &[Box<KnownDict>], flag: &Arc<AssumptionFlag>) -> bool {
    static WATCHER: OnceLock<Option<c_int>> = OnceLock::new();
    // SAFETY: the thread is attached; a function lives for ever.
    let watcher = *WATCHER.get_or_init(|| unsafe { add_dict_watcher(on_event) });
    let Some(watcher) = watcher else { return false };
    let Some(text) = recorded.name.as_str(python) else { return false };
    for (number, value) in &recorded.dicts {
        let Some(known) = dicts.get(*number) else { return false };
        let dict = &known.dict;
        // SAFETY: the thread is attached, the dict alive.
        if !unsafe { watch_dict(watcher, dict.as_ptr()) } {
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
    // SAFETY: CPython calls this with the GIL held.
    let python = unsafe { Python::assume_attached() };
    let mut all = RELIANCES.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(of_dict) = all.get_mut(&(dict as usize)) else { return 0 };
    of_dict.retain(|reliance| {
        let breaks = event > LAST_EVENT_OF_ONE_KEY || reliance.is_of(key) && reliance.value != value as usize;
        if let Some(flag) = reliance.flag.upgrade().filter(|_| breaks) {
            flag.clear(&python);
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
        // SAFETY: the thread is attached and the key alive, since CPython calls this; the text is compared unchanged.
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
