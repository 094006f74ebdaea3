//! `raise`, and the questions of exception handlers.

use pyo3_ffi as ffi;

use super::spliced::spliced;
use crate::cpython::{Behaviour, functions as api};
use crate::embed::{Object, Python};
use crate::thread::owned::{Owned, truth};
use crate::thread::{Raised, Result, errors, handled};

/// `raise exception`, or `raise exception from cause`, as `do_raise` in `Python/ceval.c` does it.
pub fn raise(exception: &Owned, cause: Option<&Owned>) -> Raised {
    match prepared(exception, cause) {
        Ok(value) => {
            // SAFETY: the thread is attached, the value is an exception, and its class alive with it.
            unsafe { api::PyErr_SetObject(value.class().cast(), value.as_ptr()) };
            Raised
        }
        Err(raised) => raised,
    }
}

/// The exception to raise, with its cause.
fn prepared(exception: &Owned, cause: Option<&Owned>) -> Result<Owned> {
    let value = if is_exception_class(exception) {
        instantiate(exception)?
    } else if is_exception(exception) {
        exception.again()
    } else {
        return Err(errors::type_error(c"exceptions must derive from BaseException"));
    };
    let Some(cause) = cause else { return Ok(value) };
    let cause = if is_exception_class(cause) {
        let instance = cause.call()?;
        if Behaviour::CURRENT.checks_made_causes && !is_exception(&instance) {
            return Err(not_an_exception(cause, &instance));
        }
        Some(instance)
    } else if is_exception(cause) {
        Some(cause.again())
    } else if cause.is_none() {
        None
    } else {
        return Err(errors::type_error(c"exception causes must derive from BaseException"));
    };
    let cause = cause.map_or(std::ptr::null_mut(), Owned::into_ptr);
    // SAFETY: the value is an exception, and takes the reference.
    unsafe { ffi::PyException_SetCause(value.as_ptr(), cause) };
    Ok(value)
}

/// `raise` alone: makes the handled exception the current one again, with its traceback. The traceback gets no second
/// entry for the function.
///
/// # Errors
/// If no exception is handled, another one is set.
pub fn raise_handled(python: &Python) -> Result<Raised> {
    match handled::current(python) {
        Some(handled) => Ok(errors::restore(handled)),
        None => Err(errors::runtime_error(c"No active exception to reraise")),
    }
}

/// Whether `except class` catches an exception.
pub fn is_caught(exception: &Owned, class: &Owned) -> Result<bool> {
    check_class(class)?;
    // SAFETY: both objects are alive.
    truth(unsafe { api::PyErr_GivenExceptionMatches(exception.as_ptr(), class.as_ptr()) })
}

/// The two parts into which `except* class` splits an exception: the rest, and the part that it catches.
pub fn split_group(python: &Python, globals: &Object, exception: &Owned, class: &Owned) -> Result<(Owned, Owned)> {
    let pair = spliced(python, globals, "CHECK_EG_MATCH", [exception, class])?;
    // SAFETY: the spliced instruction makes a tuple of two; its items are borrowed.
    unsafe {
        let item = |index| Owned::borrowed(ffi::PyTuple_GET_ITEM(pair.as_ptr(), index));
        Ok((item(0), item(1)))
    }
}

/// Whether an exception is a group.
pub fn is_group(exception: &Owned) -> Result<bool> {
    // SAFETY: the objects are alive.
    truth(unsafe { api::PyObject_IsInstance(exception.as_ptr(), ffi::PyExc_BaseExceptionGroup) })
}

/// The exception to raise at the end of `except*`, or `None`.
pub fn of_group(python: &Python, globals: &Object, original: &Owned, raised: &Owned) -> Result<Owned> {
    // CPython does not check this.
    if !is_exception(original) || !is_list_of_raised(raised) {
        return Err(errors::system_error(c"what is raised at the end of `except*` is no exception"));
    }
    spliced(python, globals, "PREP_RERAISE_STAR", [original, raised])
}

/// Whether an object is an exception.
pub fn is_exception(object: &Owned) -> bool {
    // SAFETY: the object is alive.
    unsafe { ffi::PyExceptionInstance_Check(object.as_ptr()) != 0 }
}

/// Whether it is a list of exceptions and Nones.
fn is_list_of_raised(object: &Owned) -> bool {
    // SAFETY: the object is alive, and if it is a list, it keeps its items alive.
    unsafe {
        ffi::PyList_CheckExact(object.as_ptr()) != 0
            && (0..ffi::PyList_GET_SIZE(object.as_ptr())).all(|index| {
                let item = ffi::PyList_GET_ITEM(object.as_ptr(), index);
                item == ffi::Py_None() || ffi::PyExceptionInstance_Check(item) != 0
            })
    }
}

fn is_exception_class(object: &Owned) -> bool {
    // SAFETY: the object is alive.
    unsafe { ffi::PyExceptionClass_Check(object.as_ptr()) != 0 }
}

fn instantiate(class: &Owned) -> Result<Owned> {
    let value = class.call()?;
    if is_exception(&value) { Ok(value) } else { Err(not_an_exception(class, &value)) }
}

fn not_an_exception(class: &Owned, value: &Owned) -> Raised {
    let format = c"calling %R should have returned an instance of BaseException, not %R";
    // SAFETY: the thread is attached, and the objects of the two `%R` alive.
    unsafe { ffi::PyErr_Format(ffi::PyExc_TypeError, format.as_ptr(), class.as_ptr(), value.class()) };
    Raised
}

/// Whether `except` may name an object: an exception class or a tuple of them.
fn check_class(class: &Owned) -> Result {
    // SAFETY: the class is alive, and keeps its items alive.
    let valid = unsafe {
        if ffi::PyTuple_Check(class.as_ptr()) != 0 {
            (0..ffi::PyTuple_GET_SIZE(class.as_ptr()))
                .all(|index| ffi::PyExceptionClass_Check(ffi::PyTuple_GET_ITEM(class.as_ptr(), index)) != 0)
        } else {
            is_exception_class(class)
        }
    };
    match valid {
        true => Ok(()),
        false => Err(errors::type_error(c"catching classes that do not inherit from BaseException is not allowed")),
    }
}
