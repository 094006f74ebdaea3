//! Where the readers look in CPython's own structs: all of it equal in CPython 3.11 to 3.15, 64-bit, with a GIL.

use super::memory::Plain;

/// `PyMethodDef` (`Include/methodobject.h`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct MethodDef {
    pub name: usize,
    pub meth: usize,
    pub flags: i32,
    /// C's padding, made explicit.
    pub padding: u32,
    pub doc: usize,
}

/// Bytes of a `PyMethodDef`.
pub(super) const METHOD_DEF_SIZE: usize = 32;
/// Offset of `PyMethodDef.ml_flags`.
pub(super) const ML_FLAGS: usize = 16;
/// Offset of `PyTypeObject.tp_name` (`Include/cpython/object.h`).
pub(super) const TP_NAME: usize = 24;
/// Offset of `PyTypeObject.tp_flags`.
pub(super) const TP_FLAGS: usize = 168;
/// The bit of `tp_flags` that says that the type was made at run time (`Py_TPFLAGS_HEAPTYPE`).
pub(super) const HEAP_TYPE: u64 = 1 << 9;
/// Offset of `PyCFunctionObject.m_ml` (`Include/cpython/methodobject.h`).
pub(super) const M_ML: usize = 16;
/// Offset of `PyCFunctionObject.m_self`.
pub(super) const M_SELF: usize = 24;
/// Offset of `PyDescrObject.d_type` (`Include/cpython/descrobject.h`).
pub(super) const D_TYPE: usize = 16;
/// Offset of `PyMethodDescrObject.d_method`.
pub(super) const D_METHOD: usize = 40;
/// Offset of `staticmethod.sm_callable` (`Objects/funcobject.c`).
pub(super) const SM_CALLABLE: usize = 16;

const _: () = assert!(size_of::<MethodDef>() == METHOD_DEF_SIZE);

// SAFETY: integers only, and their sizes add up to the size asserted above: no padding.
unsafe impl Plain for MethodDef {}
