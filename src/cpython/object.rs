//! Offsets in CPython's own structs that the readers need. All of them are the same in CPython 3.11 to 3.15, 64-bit,
//! with a GIL.

use super::memory::Plain;

/// `PyMethodDef` (`Include/methodobject.h`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct MethodDef {
    pub name: usize,
    pub meth: usize,
    pub flags: i32,
    /// C's padding, made explicit.
    pub padding: u32,
    pub doc: usize,
}

/// Bytes of a `PyMethodDef`.
pub(crate) const METHOD_DEF_SIZE: usize = 32;
/// Offset of `PyMethodDef.ml_flags`.
pub(crate) const ML_FLAGS: usize = 16;
/// Offset of `PyTypeObject.tp_name` (`Include/cpython/object.h`).
pub(crate) const TP_NAME: usize = 24;
/// Offset of `PyTypeObject.tp_flags`.
pub(crate) const TP_FLAGS: usize = 168;
/// The bit of `tp_flags` that says that the type was made at run time (`Py_TPFLAGS_HEAPTYPE`).
pub(crate) const HEAP_TYPE: u64 = 1 << 9;
/// Offset of `PyCFunctionObject.m_ml` (`Include/cpython/methodobject.h`).
pub(crate) const M_ML: usize = 16;
/// Offset of `PyCFunctionObject.m_self`.
pub(crate) const M_SELF: usize = 24;
/// Offset of `PyDescrObject.d_type` (`Include/cpython/descrobject.h`).
pub(crate) const D_TYPE: usize = 16;
/// Offset of `PyMethodDescrObject.d_method`.
pub(crate) const D_METHOD: usize = 40;
/// Offset of `staticmethod.sm_callable` (`Objects/funcobject.c`).
pub(crate) const SM_CALLABLE: usize = 16;

const _: () = assert!(size_of::<MethodDef>() == METHOD_DEF_SIZE);

// SAFETY: integers only, and their sizes add up to the size asserted above: no padding.
unsafe impl Plain for MethodDef {}
