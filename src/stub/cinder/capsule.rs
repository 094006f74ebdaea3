//! The capsule `typedcall._cinder`, by which C extensions find this library: `include/typedcall_cinder.h` imports it.

use std::ffi::{CStr, CString, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::OnceLock;

use pyo3_ffi as ffi;

use crate::callable::Error;
use crate::cpython::{Layout, check};
use crate::embed::{Object, Python};
use crate::specializer::Options;
use crate::specializer::Specializer;

/// The contents of the capsule, as the header declares them.
#[repr(C)]
struct Interface {
    version: u32,
    ready: extern "C" fn(*mut ffi::PyMethodDef) -> c_int,
}

static INTERFACE: Interface = Interface { version: 1, ready };

const MODULE: &CStr = c"typedcall";
const ATTRIBUTE: &str = "_cinder";
const NAME: &CStr = c"typedcall._cinder";

/// A capsule by which C extensions find this library: the attribute `_cinder` of a module `typedcall`.
///
/// # Errors
/// If memory runs out.
pub fn capsule(python: &Python) -> Result<Object, Error> {
    // SAFETY: the thread is attached; name and interface live for ever.
    let capsule = unsafe { ffi::PyCapsule_New((&raw const INTERFACE).cast_mut().cast(), NAME.as_ptr(), None) };
    // SAFETY: a new reference, or null with an exception set.
    Ok(unsafe { python.owned(capsule)? })
}

/// Lets C extensions that were compiled with `include/typedcall_cinder.h` find this library: gives the module
/// `typedcall` the [`capsule`]. If no module of that name was imported, an empty one is put into `sys.modules`. For
/// embedders, who call it before such an extension is imported. Subinterpreters are refused.
///
/// ```
/// use typedcall::embed::Python;
///
/// let python = Python::attach();
/// typedcall::cinder::provide(&python)?;
/// python.import("typedcall")?.attr(&python, "_cinder")?;
/// # Ok::<(), typedcall::Error>(())
/// ```
///
/// # Errors
/// If memory runs out, or the module accepts no attribute.
pub fn provide(python: &Python) -> Result<(), Error> {
    let capsule = capsule(python)?;
    // SAFETY: the thread is attached; the module is borrowed from `sys.modules`.
    let module = unsafe {
        let module = NonNull::new(ffi::PyImport_AddModule(MODULE.as_ptr())).ok_or_else(|| python.take_exception())?;
        Object::from_borrowed(python, module)
    };
    Ok(module.set_attr(python, ATTRIBUTE, &capsule)?)
}

/// Makes a table's typed definitions callable: 0, or -1 with ImportError set.
extern "C" fn ready(table: *mut ffi::PyMethodDef) -> c_int {
    // SAFETY: an extension calls this while it is imported, with the GIL held.
    let python = unsafe { Python::assume_attached() };
    let result = catch_unwind(AssertUnwindSafe(|| {
        let specializer = specializer(&python)?;
        // SAFETY: the extension promises its table by calling.
        unsafe { specializer.ready_cinder_table(&python, table.cast()) }
    }));
    let reason = match result {
        Ok(Ok(_)) => return 0,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "a panic, which is a bug in typedcall: please report it".to_owned(),
    };
    let text = format!("typedcall can't make Cinder's typed methods callable: {reason}");
    // Text that a reason quotes is escaped, so it has no NUL.
    let text = CString::new(text).unwrap_or_default();
    // SAFETY: the thread is attached, and the text a C string.
    unsafe { ffi::PyErr_SetString(ffi::PyExc_ImportError, text.as_ptr()) };
    -1
}

/// The specializer of all tables that come through the capsule.
fn specializer(python: &Python) -> Result<&'static Specializer, Error> {
    static SPECIALIZER: OnceLock<Specializer> = OnceLock::new();
    if let Some(specializer) = SPECIALIZER.get() {
        // Another interpreter may be the caller, and all share this specializer.
        check(python, &Layout::CURRENT)?;
        return Ok(specializer);
    }
    // Not inside `get_or_init`: making one runs Python code, which may release the GIL to a thread that would wait
    // here.
    let fresh = Specializer::new(python, Options::default())?;
    Ok(SPECIALIZER.get_or_init(|| fresh))
}
