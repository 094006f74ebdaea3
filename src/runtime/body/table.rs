//! The addresses of the functions that operations call.

use std::num::NonZeroUsize;

use pyo3_ffi as ffi;

use super::{assumption, exit, operation, step};
use crate::lower::body::RuntimeFunction;

#[allow(clashing_extern_declarations, reason = "pyo3-ffi says that nothing unwinds")]
unsafe extern "C-unwind" {
    /// `format(value, specification)`
    pub(super) fn PyObject_Format(value: *mut ffi::PyObject, specification: *mut ffi::PyObject) -> *mut ffi::PyObject;
    /// `next(iterator)`
    pub(super) fn PyIter_Next(iterator: *mut ffi::PyObject) -> *mut ffi::PyObject;
}

macro_rules! addresses {
    (cpython { $($variant:ident $name:ident)* } here { $($own:ident $path:path;)* }) => {
        // Declared here because pyo3-ffi has some of them as Rust functions, which have no C address.
        #[allow(clashing_extern_declarations, reason = "only the addresses are wanted")]
        unsafe extern "C-unwind" {
            $(fn $name();)*
        }

        /// The address of a function.
        pub fn address(function: RuntimeFunction) -> NonZeroUsize {
            let address = match function {
                $(RuntimeFunction::$variant => $name as *const () as usize,)*
                $(RuntimeFunction::$own => $path as *const () as usize,)*
            };
            NonZeroUsize::new(address).expect("functions have addresses")
        }
    };
}

addresses! {
    cpython {
        Add PyNumber_Add
        And PyNumber_And
        FloorDivide PyNumber_FloorDivide
        LeftShift PyNumber_Lshift
        MatrixMultiply PyNumber_MatrixMultiply
        Multiply PyNumber_Multiply
        Remainder PyNumber_Remainder
        Or PyNumber_Or
        Power PyNumber_Power
        RightShift PyNumber_Rshift
        Subtract PyNumber_Subtract
        TrueDivide PyNumber_TrueDivide
        Xor PyNumber_Xor
        InPlaceAdd PyNumber_InPlaceAdd
        InPlaceAnd PyNumber_InPlaceAnd
        InPlaceFloorDivide PyNumber_InPlaceFloorDivide
        InPlaceLeftShift PyNumber_InPlaceLshift
        InPlaceMatrixMultiply PyNumber_InPlaceMatrixMultiply
        InPlaceMultiply PyNumber_InPlaceMultiply
        InPlaceRemainder PyNumber_InPlaceRemainder
        InPlaceOr PyNumber_InPlaceOr
        InPlacePower PyNumber_InPlacePower
        InPlaceRightShift PyNumber_InPlaceRshift
        InPlaceSubtract PyNumber_InPlaceSubtract
        InPlaceTrueDivide PyNumber_InPlaceTrueDivide
        InPlaceXor PyNumber_InPlaceXor
        Negative PyNumber_Negative
        Positive PyNumber_Positive
        Invert PyNumber_Invert
        RichCompare PyObject_RichCompare
        IsTrue PyObject_IsTrue
        Contains PySequence_Contains
        GetItem PyObject_GetItem
        SetItem PyObject_SetItem
        DelItem PyObject_DelItem
        GetAttr PyObject_GetAttr
        SetAttr PyObject_SetAttr
        NewSlice PySlice_New
        Str PyObject_Str
        Repr PyObject_Repr
        Ascii PyObject_ASCII
        GetIter PyObject_GetIter
        ListAppend PyList_Append
        SetAdd PySet_Add
        DictSetItem PyDict_SetItem
        NewCell PyCell_New
        StoreCell PyCell_Set
        ListToTuple PyList_AsTuple
    }
    here {
        Format PyObject_Format;
        LoadMethod operation::load_method;
        LoadGlobal operation::load_global;
        LoadClosureCell operation::load_closure_cell;
        LoadCell operation::load_cell;
        FormatSimple operation::format_simple;
        TupleItem operation::tuple_item;
        IterNext operation::iter_next;
        FloatFloorDivide operation::float_floor_divide;
        FloatRemainder operation::float_remainder;
        BuildTuple operation::build_tuple;
        BuildList operation::build_list;
        Perform step::perform;
        Holds assumption::assumption_holds;
        DictHolds assumption::dict_holds;
        Leave exit::leave;
        GoOn exit::go_on;
        LeaveRaised exit::leave_raised;
        GoOnRaised exit::go_on_raised;
        AddTraceback exit::add_traceback;
    }
}
