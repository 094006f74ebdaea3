//! A small binding to Python: attach a thread, import, call, evaluate. Safe wrappers over `pyo3_ffi`.
//!
//! Embedders that have bindings of their own use [`Python::assume_attached`] and [`Object::from_borrowed`].

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int};
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::{Arc, Once};

use pyo3_ffi as ffi;

/// Proof that this thread is attached to the interpreter (holds the GIL).
#[derive(Debug)]
pub struct Python {
    /// Whether this is one of the guards that `GUARDS` counts. If not, the caller promised that the thread is attached.
    counted: bool,
    // A thread holds the GIL, so the proof must not leave its thread.
    not_send: PhantomData<*mut ()>,
}

/// An owned reference to an object.
#[derive(Debug)]
pub struct Object(NonNull<ffi::PyObject>);

// SAFETY: everything that looks into the object, or takes a reference, asks for a `Python`, the proof that the thread
// is attached; only the address is free. A reference is given up with the GIL held, on any thread.
unsafe impl Send for Object {}
// SAFETY: as above.
unsafe impl Sync for Object {}

/// A Python exception, taken from the interpreter.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{class}: {message}")]
pub struct Exception {
    /// The name of its type.
    pub class: String,
    /// Its text.
    pub message: String,
    /// The exception itself, if it must not be lost.
    urgent: Option<Arc<Object>>,
}

impl PartialEq for Exception {
    fn eq(&self, other: &Self) -> bool {
        (&self.class, &self.message) == (&other.class, &other.message)
    }
}

impl Eq for Exception {}

impl Exception {
    /// An exception that no interpreter has raised.
    pub fn new(class: impl Into<String>, message: impl Into<String>) -> Self {
        Self { class: class.into(), message: message.into(), urgent: None }
    }

    /// Sets the exception again as the current one if it must not be lost, and returns whether it did. Such exceptions
    /// are an interrupt, an exit, and no memory or stack left.
    pub fn restore_urgent(&self, _: &Python) -> bool {
        let Some(value) = &self.urgent else { return false };
        // SAFETY: the thread is attached, and the exception alive.
        unsafe { ffi::PyErr_SetObject(ffi::Py_TYPE(value.as_ptr()).cast(), value.as_ptr()) };
        true
    }
}

impl Python {
    /// Starts the interpreter if it is not running, and attaches this thread until the result is dropped.
    ///
    /// The interpreter stays up for the rest of the process. Signal handlers are left alone.
    pub fn attach() -> Self {
        static START: Once = Once::new();
        START.call_once(|| {
            // SAFETY: `Once` runs this at most once; an interpreter that is already running is left unchanged.
            unsafe {
                if ffi::Py_IsInitialized() == 0 {
                    initialize();
                    // Every thread attaches in the same way from now on, also this one.
                    ffi::PyEval_SaveThread();
                }
            }
        });
        let guards = GUARDS.get();
        let state = match guards.state {
            Some(state) => state,
            // SAFETY: the interpreter runs.
            None => unsafe { may_end(|| raw::PyGILState_Ensure()) },
        };
        GUARDS.set(ThreadGuards { count: guards.count + 1, state: Some(state) });
        Self { counted: true, not_send: PhantomData }
    }

    /// The proof, for a caller that knows that this thread is attached and stays attached.
    ///
    /// # Safety
    /// This thread holds the GIL for as long as the result lives.
    pub unsafe fn assume_attached() -> Self {
        Self { counted: false, not_send: PhantomData }
    }

    /// Lets other threads run Python while `work` runs. `work` must not touch Python.
    pub fn detached<T>(&self, work: impl FnOnce() -> T + Send) -> T {
        /// Attaches the thread again, also after a panic, since the outer guards say that it is attached.
        struct Reattach {
            thread_state: *mut ffi::PyThreadState,
            guards: ThreadGuards,
        }
        impl Drop for Reattach {
            fn drop(&mut self) {
                // SAFETY: the state is this thread's, saved below.
                unsafe { may_end(|| raw::PyEval_RestoreThread(self.thread_state)) };
                GUARDS.set(self.guards);
            }
        }
        // SAFETY: this thread is attached, as `self` proves.
        let thread_state = unsafe { ffi::PyEval_SaveThread() };
        // A guard that `work` makes must attach by itself.
        let _reattach = Reattach { thread_state, guards: GUARDS.replace(ThreadGuards::NONE) };
        work()
    }

    /// `import name`: the module of that name.
    ///
    /// # Errors
    /// The exception of the import.
    pub fn import(&self, name: &str) -> Result<Object, Exception> {
        let name = c_string(name)?;
        // SAFETY: the thread is attached, the name is a C string.
        unsafe { self.owned(may_end(|| raw::PyImport_ImportModule(name.as_ptr()))) }
    }

    /// The value of an expression, with `names` as its globals.
    ///
    /// # Errors
    /// The exception that the expression raises.
    pub fn eval(&self, expression: &str, names: &Object) -> Result<Object, Exception> {
        self.compile_and_run(expression, ffi::Py_eval_input, names)
    }

    /// Runs statements with `names` as their globals.
    ///
    /// # Errors
    /// The exception that they raise.
    pub fn run(&self, statements: &str, names: &Object) -> Result<(), Exception> {
        self.compile_and_run(statements, ffi::Py_file_input, names).map(drop)
    }

    /// A dict with the builtins in it, to run code in.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn namespace(&self) -> Result<Object, Exception> {
        // SAFETY: the thread is attached; the dict is fresh and the builtins borrowed.
        unsafe {
            let names = self.owned(ffi::PyDict_New())?;
            let status = ffi::PyDict_SetItemString(names.as_ptr(), c"__builtins__".as_ptr(), ffi::PyEval_GetBuiltins());
            if status == 0 { Ok(names) } else { Err(self.take_exception()) }
        }
    }

    /// An `int`.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn int(&self, value: i64) -> Result<Object, Exception> {
        // SAFETY: the thread is attached.
        unsafe { self.owned(ffi::PyLong_FromLongLong(value)) }
    }

    /// A `str`.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn text(&self, value: &str) -> Result<Object, Exception> {
        let length = isize::try_from(value.len()).expect("a Rust string is no longer");
        // SAFETY: the thread is attached; the bytes live through the call, which copies them.
        unsafe { self.owned(ffi::PyUnicode_FromStringAndSize(value.as_ptr().cast(), length)) }
    }

    /// Takes over a new reference; a null pointer gives the current exception.
    ///
    /// # Errors
    /// If `object` is null: the current exception.
    ///
    /// # Safety
    /// `object` is null with an exception set, or a reference that the caller owns.
    pub unsafe fn owned(&self, object: *mut ffi::PyObject) -> Result<Object, Exception> {
        NonNull::new(object).map(Object).ok_or_else(|| self.take_exception())
    }

    /// Takes the current exception away from the interpreter.
    pub fn take_exception(&self) -> Exception {
        let unknown = || Exception::new("SystemError", "an error without an exception");
        // SAFETY: the thread is attached; PyErr_Fetch hands over the references, null if there is none.
        unsafe {
            let (mut class, mut value, mut traceback) =
                (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
            #[allow(deprecated, reason = "PyErr_GetRaisedException is not in 3.11")]
            {
                ffi::PyErr_Fetch(&mut class, &mut value, &mut traceback);
                ffi::PyErr_NormalizeException(&mut class, &mut value, &mut traceback);
            }
            if !value.is_null() && !traceback.is_null() {
                ffi::PyException_SetTraceback(value, traceback);
            }
            ffi::Py_XDECREF(traceback);
            let (Some(class), Some(value)) = (NonNull::new(class).map(Object), NonNull::new(value).map(Object)) else {
                return unknown();
            };
            let class = class.attr(self, "__name__").and_then(|name| name.text(self)).unwrap_or_default();
            let is = |class| ffi::PyErr_GivenExceptionMatches(value.as_ptr(), class) != 0;
            let is_urgent = is(ffi::PyExc_MemoryError) || is(ffi::PyExc_RecursionError) || !is(ffi::PyExc_Exception);
            let message = value.text(self).unwrap_or_default();
            Exception { class, message, urgent: is_urgent.then(|| Arc::new(value)) }
        }
    }

    fn compile_and_run(&self, source: &str, start: i32, names: &Object) -> Result<Object, Exception> {
        let source = c_string(source)?;
        // SAFETY: the thread is attached; the source is a C string; PyEval_EvalCode checks what its globals are.
        unsafe {
            let code = self.owned(ffi::Py_CompileString(source.as_ptr(), c"<typedcall>".as_ptr(), start))?;
            self.owned(may_end(|| raw::PyEval_EvalCode(code.as_ptr(), names.as_ptr(), names.as_ptr())))
        }
    }
}

/// The guards of a thread. The last one to be dropped detaches it.
#[derive(Clone, Copy)]
struct ThreadGuards {
    count: usize,
    /// The state that the first guard found, which the last one restores.
    state: Option<ffi::PyGILState_STATE>,
}

impl ThreadGuards {
    const NONE: Self = Self { count: 0, state: None };
}

thread_local! {
    static GUARDS: Cell<ThreadGuards> = const { Cell::new(ThreadGuards::NONE) };
}

impl Drop for Python {
    fn drop(&mut self) {
        if !self.counted {
            return;
        }
        let guards = GUARDS.get();
        match guards.state {
            Some(state) if guards.count == 1 => {
                GUARDS.set(ThreadGuards::NONE);
                // SAFETY: the state is what PyGILState_Ensure gave the first of this thread's guards.
                unsafe { ffi::PyGILState_Release(state) };
            }
            _ => GUARDS.set(ThreadGuards { count: guards.count.saturating_sub(1), ..guards }),
        }
    }
}

impl Object {
    /// Takes a reference of its own to an object that others own.
    ///
    /// # Safety
    /// `object` is a live object.
    pub unsafe fn from_borrowed(_: &Python, object: NonNull<ffi::PyObject>) -> Self {
        // SAFETY: the caller promises a live object, and the thread is attached.
        unsafe { ffi::Py_INCREF(object.as_ptr()) };
        Self(object)
    }

    /// Takes over a reference.
    pub(crate) fn from_owned(_: &Python, object: NonNull<ffi::PyObject>) -> Self {
        Self(object)
    }

    /// The object, borrowed.
    pub fn as_ptr(&self) -> *mut ffi::PyObject {
        self.0.as_ptr()
    }

    /// The object, with its reference.
    pub fn into_ptr(self) -> *mut ffi::PyObject {
        std::mem::ManuallyDrop::new(self).0.as_ptr()
    }

    /// A second reference to the same object.
    pub fn clone_ref(&self, python: &Python) -> Self {
        // SAFETY: `self` keeps the object alive.
        unsafe { Self::from_borrowed(python, self.0) }
    }

    /// `object.name`.
    ///
    /// # Errors
    /// The exception that the access raises.
    pub fn attr(&self, python: &Python, name: &str) -> Result<Self, Exception> {
        let name = c_string(name)?;
        // SAFETY: the thread is attached, the object alive, the name a C string.
        unsafe { python.owned(may_end(|| raw::PyObject_GetAttrString(self.as_ptr(), name.as_ptr()))) }
    }

    /// `object.name = value`.
    ///
    /// # Errors
    /// The exception that the assignment raises.
    pub fn set_attr(&self, python: &Python, name: &str, value: &Self) -> Result<(), Exception> {
        let name = c_string(name)?;
        // SAFETY: the thread is attached, both objects alive, the name a C string.
        match unsafe { may_end(|| raw::PyObject_SetAttrString(self.as_ptr(), name.as_ptr(), value.as_ptr())) } {
            0 => Ok(()),
            _ => Err(python.take_exception()),
        }
    }

    /// `object[key]`, for a dict with string keys; `None` if there is no such key.
    pub fn item(&self, python: &Python, key: &str) -> Option<Self> {
        let key = c_string(key).ok()?;
        // SAFETY: the thread is attached; the item is borrowed from the dict, which `self` keeps alive.
        unsafe {
            let item = NonNull::new(ffi::PyDict_GetItemString(self.as_ptr(), key.as_ptr()))?;
            Some(Self::from_borrowed(python, item))
        }
    }

    /// `object[key] = value`, for a dict with string keys.
    ///
    /// # Errors
    /// If the object is not a dict, or memory runs out.
    pub fn set_item(&self, python: &Python, key: &str, value: &Self) -> Result<(), Exception> {
        let key = c_string(key)?;
        // SAFETY: the thread is attached, both objects alive; a non-dict raises SystemError.
        match unsafe { ffi::PyDict_SetItemString(self.as_ptr(), key.as_ptr(), value.as_ptr()) } {
            0 => Ok(()),
            _ => Err(python.take_exception()),
        }
    }

    /// `object(*arguments)`.
    ///
    /// # Errors
    /// The exception that the call raises.
    pub fn call(&self, python: &Python, arguments: &[&Self]) -> Result<Self, Exception> {
        let pointers: Vec<_> = arguments.iter().map(|argument| argument.as_ptr()).collect();
        // SAFETY: the thread is attached, and the slices keep callable and arguments alive.
        unsafe {
            let none = std::ptr::null_mut();
            python.owned(may_end(|| raw::PyObject_Vectorcall(self.as_ptr(), pointers.as_ptr(), pointers.len(), none)))
        }
    }

    /// `str(object)`.
    ///
    /// # Errors
    /// The exception that it raises; also for text that is not UTF-8.
    pub fn text(&self, python: &Python) -> Result<String, Exception> {
        // SAFETY: the thread is attached and the object alive.
        unsafe { utf8(python, &python.owned(may_end(|| raw::PyObject_Str(self.as_ptr())))?) }
    }

    /// The text of a `str` or of an instance of a subclass, without calling any of its methods; escaped as by `ascii()`
    /// if it is not UTF-8. `None` for other objects.
    pub fn as_str(&self, python: &Python) -> Option<String> {
        // SAFETY: the thread is attached, the object alive, and its type checked.
        unsafe {
            if ffi::PyUnicode_Check(self.as_ptr()) == 0 {
                return None;
            }
            let escaped = || utf8(python, &python.owned(ffi::PyUnicode_Type.tp_repr?(self.as_ptr())).ok()?).ok();
            utf8(python, self).ok().or_else(escaped)
        }
    }

    /// `repr(object)`.
    ///
    /// # Errors
    /// The errors of [`Object::text`].
    pub fn repr(&self, python: &Python) -> Result<String, Exception> {
        // SAFETY: the thread is attached and the object alive.
        unsafe { utf8(python, &python.owned(may_end(|| raw::PyObject_Repr(self.as_ptr())))?) }
    }

    /// The object's reference count.
    pub fn refcount(&self, _: &Python) -> isize {
        // SAFETY: the object is alive.
        unsafe { ffi::Py_REFCNT(self.as_ptr()) as isize }
    }
}

/// A weak reference: it keeps nothing alive.
#[derive(Debug)]
pub struct WeakObject(Object);

impl WeakObject {
    /// A weak reference to an object.
    ///
    /// # Errors
    /// If the object can have no weak reference. Modules, types and functions can.
    pub fn of(python: &Python, object: &Object) -> Result<Self, Exception> {
        // SAFETY: the thread is attached and the object alive; null stands for no callback.
        unsafe { python.owned(ffi::PyWeakref_NewRef(object.as_ptr(), std::ptr::null_mut())) }.map(Self)
    }

    /// The object, if it is alive. No Python code runs.
    pub fn upgrade(&self, python: &Python) -> Option<Object> {
        let mut object = std::ptr::null_mut();
        // SAFETY: the thread is attached; `self` owns a weak reference. The function gives a reference of its own or
        // null.
        unsafe {
            ffi::compat::PyWeakref_GetRef(self.0.as_ptr(), &mut object);
            NonNull::new(object).map(|object| Object::from_owned(python, object))
        }
    }

    /// Whether the object is alive. No Python code runs, since a live object has other owners.
    pub fn is_alive(&self, python: &Python) -> bool {
        self.upgrade(python).is_some()
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: `self` owns a reference, which is given up with the GIL held. If the interpreter is gone, so is the
        // object. PyGILState_Check can't tell: it says yes to every thread once there was a subinterpreter.
        unsafe {
            if ffi::Py_IsInitialized() == 0 {
                return;
            }
            if is_attached() {
                may_end(|| raw::Py_DecRef(self.as_ptr()));
            } else {
                let state = may_end(|| raw::PyGILState_Ensure());
                may_end(|| raw::Py_DecRef(self.as_ptr()));
                ffi::PyGILState_Release(state);
            }
        }
    }
}

/// Functions of CPython that take the GIL, or may run Python code and so release the GIL and take it again. Up to 3.13 the
/// interpreter ends a daemon thread that does this during shutdown, by unwinding its stack. `cpython::functions` has all
/// others of them, and wraps those of these that more than this module uses.
pub(crate) mod raw {
    use super::*;
    type Object = *mut ffi::PyObject;

    #[allow(clashing_extern_declarations, reason = "the declarations of pyo3-ffi say that nothing unwinds")]
    unsafe extern "C-unwind" {
        pub fn PyImport_ImportModule(name: *const c_char) -> Object;
        pub fn PyEval_EvalCode(code: Object, globals: Object, locals: Object) -> Object;
        pub fn PyObject_GetAttrString(object: Object, name: *const c_char) -> Object;
        pub fn PyObject_SetAttrString(object: Object, name: *const c_char, value: Object) -> c_int;
        pub fn PyObject_Vectorcall(callable: Object, arguments: *const Object, count: usize, names: Object) -> Object;
        pub fn PyObject_Str(object: Object) -> Object;
        pub fn PyObject_Repr(object: Object) -> Object;
        pub fn Py_DecRef(object: Object);
        pub fn PyGILState_Ensure() -> ffi::PyGILState_STATE;
        pub fn PyEval_RestoreThread(state: *mut ffi::PyThreadState);
    }
}

/// Makes a call that may not return because the interpreter ends the thread. The thread then waits here for the end of
/// the process, as CPython's own threads do from 3.14 on. Unwinding further would drop references without the GIL.
pub(crate) fn may_end<T>(call: impl FnOnce() -> T) -> T {
    /// Dropped by an unwinding that is not a panic.
    struct Wait;
    impl Drop for Wait {
        fn drop(&mut self) {
            while !std::thread::panicking() {
                // SAFETY: waits for a signal.
                unsafe { libc::pause() };
            }
        }
    }
    let wait = Wait;
    let result = call();
    std::mem::forget(wait);
    result
}

/// Whether the calling thread holds the GIL.
fn is_attached() -> bool {
    // SAFETY: the interpreter runs; both functions only read a pointer, also for threads that are not attached.
    unsafe {
        let current = current_thread_state();
        // 3.11 has one current state for all threads, that of the thread that holds the GIL: it must be this thread's
        // own.
        !current.is_null() && (cfg!(Py_3_12) || current == ffi::PyGILState_GetThisThreadState())
    }
}

unsafe extern "C" {
    /// The current thread state, null if there is none. Public from 3.13 on; before, it has another name.
    #[cfg_attr(Py_3_13, link_name = "PyThreadState_GetUnchecked")]
    #[cfg_attr(not(Py_3_13), link_name = "_PyThreadState_UncheckedGet")]
    fn current_thread_state() -> *mut ffi::PyThreadState;
}

/// Starts the interpreter as the Python of the build, so that it finds that Python's standard library. Without this it
/// looks next to the `python3` on the path.
///
/// # Safety
/// The interpreter is not running, and no other thread is starting it.
unsafe fn initialize() {
    let Some(executable) = option_env!("TYPEDCALL_BUILD_PYTHON").filter(|path| std::path::Path::new(path).exists())
    else {
        // SAFETY: the caller promises that no other thread starts the interpreter.
        return unsafe { ffi::Py_InitializeEx(0) };
    };
    let executable = CString::new(executable).expect("a path that the build was given has no NUL in it");
    // SAFETY: as above; the configuration is initialized before it is filled, and cleared after its last use.
    unsafe {
        let mut config = std::mem::zeroed::<ffi::PyConfig>();
        ffi::PyConfig_InitPythonConfig(&mut config);
        config.install_signal_handlers = 0;
        config.parse_argv = 0;
        let name = &raw mut config.program_name;
        let mut status = ffi::PyConfig_SetBytesString(&mut config, name, executable.as_ptr());
        if ffi::PyStatus_Exception(status) == 0 {
            status = ffi::Py_InitializeFromConfig(&config);
        }
        ffi::PyConfig_Clear(&mut config);
        if ffi::PyStatus_Exception(status) != 0 {
            // Prints the error and ends the process, as Py_InitializeEx does.
            ffi::Py_ExitStatusException(status);
        }
    }
}

/// # Safety
/// `text` is a `str`.
unsafe fn utf8(python: &Python, text: &Object) -> Result<String, Exception> {
    let mut length = 0;
    // SAFETY: the thread is attached; the bytes live as long as `text`.
    unsafe {
        let bytes = ffi::PyUnicode_AsUTF8AndSize(text.as_ptr(), &mut length);
        if bytes.is_null() {
            return Err(python.take_exception());
        }
        let bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), usize::try_from(length).unwrap_or(0));
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }
}

fn c_string(text: &str) -> Result<CString, Exception> {
    CString::new(text).map_err(|_| Exception::new("ValueError", format!("{text:?} holds a NUL character")))
}

/// The version text of the running interpreter, such as `3.13.0 (main, …) [GCC …]`.
pub fn running_version() -> String {
    // SAFETY: Py_GetVersion returns a C string that lives for ever, also before initialization.
    unsafe { CStr::from_ptr(ffi::Py_GetVersion()) }.to_string_lossy().into_owned()
}
