//! The addresses of CPython's functions that compiled code calls.
//!
//! They are declared here because pyo3-ffi has some of them as Rust functions, which have no C address.

use std::num::NonZeroUsize;

macro_rules! addresses {
    ($($name:ident)*) => {
        mod declared {
            #[allow(clashing_extern_declarations, reason = "only the addresses are wanted")]
            unsafe extern "C-unwind" {
                $(pub fn $name();)*
            }
        }

        /// The address of a function, by its name; `None` for a function that compiled code does not call.
        pub fn address_of(name: &str) -> Option<NonZeroUsize> {
            match name {
                $(stringify!($name) => NonZeroUsize::new(declared::$name as *const () as usize),)*
                _ => None,
            }
        }
    };
}

addresses! {
    PyNumber_Add
    PyNumber_And
    PyNumber_FloorDivide
    PyNumber_Lshift
    PyNumber_MatrixMultiply
    PyNumber_Multiply
    PyNumber_Remainder
    PyNumber_Or
    PyNumber_Power
    PyNumber_Rshift
    PyNumber_Subtract
    PyNumber_TrueDivide
    PyNumber_Xor
    PyNumber_InPlaceAdd
    PyNumber_InPlaceAnd
    PyNumber_InPlaceFloorDivide
    PyNumber_InPlaceLshift
    PyNumber_InPlaceMatrixMultiply
    PyNumber_InPlaceMultiply
    PyNumber_InPlaceRemainder
    PyNumber_InPlaceOr
    PyNumber_InPlacePower
    PyNumber_InPlaceRshift
    PyNumber_InPlaceSubtract
    PyNumber_InPlaceTrueDivide
    PyNumber_InPlaceXor
    PyNumber_Negative
    PyNumber_Positive
    PyNumber_Invert
    PyObject_RichCompare
    PyObject_IsTrue
    PySequence_Contains
    PyObject_GetItem
    PyObject_SetItem
    PyObject_DelItem
    PyObject_GetAttr
    PyObject_SetAttr
    PySlice_New
    PyObject_Str
    PyObject_Repr
    PyObject_ASCII
    PyObject_GetIter
    PyList_Append
    PySet_Add
    PyDict_SetItem
    PyCell_New
    PyCell_Set
    PyList_AsTuple
    PyObject_Format
    PyThreadState_Get
    PyObject_Vectorcall
    Py_EnterRecursiveCall
    Py_LeaveRecursiveCall
    _Py_Dealloc
    PyEval_RestoreThread
}
