//! CPython's C functions that are called while references are owned, or by compiled code: each declared once, with its signature.
//!
//! Most of them may run Python code, and thus release the GIL and acquire it again. Up to 3.13, a daemon thread that does this while
//! the interpreter shuts down is ended by unwinding. Here it waits for the end of the process instead (`embed::may_end`): the frames
//! above own references, which must not be given up without the GIL. Compiled code calls them by their addresses. Those that
//! are called while no reference is owned are in `unowned`, which takes the declarations of this module where both need one.

use std::ffi::{c_char, c_int, c_long, c_ulonglong};

use pyo3_ffi::{Py_ssize_t, PyObject, PyThreadState};

use super::c_function::{CPythonFunction, CSignature, CValue};
use crate::embed::{may_end, raw as embedded};

type Object = *mut PyObject;

/// The type of a function's result, as it is passed.
macro_rules! result_abi {
    () => {
        None
    };
    ($result:ty) => {
        Some(<$result as CValue>::ABI)
    };
}

/// Declares C functions of an ABI.
macro_rules! declare {
    (
        $raw:ident $abi:tt
        $($(#[$attribute:meta])* fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*
    ) => {
        mod $raw {
            use super::*;
            // They are declared here because pyo3-ffi has some of them as Rust functions, which have no C address, and
            // declares that others do not unwind.
            #[allow(clashing_extern_declarations, reason = "the declarations of pyo3-ffi say that nothing unwinds")]
            unsafe extern $abi {
                $($(#[$attribute])* pub fn $name($($argument: $type),*) $(-> $result)?;)*
            }
        }
    };
}

/// The facts that compiled code needs about each of these functions, which `$raw` declares. If a declaration is
/// another, this does not compile.
macro_rules! describe {
    (
        $table:ident $raw:ident $abi:tt $may_unwind:literal
        $($(#[$attribute:meta])* fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*
    ) => {
        mod $table {
            use super::*;
            $(
                $(#[$attribute])*
                #[allow(non_upper_case_globals, reason = "the names are CPython's")]
                #[allow(dead_code, reason = "compiled code calls not all of them")]
                pub const $name: CPythonFunction = CPythonFunction {
                    name: stringify!($name),
                    signature: CSignature {
                        parameters: &[$(<$type as CValue>::ABI),*],
                        result: result_abi!($($result)?),
                        may_unwind: $may_unwind,
                    },
                    address: {
                        let function: unsafe extern $abi fn($($type),*) $(-> $result)? = $raw::$name;
                        function as *const ()
                    },
                };
            )*
        }
    };
}

/// Wraps functions that `$raw` declares, for Rust.
macro_rules! wrap {
    (
        $table:ident $raw:ident
        $($(#[$attribute:meta])* fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*
    ) => {
        describe! {
            $table $raw "C-unwind" true
            $($(#[$attribute])* fn $name($($argument: $type),*) $(-> $result)?;)*
        }
        $(
            /// CPython's function of this name.
            ///
            /// # Safety
            /// The thread is attached, and the arguments satisfy that function's conditions.
            $(#[$attribute])*
            #[inline]
            #[allow(non_snake_case, reason = "the names are CPython's")]
            pub unsafe fn $name($($argument: $type),*) $(-> $result)? {
                // SAFETY: the caller promises the function's conditions.
                may_end(|| unsafe { $raw::$name($($argument),*) })
            }
        )*
    };
}

/// Declares functions and wraps them.
macro_rules! declare_wrapped {
    ($($functions:tt)*) => {
        declare! { wrapped "C-unwind" $($functions)* }
        wrap! { wrapped_table wrapped $($functions)* }
    };
}

/// Declares functions that only compiled code calls.
macro_rules! declare_described {
    ($raw:ident $table:ident $abi:tt $may_unwind:literal $($functions:tt)*) => {
        declare! { $raw $abi $($functions)* }
        describe! { $table $raw $abi $may_unwind $($functions)* }
    };
}

/// The declarations that `unowned` passes on, for calls that own nothing.
pub(super) mod unwrapped {
    pub use super::embedded::Py_DecRef;
    pub use super::wrapped::PyDict_SetItem;
}

/// The facts that compiled code needs about each function.
pub mod table {
    pub use super::embedded_table::*;
    pub use super::plain_table::*;
    pub use super::restoring_table::*;
    pub use super::unwinding_table::*;
    pub use super::wrapped_table::*;
}

// `embed` calls these too, and stands below this module, so it declares them.
wrap! {
    embedded_table embedded
    fn PyEval_EvalCode(code: Object, globals: Object, locals: Object) -> Object;
    fn Py_DecRef(object: Object);
    fn PyObject_Str(object: Object) -> Object;
    fn PyObject_Repr(object: Object) -> Object;
    fn PyObject_Vectorcall(callable: Object, arguments: *const Object, count: usize, names: Object) -> Object;
}

declare_wrapped! {
    fn PyObject_GetAttr(object: Object, name: Object) -> Object;
    fn PyObject_SetAttr(object: Object, name: Object, value: Object) -> c_int;
    fn _PyObject_GetMethod(object: Object, name: Object, method: *mut Object) -> c_int;
    fn PyObject_GetItem(object: Object, key: Object) -> Object;
    fn PyObject_SetItem(object: Object, key: Object, value: Object) -> c_int;
    fn PyObject_DelItem(object: Object, key: Object) -> c_int;
    fn PyObject_IsTrue(object: Object) -> c_int;
    fn PyObject_RichCompare(left: Object, right: Object, operator: c_int) -> Object;
    fn PyObject_RichCompareBool(left: Object, right: Object, operator: c_int) -> c_int;
    fn PyObject_GetIter(object: Object) -> Object;
    fn PyIter_Next(iterator: Object) -> Object;
    fn PyObject_Size(object: Object) -> Py_ssize_t;
    fn PyObject_IsInstance(object: Object, class: Object) -> c_int;
    fn PyObject_ASCII(object: Object) -> Object;
    fn PyObject_Format(object: Object, specification: Object) -> Object;
    fn PyObject_Call(callable: Object, arguments: Object, keywords: Object) -> Object;

    fn PyNumber_Add(a: Object, b: Object) -> Object;
    fn PyNumber_And(a: Object, b: Object) -> Object;
    fn PyNumber_FloorDivide(a: Object, b: Object) -> Object;
    fn PyNumber_Lshift(a: Object, b: Object) -> Object;
    fn PyNumber_MatrixMultiply(a: Object, b: Object) -> Object;
    fn PyNumber_Multiply(a: Object, b: Object) -> Object;
    fn PyNumber_Remainder(a: Object, b: Object) -> Object;
    fn PyNumber_Or(a: Object, b: Object) -> Object;
    fn PyNumber_Power(a: Object, b: Object, modulus: Object) -> Object;
    fn PyNumber_Rshift(a: Object, b: Object) -> Object;
    fn PyNumber_Subtract(a: Object, b: Object) -> Object;
    fn PyNumber_TrueDivide(a: Object, b: Object) -> Object;
    fn PyNumber_Xor(a: Object, b: Object) -> Object;
    fn PyNumber_InPlaceAdd(a: Object, b: Object) -> Object;
    fn PyNumber_InPlaceAnd(a: Object, b: Object) -> Object;
    fn PyNumber_InPlaceFloorDivide(a: Object, b: Object) -> Object;
    fn PyNumber_InPlaceLshift(a: Object, b: Object) -> Object;
    fn PyNumber_InPlaceMatrixMultiply(a: Object, b: Object) -> Object;
    fn PyNumber_InPlaceMultiply(a: Object, b: Object) -> Object;
    fn PyNumber_InPlaceRemainder(a: Object, b: Object) -> Object;
    fn PyNumber_InPlaceOr(a: Object, b: Object) -> Object;
    fn PyNumber_InPlacePower(a: Object, b: Object, modulus: Object) -> Object;
    fn PyNumber_InPlaceRshift(a: Object, b: Object) -> Object;
    fn PyNumber_InPlaceSubtract(a: Object, b: Object) -> Object;
    fn PyNumber_InPlaceTrueDivide(a: Object, b: Object) -> Object;
    fn PyNumber_InPlaceXor(a: Object, b: Object) -> Object;
    fn PyNumber_Negative(a: Object) -> Object;
    fn PyNumber_Positive(a: Object) -> Object;
    fn PyNumber_Invert(a: Object) -> Object;

    fn PySequence_Contains(container: Object, value: Object) -> c_int;
    fn PySequence_Tuple(iterable: Object) -> Object;
    fn PySequence_List(iterable: Object) -> Object;
    fn PyMapping_Keys(mapping: Object) -> Object;
    #[cfg(not(Py_3_13))]
    fn _PyList_Extend(list: Object, iterable: Object) -> Object;
    #[cfg(Py_3_13)]
    fn PyList_Extend(list: Object, iterable: Object) -> c_int;
    fn PyList_SetSlice(list: Object, low: Py_ssize_t, high: Py_ssize_t, items: Object) -> c_int;
    fn PySet_Add(set: Object, value: Object) -> c_int;
    fn PySet_Contains(set: Object, value: Object) -> c_int;
    fn PyDict_GetItemWithError(dict: Object, key: Object) -> Object;
    #[cfg(not(Py_3_13))]
    fn _PyDict_GetItem_KnownHash(dict: Object, key: Object, hash: Py_ssize_t) -> Object;
    fn PyDict_SetItem(dict: Object, key: Object, value: Object) -> c_int;
    fn PyDict_DelItem(dict: Object, key: Object) -> c_int;
    fn PyDict_Contains(dict: Object, key: Object) -> c_int;
    fn PyDict_Update(dict: Object, mapping: Object) -> c_int;
    fn PyUnicode_Join(separator: Object, strings: Object) -> Object;
    fn PyCell_Set(cell: Object, value: Object) -> c_int;

    fn PyErr_SetHandledException(exception: Object);
    fn PyErr_SetObject(class: Object, value: Object);
    fn PyErr_GivenExceptionMatches(exception: Object, class: Object) -> c_int;
    fn PyErr_Clear();
    #[cfg(Py_3_12)]
    fn PyErr_SetRaisedException(exception: Object);
    #[cfg(not(Py_3_12))]
    fn PyErr_NormalizeException(class: *mut Object, value: *mut Object, traceback: *mut Object);
    #[cfg(not(Py_3_12))]
    fn PyErr_Restore(class: Object, value: Object, traceback: Object);
    fn PyException_SetTraceback(exception: Object, traceback: Object) -> c_int;

    fn PyFunction_New(code: Object, globals: Object) -> Object;
    fn PyMethod_New(function: Object, receiver: Object) -> Object;
    #[cfg(Py_3_12)]
    fn PyFunction_SetVectorcall(function: Object, vectorcall: *const u8);
    fn PyFunction_SetDefaults(function: Object, defaults: Object) -> c_int;
    fn PyFunction_SetKwDefaults(function: Object, defaults: Object) -> c_int;
    fn PyFunction_SetAnnotations(function: Object, annotations: Object) -> c_int;
    fn PyFunction_SetClosure(function: Object, closure: Object) -> c_int;
    fn PyFrame_New(thread: *mut PyThreadState, code: Object, globals: Object, locals: Object) -> Object;
    fn PyCode_NewEmpty(file: *const c_char, name: *const c_char, line: c_int) -> Object;
    #[cfg(Py_3_13)]
    fn _Py_HandlePending(thread: *mut PyThreadState) -> c_int;
    #[cfg(not(Py_3_13))]
    fn PyFrame_LocalsToFast(frame: Object, clear: c_int);
}

// Only compiled code calls these.
declare_described! {
    unwinding unwinding_table "C-unwind" true
    fn PyList_Append(list: Object, value: Object) -> c_int;
    fn PySlice_New(start: Object, stop: Object, step: Object) -> Object;
    fn PyCell_New(value: Object) -> Object;
    fn PyList_AsTuple(list: Object) -> Object;
    fn _Py_Dealloc(object: Object);
}
describe! {
    restoring_table embedded "C-unwind" true
    fn PyEval_RestoreThread(thread: *mut PyThreadState);
}

// These run no Python code, do not release the GIL, or do not acquire it again.
declare_described! {
    plain plain_table "C" false
    fn PyLong_FromLong(value: c_long) -> Object;
    fn PyLong_FromUnsignedLongLong(value: c_ulonglong) -> Object;
    fn PyFloat_FromDouble(value: f64) -> Object;
    fn PyObject_Malloc(size: usize) -> *mut u8;
    fn PyErr_Occurred() -> Object;
    fn Py_EnterRecursiveCall(place: *const c_char) -> c_int;
    fn Py_LeaveRecursiveCall();
    fn PyUnicode_FromString(text: *const c_char) -> Object;
    fn PyBytes_FromStringAndSize(bytes: *const c_char, count: Py_ssize_t) -> Object;
    fn PyType_IsSubtype(class: Object, base: Object) -> c_int;
    fn PyEval_SaveThread() -> *mut PyThreadState;
    fn PyThreadState_Get() -> *mut PyThreadState;
    fn strlen(text: *const c_char) -> usize;
}

/// `list.extend`: 0, or -1 with an exception set.
///
/// # Safety
/// The thread is attached; the objects are alive, the first is a list.
pub unsafe fn extend_list(list: Object, iterable: Object) -> c_int {
    #[cfg(Py_3_13)]
    // SAFETY: as the caller promises.
    unsafe {
        PyList_Extend(list, iterable)
    }
    #[cfg(not(Py_3_13))]
    // SAFETY: as the caller promises; it gives a new reference to `None`.
    unsafe {
        let none = _PyList_Extend(list, iterable);
        if none.is_null() {
            return -1;
        }
        Py_DecRef(none);
        0
    }
}

/// The object with which `import` looks up `__import__`: borrowed, or null, perhaps with an exception set. `None` from
/// 3.13 on, where builtins are looked up like any other name. Before that, builtins that are not a dict are an error
/// (`import_name` in Python/ceval.c).
///
/// # Safety
/// The thread is attached, the objects are alive, and the name is a `str`.
pub unsafe fn builtin_for_import(builtins: Object, name: Object) -> Option<Object> {
    #[cfg(Py_3_13)]
    {
        let _ = (builtins, name);
        None
    }
    #[cfg(not(Py_3_13))]
    // SAFETY: as the caller promises; the hash of a `str` can't fail.
    unsafe {
        Some(_PyDict_GetItem_KnownHash(builtins, name, pyo3_ffi::PyObject_Hash(name)))
    }
}

/// Serves waiting interrupts: 0, or -1 with an exception set. `None` before 3.13, which has no function that does only
/// that.
///
/// # Safety
/// The thread is attached.
pub unsafe fn handle_pending() -> Option<c_int> {
    #[cfg(Py_3_13)]
    // SAFETY: the thread is attached.
    unsafe {
        Some(_Py_HandlePending(pyo3_ffi::PyThreadState_Get()))
    }
    #[cfg(not(Py_3_13))]
    None
}

/// Writes the dict of a frame's `f_locals` back into the frame, on versions that do so only on request.
///
/// # Safety
/// The thread is attached, the frame alive.
pub unsafe fn write_locals_back(frame: Object) {
    #[cfg(not(Py_3_13))]
    // SAFETY: as the caller promises.
    unsafe {
        PyFrame_LocalsToFast(frame, 0);
    }
    #[cfg(Py_3_13)]
    let _ = frame;
}

// These run no Python code: they look up names in the dicts of a type's bases.
unsafe extern "C" {
    /// The attribute of a type, borrowed; null without an exception if there is none.
    pub fn _PyType_Lookup(class: *mut pyo3_ffi::PyTypeObject, name: Object) -> Object;
}
