//! References of a function's data to objects that the function itself keeps alive.

use std::mem::ManuallyDrop;
use std::ops::Deref;

use crate::embed::{Object, Python};

/// A reference to an object: owned, or borrowed from the function, which keeps its globals, builtins and closure.
///
/// The collector can't see what native code owns. A function whose data owned its globals would never be collected with
/// them.
#[derive(Debug)]
pub struct Kept {
    object: ManuallyDrop<Object>,
    is_owned: bool,
}

impl Kept {
    /// A reference of its own.
    pub fn owned(object: Object) -> Self {
        Self { object: ManuallyDrop::new(object), is_owned: true }
    }

    /// A borrowed reference.
    ///
    /// # Safety
    /// Something else keeps the object alive for as long as this is used.
    pub unsafe fn borrowed(python: &Python, object: &Object) -> Self {
        let second = object.clone_ref(python);
        // SAFETY: the caller's reference is left.
        unsafe { pyo3_ffi::Py_DECREF(second.as_ptr()) };
        Self { object: ManuallyDrop::new(second), is_owned: false }
    }

    /// The object, if this owns a reference to it.
    pub fn if_owned(&self) -> Option<&Object> {
        self.is_owned.then_some(&*self.object)
    }
}

impl Deref for Kept {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.object
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.is_owned {
            // SAFETY: it is dropped once.
            unsafe { ManuallyDrop::drop(&mut self.object) };
        }
    }
}
