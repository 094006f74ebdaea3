//! The addresses of the functions that operations call.

use std::num::NonZeroUsize;

use pyo3_ffi as ffi;

use super::{assumption, exit, operation};
use crate::lower::body::RuntimeFunction;

// Declared here because pyo3-ffi has some of them as Rust functions, which have no C address, and says that none unwinds.
#[allow(clashing_extern_declarations, reason = "for most only the addresses are wanted")]
unsafe extern "C-unwind" {
    fn PyNumber_Add();
    fn PyNumber_And();
    fn PyNumber_FloorDivide();
    fn PyNumber_Lshift();
    fn PyNumber_MatrixMultiply();
    fn PyNumber_Multiply();
    fn PyNumber_Remainder();
    fn PyNumber_Or();
    fn PyNumber_Power();
    fn PyNumber_Rshift();
    fn PyNumber_Subtract();
    fn PyNumber_TrueDivide();
    fn PyNumber_Xor();
    fn PyNumber_InPlaceAdd();
    fn PyNumber_InPlaceAnd();
    fn PyNumber_InPlaceFloorDivide();
    fn PyNumber_InPlaceLshift();
    fn PyNumber_InPlaceMatrixMultiply();
    fn PyNumber_InPlaceMultiply();
    fn PyNumber_InPlaceRemainder();
    fn PyNumber_InPlaceOr();
    fn PyNumber_InPlacePower();
    fn PyNumber_InPlaceRshift();
    fn PyNumber_InPlaceSubtract();
    fn PyNumber_InPlaceTrueDivide();
    fn PyNumber_InPlaceXor();
    fn PyNumber_Negative();
    fn PyNumber_Positive();
    fn PyNumber_Invert();
    fn PyObject_RichCompare();
    fn PyObject_IsTrue();
    fn PySequence_Contains();
    fn PyObject_GetItem();
    fn PyObject_SetItem();
    fn PyObject_DelItem();
    fn PyObject_GetAttr();
    fn PyObject_SetAttr();
    fn PySlice_New();
    fn PyObject_Str();
    fn PyObject_Repr();
    fn PyObject_ASCII();
    fn PyObject_GetIter();
    fn PyList_Append();
    fn PySet_Add();
    fn PyDict_SetItem();
    fn PyCell_New();
    fn PyCell_Set();
    fn PyList_AsTuple();
    /// `format(value, specification)`
    pub(super) fn PyObject_Format(value: *mut ffi::PyObject, specification: *mut ffi::PyObject) -> *mut ffi::PyObject;
    /// `next(iterator)`
    pub(super) fn PyIter_Next(iterator: *mut ffi::PyObject) -> *mut ffi::PyObject;
}

/// The address of a function.
pub fn address(function: RuntimeFunction) -> NonZeroUsize {
    let address = match function {
        RuntimeFunction::Add => PyNumber_Add as *const () as usize,
        RuntimeFunction::And => PyNumber_And as *const () as usize,
        RuntimeFunction::FloorDivide => PyNumber_FloorDivide as *const () as usize,
        RuntimeFunction::LeftShift => PyNumber_Lshift as *const () as usize,
        RuntimeFunction::MatrixMultiply => PyNumber_MatrixMultiply as *const () as usize,
        RuntimeFunction::Multiply => PyNumber_Multiply as *const () as usize,
        RuntimeFunction::Remainder => PyNumber_Remainder as *const () as usize,
        RuntimeFunction::Or => PyNumber_Or as *const () as usize,
        RuntimeFunction::Power => PyNumber_Power as *const () as usize,
        RuntimeFunction::RightShift => PyNumber_Rshift as *const () as usize,
        RuntimeFunction::Subtract => PyNumber_Subtract as *const () as usize,
        RuntimeFunction::TrueDivide => PyNumber_TrueDivide as *const () as usize,
        RuntimeFunction::Xor => PyNumber_Xor as *const () as usize,
        RuntimeFunction::InPlaceAdd => PyNumber_InPlaceAdd as *const () as usize,
        RuntimeFunction::InPlaceAnd => PyNumber_InPlaceAnd as *const () as usize,
        RuntimeFunction::InPlaceFloorDivide => PyNumber_InPlaceFloorDivide as *const () as usize,
        RuntimeFunction::InPlaceLeftShift => PyNumber_InPlaceLshift as *const () as usize,
        RuntimeFunction::InPlaceMatrixMultiply => PyNumber_InPlaceMatrixMultiply as *const () as usize,
        RuntimeFunction::InPlaceMultiply => PyNumber_InPlaceMultiply as *const () as usize,
        RuntimeFunction::InPlaceRemainder => PyNumber_InPlaceRemainder as *const () as usize,
        RuntimeFunction::InPlaceOr => PyNumber_InPlaceOr as *const () as usize,
        RuntimeFunction::InPlacePower => PyNumber_InPlacePower as *const () as usize,
        RuntimeFunction::InPlaceRightShift => PyNumber_InPlaceRshift as *const () as usize,
        RuntimeFunction::InPlaceSubtract => PyNumber_InPlaceSubtract as *const () as usize,
        RuntimeFunction::InPlaceTrueDivide => PyNumber_InPlaceTrueDivide as *const () as usize,
        RuntimeFunction::InPlaceXor => PyNumber_InPlaceXor as *const () as usize,
        RuntimeFunction::Negative => PyNumber_Negative as *const () as usize,
        RuntimeFunction::Positive => PyNumber_Positive as *const () as usize,
        RuntimeFunction::Invert => PyNumber_Invert as *const () as usize,
        RuntimeFunction::RichCompare => PyObject_RichCompare as *const () as usize,
        RuntimeFunction::IsTrue => PyObject_IsTrue as *const () as usize,
        RuntimeFunction::Contains => PySequence_Contains as *const () as usize,
        RuntimeFunction::GetItem => PyObject_GetItem as *const () as usize,
        RuntimeFunction::SetItem => PyObject_SetItem as *const () as usize,
        RuntimeFunction::DelItem => PyObject_DelItem as *const () as usize,
        RuntimeFunction::GetAttr => PyObject_GetAttr as *const () as usize,
        RuntimeFunction::SetAttr => PyObject_SetAttr as *const () as usize,
        RuntimeFunction::NewSlice => PySlice_New as *const () as usize,
        RuntimeFunction::Str => PyObject_Str as *const () as usize,
        RuntimeFunction::Repr => PyObject_Repr as *const () as usize,
        RuntimeFunction::Ascii => PyObject_ASCII as *const () as usize,
        RuntimeFunction::Format => PyObject_Format as *const () as usize,
        RuntimeFunction::GetIter => PyObject_GetIter as *const () as usize,
        RuntimeFunction::ListAppend => PyList_Append as *const () as usize,
        RuntimeFunction::SetAdd => PySet_Add as *const () as usize,
        RuntimeFunction::DictSetItem => PyDict_SetItem as *const () as usize,
        RuntimeFunction::NewCell => PyCell_New as *const () as usize,
        RuntimeFunction::StoreCell => PyCell_Set as *const () as usize,
        RuntimeFunction::LoadMethod => operation::load_method as *const () as usize,
        RuntimeFunction::LoadGlobal => operation::load_global as *const () as usize,
        RuntimeFunction::LoadClosureCell => operation::load_closure_cell as *const () as usize,
        RuntimeFunction::LoadCell => operation::load_cell as *const () as usize,
        RuntimeFunction::ListToTuple => PyList_AsTuple as *const () as usize,
        RuntimeFunction::FormatSimple => operation::format_simple as *const () as usize,
        RuntimeFunction::TupleItem => operation::tuple_item as *const () as usize,
        RuntimeFunction::IterNext => operation::iter_next as *const () as usize,
        RuntimeFunction::Catch => operation::catch as *const () as usize,
        RuntimeFunction::FloatFloorDivide => operation::float_floor_divide as *const () as usize,
        RuntimeFunction::FloatRemainder => operation::float_remainder as *const () as usize,
        RuntimeFunction::BuildTuple => operation::build_tuple as *const () as usize,
        RuntimeFunction::BuildList => operation::build_list as *const () as usize,
        RuntimeFunction::Perform => operation::perform as *const () as usize,
        RuntimeFunction::Holds => assumption::assumption_holds as *const () as usize,
        RuntimeFunction::DictHolds => assumption::dict_holds as *const () as usize,
        RuntimeFunction::Leave => exit::leave as *const () as usize,
        RuntimeFunction::GoOn => exit::go_on as *const () as usize,
        RuntimeFunction::AddTraceback => exit::add_traceback as *const () as usize,
    };
    NonZeroUsize::new(address).expect("functions have addresses")
}
