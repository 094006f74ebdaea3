//! The addresses in the running interpreter that compiled code uses.

use std::ffi::CStr;
use std::num::NonZeroUsize;

use pyo3_ffi as ffi;

use super::stub::counters::HITS;
use super::stub::{audit, context, fallback, foreign, matching, parser, utf8};
use crate::cpython::Layout;
use crate::cpython::addresses::address_of;
use crate::embed::Python;
use crate::lower::{AddressTable, Symbol};

/// The same text as in CPython's Objects/methodobject.c and descrobject.c.
const RECURSION_PLACE: &CStr = c" while calling a Python object";

impl AddressTable {
    /// The addresses of the running interpreter, whose array of small ints has the place that `layout` says.
    pub fn of_running(_: &Python, layout: &Layout) -> Self {
        Self::new(|symbol| {
            // SAFETY: the thread is attached; the statics and functions are CPython's own, and a small int is never
            // deallocated, so its address outlives the reference that is given up.
            let address = unsafe {
                match symbol {
                    Symbol::LongType => &raw const ffi::PyLong_Type as usize,
                    Symbol::FloatType => &raw const ffi::PyFloat_Type as usize,
                    Symbol::BoolType => &raw const ffi::PyBool_Type as usize,
                    Symbol::UnicodeType => &raw const ffi::PyUnicode_Type as usize,
                    Symbol::BytesType => &raw const ffi::PyBytes_Type as usize,
                    Symbol::ListType => &raw const ffi::PyList_Type as usize,
                    Symbol::TupleType => &raw const ffi::PyTuple_Type as usize,
                    Symbol::DictType => &raw const ffi::PyDict_Type as usize,
                    Symbol::NoneObject => ffi::Py_None() as usize,
                    Symbol::TrueObject => ffi::Py_True() as usize,
                    Symbol::FalseObject => ffi::Py_False() as usize,
                    Symbol::SmallInts => {
                        let first = ffi::PyLong_FromLongLong(layout.int.small_min);
                        ffi::Py_DECREF(first);
                        first as usize
                    }
                    Symbol::LongFromLong => ffi::PyLong_FromLong as *const () as usize,
                    Symbol::LongFromUnsignedLongLong => ffi::PyLong_FromUnsignedLongLong as *const () as usize,
                    Symbol::FloatFromDouble => ffi::PyFloat_FromDouble as *const () as usize,
                    Symbol::ObjectMalloc => ffi::PyObject_Malloc as *const () as usize,
                    Symbol::ErrOccurred => ffi::PyErr_Occurred as *const () as usize,
                    Symbol::Vectorcall => function("PyObject_Vectorcall"),
                    Symbol::EnterRecursiveCall => function("Py_EnterRecursiveCall"),
                    Symbol::LeaveRecursiveCall => function("Py_LeaveRecursiveCall"),
                    Symbol::RecursionPlace => RECURSION_PLACE.as_ptr() as usize,
                    Symbol::Dealloc => function("_Py_Dealloc"),
                    Symbol::Context => context::current as *const () as usize,
                    Symbol::ParseArguments => parser::read_arguments as *const () as usize,
                    Symbol::ReleaseBuffers => parser::release as *const () as usize,
                    Symbol::UnicodeFromString => ffi::PyUnicode_FromString as *const () as usize,
                    Symbol::BytesFromStringAndSize => ffi::PyBytes_FromStringAndSize as *const () as usize,
                    Symbol::TypeIsSubtype => ffi::PyType_IsSubtype as *const () as usize,
                    Symbol::SaveThread => ffi::PyEval_SaveThread as *const () as usize,
                    Symbol::RestoreThread => function("PyEval_RestoreThread"),
                    Symbol::StrLen => libc::strlen as *const () as usize,
                    Symbol::Utf8 => utf8::utf8 as *const () as usize,
                    Symbol::AuditBegin => audit::begin as *const () as usize,
                    Symbol::AuditEnd => audit::end as *const () as usize,
                    Symbol::AuditReturned => audit::returned as *const () as usize,
                    Symbol::AuditRaised => audit::raised as *const () as usize,
                    Symbol::MatchArguments => matching::match_arguments as *const () as usize,
                    Symbol::ToForeign => foreign::to_foreign as *const () as usize,
                    Symbol::FromForeign => foreign::from_foreign as *const () as usize,
                    Symbol::Hits => HITS.as_ptr() as usize,
                    Symbol::CountFallback => fallback::count_fallback as *const () as usize,
                    Symbol::CallWithTuple => matching::call_with_tuple as *const () as usize,
                }
            };
            NonZeroUsize::new(address).expect("functions, statics and live objects have addresses")
        })
    }
}

/// The address of one of CPython's functions; 0 for one that is not declared.
fn function(name: &str) -> usize {
    address_of(name).map_or(0, NonZeroUsize::get)
}
