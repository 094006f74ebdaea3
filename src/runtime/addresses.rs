//! The addresses in the running interpreter that compiled code uses.

use std::ffi::{CStr, c_char, c_int};
use std::num::NonZeroUsize;

use pyo3_ffi as ffi;

use super::body::exit;
use super::body::{Unit, Version, operation, recheck};
use super::stub::audit::{self, Record};
use super::stub::context::{self, Context};
use super::stub::counters::HITS;
use super::stub::foreign::{self, Foreign};
use super::stub::matching::{self, Parameters};
use super::stub::parser::{self, ArgumentReader};
use super::stub::{fallback, utf8};
use crate::cpython::{Layout, functions};
use crate::embed::Python;
use crate::lower::{AddressTable, Promises, Symbol, symbols};

type Object = *mut ffi::PyObject;

/// The same text as in CPython's Objects/methodobject.c and descrobject.c.
const RECURSION_PLACE: &CStr = c" while calling a Python object";

/// The address of a row of the table. Data has an address only in a running interpreter; for data, this gives the first
/// argument.
macro_rules! address_of {
    ($data:expr, data($name:literal)) => {
        $data
    };
    ($data:expr, cpython($function:ident)) => {
        functions::table::$function.address as usize
    };
    // If the function is not as the table says, this does not compile.
    ($data:expr, runtime($name:literal, $abi:literal fn $($part:ident)::+($($parameter:ty),*) $(-> $result:ty)?)) => {{
        let function: unsafe extern $abi fn($($parameter),*) $(-> $result)? = $($part)::+;
        function as *const () as usize
    }};
}

macro_rules! define_addresses {
    (
        stubs { $($of_stubs:ident: $stub_kind:ident $stub_row:tt,)* }
        bodies { $($of_bodies:ident: $body_kind:ident $body_row:tt,)* }
    ) => {
        /// The address of a symbol in the running interpreter, whose array of small ints begins with `small_ints`.
        fn address(symbol: Symbol, small_ints: usize) -> usize {
            match symbol {
                $(Symbol::$of_stubs => address_of!(data(symbol, small_ints), $stub_kind $stub_row),)*
                $(Symbol::$of_bodies => address_of!(data(symbol, small_ints), $body_kind $body_row),)*
            }
        }
    };
}

symbols!(define_addresses);

/// The address of a symbol that is not a function.
fn data(symbol: Symbol, small_ints: usize) -> usize {
    // SAFETY: the thread is attached, as the only caller promises; the statics are CPython's own.
    unsafe {
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
            Symbol::SmallInts => small_ints,
            Symbol::ModuleType => &raw const ffi::PyModule_Type as usize,
            Symbol::InterpreterState => ffi::PyInterpreterState_Get() as usize,
            Symbol::RecursionPlace => RECURSION_PLACE.as_ptr() as usize,
            Symbol::Hits => HITS.as_ptr() as usize,
            function => unreachable!("{function:?} is a function"),
        }
    }
}

fn non_zero(address: usize) -> NonZeroUsize {
    NonZeroUsize::new(address).expect("functions, statics and live objects have addresses")
}

impl AddressTable {
    /// The addresses of the running interpreter, whose array of small ints has the place that `layout` says.
    pub fn of_running(_: &Python, layout: &Layout) -> Self {
        // SAFETY: the thread is attached; a small int is never deallocated, so its address outlives the reference that
        // is given up.
        let small_ints = unsafe {
            let first = ffi::PyLong_FromLongLong(layout.int.small_min);
            ffi::Py_DECREF(first);
            first as usize
        };
        Self::new(|symbol| non_zero(address(symbol, small_ints)))
    }
}
