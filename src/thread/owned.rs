//! References that are owned while the thread is attached.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::{Raised, Result};
use crate::cpython::{DeathOrder, functions as api};
use crate::embed::{Object, Python};

/// Gives up operands, in the order in which they were on the stack, in CPython's order. `of_operator` is the parameter
/// of [`DeathOrder::last_first`].
#[inline]
pub fn give_up<const N: usize>(operands: [Owned; N], of_operator: bool) {
    if DeathOrder::CURRENT.last_first(of_operator) {
        operands.into_iter().rev().for_each(drop);
    } else {
        operands.into_iter().for_each(drop);
    }
}

/// An owned reference, like [`Object`], but for code that runs with the thread attached: giving it up needs no check.
///
/// Slots of the stack are `Option<Owned>`; for C these are pointers that may be null.
#[derive(Debug)]
#[repr(transparent)]
pub struct Owned(NonNull<ffi::PyObject>);

impl Owned {
    /// Takes over a reference; null stands for an exception.
    ///
    /// # Safety
    /// The thread is attached for as long as the result lives; `object` is null with an exception set, or a reference
    /// that the caller owns.
    #[inline]
    pub unsafe fn new(object: *mut ffi::PyObject) -> Result<Self> {
        NonNull::new(object).map(Self).ok_or(Raised)
    }

    /// Takes over a reference, if there is one.
    ///
    /// # Safety
    /// The conditions of [`Owned::new`], without the exception.
    #[inline]
    pub unsafe fn maybe(object: *mut ffi::PyObject) -> Option<Self> {
        NonNull::new(object).map(Self)
    }

    /// A new reference to an object that something else keeps alive.
    ///
    /// # Safety
    /// The thread is attached for as long as the result lives; the object is alive.
    #[inline]
    pub unsafe fn borrowed(object: *mut ffi::PyObject) -> Self {
        // SAFETY: the caller promises a live object.
        unsafe {
            ffi::Py_INCREF(object);
            Self(NonNull::new_unchecked(object))
        }
    }

    /// A new reference to an embedder's object.
    pub fn of(_: &Python, object: &Object) -> Self {
        // SAFETY: the thread is attached, and the object alive.
        unsafe { Self::borrowed(object.as_ptr()) }
    }

    /// `None`.
    pub fn none(_: &Python) -> Self {
        // SAFETY: the thread is attached, and None lives for ever.
        unsafe { Self::borrowed(ffi::Py_None()) }
    }

    /// `True` or `False`.
    pub fn bool(_: &Python, value: bool) -> Self {
        // SAFETY: the thread is attached, and both live for ever.
        unsafe { Self::borrowed(if value { ffi::Py_True() } else { ffi::Py_False() }) }
    }

    /// A `str`.
    pub fn text(_: &Python, text: &str) -> Result<Self> {
        // SAFETY: the thread is attached; the bytes are copied.
        unsafe { Self::new(ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as ffi::Py_ssize_t)) }
    }

    /// A second reference.
    #[inline]
    pub fn again(&self) -> Self {
        // SAFETY: `self` keeps the object alive.
        unsafe { Self::borrowed(self.as_ptr()) }
    }

    /// The object, borrowed.
    #[inline]
    pub fn as_ptr(&self) -> *mut ffi::PyObject {
        self.0.as_ptr()
    }

    /// The object, with its reference.
    #[inline]
    pub fn into_ptr(self) -> *mut ffi::PyObject {
        std::mem::ManuallyDrop::new(self).0.as_ptr()
    }

    /// Whether it is `None`.
    pub fn is_none(&self) -> bool {
        // SAFETY: the address of a static.
        self.as_ptr() == unsafe { ffi::Py_None() }
    }

    /// The text of a `str`.
    pub fn to_text(&self) -> Result<String> {
        let mut length = 0;
        // SAFETY: the object is alive, and its text with it; an object that is not a `str` raises.
        unsafe {
            let text = ffi::PyUnicode_AsUTF8AndSize(self.as_ptr(), &mut length);
            if text.is_null() {
                return Err(Raised);
            }
            let bytes = std::slice::from_raw_parts(text.cast::<u8>(), length as usize);
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }

    /// Its type, borrowed.
    pub fn class(&self) -> *mut ffi::PyTypeObject {
        // SAFETY: the object is alive.
        unsafe { ffi::Py_TYPE(self.as_ptr()) }
    }

    /// The result of a call without arguments.
    pub fn call(&self) -> Result<Self> {
        let none = std::ptr::null_mut();
        // SAFETY: the thread is attached for as long as `self` lives, and the callable alive.
        unsafe { Self::new(api::PyObject_Vectorcall(self.as_ptr(), std::ptr::null(), 0, none)) }
    }

    /// Converts it to an embedder's object.
    pub fn into_object(self, python: &Python) -> Object {
        Object::from_owned(python, std::mem::ManuallyDrop::new(self).0)
    }

    /// Converts an embedder's object.
    pub fn from_object(_: &Python, object: Object) -> Self {
        // SAFETY: an object that is owned is not null.
        Self(unsafe { NonNull::new_unchecked(object.into_ptr()) })
    }
}

impl Drop for Owned {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `self` owns a reference, and the code that made it promised that the thread is attached.
        unsafe { api::Py_DecRef(self.as_ptr()) };
    }
}

/// A borrowed reference.
#[derive(Debug)]
pub struct Borrowed<'a>(ManuallyDrop<Owned>, PhantomData<&'a ()>);

impl<'a> Borrowed<'a> {
    /// A borrowed reference to an embedder's object.
    pub fn of(_: &Python, object: &'a Object) -> Self {
        // SAFETY: the thread is attached, and the object alive for as long as it is borrowed.
        unsafe { Self::new(object.as_ptr()) }
    }

    /// An operand of compiled code.
    ///
    /// # Safety
    /// The thread is attached, and the object alive, for as long as the result lives.
    #[inline]
    pub unsafe fn new(object: *mut ffi::PyObject) -> Self {
        // SAFETY: live objects have addresses.
        Self(ManuallyDrop::new(Owned(unsafe { NonNull::new_unchecked(object) })), PhantomData)
    }

    /// The same, or nothing for null.
    ///
    /// # Safety
    /// Like [`Borrowed::new`], but accepts null.
    #[inline]
    pub unsafe fn maybe(object: *mut ffi::PyObject) -> Option<Self> {
        NonNull::new(object).map(|object| Self(ManuallyDrop::new(Owned(object)), PhantomData))
    }
}

impl Deref for Borrowed<'_> {
    type Target = Owned;

    #[inline]
    fn deref(&self) -> &Owned {
        &self.0
    }
}

/// `count` objects in an array.
///
/// # Safety
/// The thread is attached, and the objects alive, for as long as the result is used.
pub unsafe fn borrowed<'a>(objects: *const *mut ffi::PyObject, count: usize) -> &'a [Owned] {
    if count == 0 {
        return &[];
    }
    // SAFETY: the caller promises the objects; `Owned` is a pointer that is not null.
    unsafe { std::slice::from_raw_parts(objects.cast(), count) }
}

/// The pointer in a slot, or null.
pub fn pointer(slot: Option<&Owned>) -> *mut ffi::PyObject {
    slot.map_or(std::ptr::null_mut(), Owned::as_ptr)
}

/// Whether a C function that returns 0 succeeded.
#[inline]
pub fn succeeded(status: std::ffi::c_int) -> Result {
    if status < 0 { Err(Raised) } else { Ok(()) }
}

/// The truth value that a C function returned: negative with an exception set.
#[inline]
pub fn truth(status: std::ffi::c_int) -> Result<bool> {
    if status < 0 { Err(Raised) } else { Ok(status != 0) }
}
