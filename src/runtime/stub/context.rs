//! The context: per-thread runtime state, passed as an argument so that no code reads thread-local storage.
//!
//! A thread's context is owned by its thread state's dictionary, and dies with it. Compiled code fetches it at entry,
//! once, through [`current`]; a cache in thread-local storage saves the look-up in the dictionary while it is valid.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU64, Ordering};

use pyo3_ffi as ffi;

/// The argument for a `context` parameter of a typed method. `include/typedcall.h` declares the same.
#[repr(C)]
#[derive(Debug)]
pub struct Context {
    /// [`Context::VERSION`].
    pub version: u32,
    /// Bytes of the whole context.
    pub size: u32,
    /// The thread that the context belongs to.
    pub thread_state: *mut ffi::PyThreadState,
    /// The interpreter of that thread.
    pub interpreter: *mut ffi::PyInterpreterState,
}

impl Context {
    /// The version of the part that C code may read.
    pub const VERSION: u32 = 1;
}

/// The key of the context in a thread state's dictionary, and the name of the capsule that owns it.
const NAME: &std::ffi::CStr = c"typedcall.context";

/// Rises when any thread's context dies, since the caches may then have dead ones.
static DEATHS: AtomicU64 = AtomicU64::new(0);

#[derive(Clone, Copy)]
struct Cached {
    thread_state: *mut ffi::PyThreadState,
    deaths: u64,
    context: *mut Context,
}

thread_local! {
    static CACHE: Cell<Cached> =
        const { Cell::new(Cached { thread_state: null_mut(), deaths: 0, context: null_mut() }) };
}

/// The calling thread's context; null with an exception set if there is no memory for one.
///
/// # Safety
/// The thread is attached to the interpreter.
pub unsafe extern "C" fn current() -> *mut Context {
    // SAFETY: the thread is attached, so it has a thread state.
    let thread_state = unsafe { ffi::PyThreadState_Get() };
    let deaths = DEATHS.load(Ordering::Acquire);
    let cached = CACHE.get();
    if cached.thread_state == thread_state && cached.deaths == deaths {
        return cached.context;
    }
    // SAFETY: the thread is attached, and this is its thread state.
    let context = unsafe { look_up(thread_state) };
    if !context.is_null() {
        CACHE.set(Cached { thread_state, deaths: DEATHS.load(Ordering::Acquire), context });
    }
    context
}

/// The context in the thread state's dictionary, made there if necessary.
///
/// # Safety
/// The thread is attached, and `thread_state` is its own.
unsafe fn look_up(thread_state: *mut ffi::PyThreadState) -> *mut Context {
    // SAFETY: the thread is attached; the dictionary is borrowed from the thread state, the capsule from it, and the
    // new capsule owns the context that it is made with.
    unsafe {
        let Some(dict) = NonNull::new(ffi::PyThreadState_GetDict()) else {
            return ffi::PyErr_NoMemory().cast();
        };
        let capsule = ffi::PyDict_GetItemString(dict.as_ptr(), NAME.as_ptr());
        if !capsule.is_null() {
            return ffi::PyCapsule_GetPointer(capsule, NAME.as_ptr()).cast();
        }
        let context = Box::into_raw(Box::new(Context {
            version: Context::VERSION,
            size: size_of::<Context>() as u32,
            thread_state,
            interpreter: ffi::PyInterpreterState_Get(),
        }));
        let capsule = ffi::PyCapsule_New(context.cast::<c_void>(), NAME.as_ptr(), Some(destroy));
        if capsule.is_null() {
            drop(Box::from_raw(context));
            return null_mut();
        }
        let status = ffi::PyDict_SetItemString(dict.as_ptr(), NAME.as_ptr(), capsule);
        // On success the dictionary keeps the capsule; on failure this destroys it, and the context with it.
        ffi::Py_DECREF(capsule);
        if status == 0 { context } else { null_mut() }
    }
}

/// # Safety
/// Called by CPython with a capsule of [`look_up`].
unsafe extern "C" fn destroy(capsule: *mut ffi::PyObject) {
    DEATHS.fetch_add(1, Ordering::AcqRel);
    // SAFETY: the capsule holds the context that it was made with, and is destroyed once.
    unsafe {
        let context = ffi::PyCapsule_GetPointer(capsule, NAME.as_ptr()).cast::<Context>();
        if !context.is_null() {
            drop(Box::from_raw(context));
        }
    }
}
