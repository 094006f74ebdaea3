//! Finds the `PyMethodDef` of a callable object.

use pyo3_ffi::{
    METH_STATIC, PyCFunction_Check, PyClassMethodDescr_Type, PyMethodDescr_Type, PyObject, PyObject_TypeCheck,
    PyStaticMethod_Type, PyTypeObject,
};
use std::ffi::c_void;

use crate::cpython::object::{D_METHOD, D_TYPE, M_ML, M_SELF, ML_FLAGS, SM_CALLABLE};

/// The `PyMethodDef` of a callable, and the object that the callable is bound to. All pointers are borrowed from the
/// callable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The `PyMethodDef`.
    pub def: *const c_void,
    /// The object that the callable is bound to.
    pub receiver: Receiver,
    /// The built-in function or descriptor itself: the function in a `staticmethod` object, otherwise the given object.
    pub callable: *mut PyObject,
}

/// The object to which the callable of a [`Definition`] is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// A built-in function: of a module, or a bound, class or static method.
    Function {
        /// The `self` of its C function; null for a static method.
        m_self: *mut PyObject,
    },
    /// A method descriptor: the receiver is its first argument.
    Method {
        /// The type whose instances it takes.
        d_type: *mut PyTypeObject,
    },
    /// A class-method descriptor: the receiver is a class.
    ClassMethod {
        /// The type whose subclasses it takes.
        d_type: *mut PyTypeObject,
    },
}

/// Finds the `PyMethodDef` of a built-in function, a bound method of a built-in type, a method or class-method
/// descriptor, or a `staticmethod` object that wraps a built-in function. `None` for everything else.
///
/// # Safety
/// `callable` is a live object, and the GIL is held.
pub unsafe fn definition(callable: *mut PyObject) -> Option<Definition> {
    // SAFETY: the object is live (the caller), as are the static types. Each offset is read from an object whose type
    // was checked just before; subclasses keep the layout. The function in a `staticmethod` is live as long as that is,
    // and null only before its `__init__`.
    unsafe {
        if PyObject_TypeCheck(callable, &raw mut PyStaticMethod_Type) != 0 {
            let wrapped: *mut PyObject = field(callable, SM_CALLABLE);
            return if wrapped.is_null() { None } else { direct(wrapped) };
        }
        direct(callable)
    }
}

/// # Safety
/// As for [`definition`].
unsafe fn direct(callable: *mut PyObject) -> Option<Definition> {
    // SAFETY: as in `definition`.
    unsafe {
        if PyCFunction_Check(callable) != 0 {
            let def: *const c_void = field(callable, M_ML);
            let flags = def.byte_add(ML_FLAGS).cast::<i32>().read();
            // CPython passes null to a static method, although the function remembers its type (PyCFunction_GET_SELF).
            let m_self = if flags & METH_STATIC != 0 { std::ptr::null_mut() } else { field(callable, M_SELF) };
            return Some(Definition { def, receiver: Receiver::Function { m_self }, callable });
        }
        let (is_method, is_class_method) = (
            PyObject_TypeCheck(callable, &raw mut PyMethodDescr_Type) != 0,
            PyObject_TypeCheck(callable, &raw mut PyClassMethodDescr_Type) != 0,
        );
        if !is_method && !is_class_method {
            return None;
        }
        let (def, d_type) = (field(callable, D_METHOD), field(callable, D_TYPE));
        let receiver = if is_method { Receiver::Method { d_type } } else { Receiver::ClassMethod { d_type } };
        Some(Definition { def, receiver, callable })
    }
}

/// # Safety
/// The object has a pointer at this offset.
unsafe fn field<T>(object: *mut PyObject, offset: usize) -> *mut T {
    // SAFETY: the caller knows the object's layout.
    unsafe { object.byte_add(offset).cast::<*mut T>().read() }
}
