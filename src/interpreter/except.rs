//! Raising and handling.

use pyo3_ffi as ffi;

use super::activation::Activation;
use crate::cpython::functions as api;
use crate::embed::Python;
use crate::thread::owned::{Owned, succeeded, truth};
use crate::thread::{Raised, Result, errors, handled};

impl Activation<'_> {
    /// `exception -- previous exception`
    pub(super) fn push_exc_info(&mut self) -> Result {
        let exception = self.pop()?;
        if !is_exception(&exception) {
            return Err(errors::system_error(c"what is to be handled is no exception"));
        }
        let previous = handled::own(self.python).unwrap_or_else(|| Owned::none(self.python));
        handled::set(self.python, Some(&exception));
        self.push(previous);
        self.push(exception);
        Ok(())
    }

    /// `previous --`
    pub(super) fn pop_except(&mut self) -> Result {
        let previous = self.pop()?;
        if !previous.is_none() && !is_exception(&previous) {
            return Err(errors::system_error(c"what was handled before is no exception"));
        }
        handled::set(self.python, Some(&previous).filter(|previous| !previous.is_none()));
        Ok(())
    }

    /// As `do_raise` in `Python/ceval.c`.
    pub(super) fn raise(&mut self, operands: u32) -> Result<Raised> {
        if operands == 0 {
            let Some(handled) = handled::current(self.python) else {
                return Err(errors::runtime_error(c"No active exception to reraise"));
            };
            self.raised_again = true;
            return Ok(errors::restore(handled));
        }
        let cause = if operands > 1 { Some(self.pop()?) } else { None };
        let exception = self.pop()?;
        let value = if is_exception_class(&exception) {
            instantiate(self.python, &exception)?
        } else if is_exception(&exception) {
            exception
        } else {
            drop(exception);
            return Err(errors::type_error(c"exceptions must derive from BaseException"));
        };
        if let Some(cause) = cause {
            let cause = if is_exception_class(&cause) {
                let instance = cause.call()?;
                if cfg!(Py_3_14) && !is_exception(&instance) {
                    return Err(not_an_exception(&cause, &instance));
                }
                Some(instance)
            } else if is_exception(&cause) {
                Some(cause)
            } else if cause.is_none() {
                None
            } else {
                drop(cause);
                return Err(errors::type_error(c"exception causes must derive from BaseException"));
            };
            let cause = cause.map_or(std::ptr::null_mut(), Owned::into_ptr);
            // SAFETY: the value is an exception, and takes the reference.
            unsafe { ffi::PyException_SetCause(value.as_ptr(), cause) };
        }
        // SAFETY: the thread is attached, the value is an exception, and its class alive with it.
        unsafe { api::PyErr_SetObject(value.class().cast(), value.as_ptr()) };
        Ok(Raised)
    }

    /// `… exception --`
    pub(super) fn reraise(&mut self, depth: u32) -> Result<Raised> {
        let exception = self.pop()?;
        if depth > 0 {
            // SAFETY: the thread is attached; something else than an int raises, and is no offset.
            let offset = unsafe { ffi::PyLong_AsLong(self.peek(depth)?.as_ptr()) };
            match u32::try_from(offset) {
                Ok(offset) => self.offset = offset,
                Err(_) => return Err(errors::system_error(c"the offset of the instruction that raised is no int")),
            }
        }
        if !is_exception(&exception) {
            return Err(errors::system_error(c"what is raised again is no exception"));
        }
        self.raised_again = true;
        Ok(errors::restore(exception))
    }

    /// `exception class -- exception bool`
    pub(super) fn check_exc_match(&mut self) -> Result {
        let class = self.pop()?;
        check_class(&class)?;
        // SAFETY: both objects are alive.
        let matches = unsafe { api::PyErr_GivenExceptionMatches(self.peek(1)?.as_ptr(), class.as_ptr()) };
        drop(class);
        self.push_bool(truth(matches)?);
        Ok(())
    }

    /// `exception class -- rest match`
    pub(super) fn check_eg_match(&mut self) -> Result {
        let class = self.pop()?;
        let exception = self.pop()?;
        let is_group = self.is_group(&exception)?;
        let pair = self.spliced("CHECK_EG_MATCH", &[exception, class])?;
        // SAFETY: what is spliced in makes a tuple of two; its items are borrowed.
        let (rest, matched) = unsafe {
            let item = |index| Owned::borrowed(ffi::PyTuple_GET_ITEM(pair.as_ptr(), index));
            (item(0), item(1))
        };
        drop(pair);
        if !is_group && !matched.is_none() {
            self.own_traceback_of_group(&matched)?;
        }
        self.push(rest);
        self.push(matched);
        Ok(())
    }

    fn is_group(&self, exception: &Owned) -> Result<bool> {
        // SAFETY: the objects are alive.
        truth(unsafe { api::PyObject_IsInstance(exception.as_ptr(), ffi::PyExc_BaseExceptionGroup) })
    }

    /// A lone exception was wrapped in a group, and where CPython says where that happened, it is this function.
    fn own_traceback_of_group(&mut self, group: &Owned) -> Result {
        // SAFETY: the group is alive; the reference is handed over.
        if unsafe { Owned::maybe(ffi::PyException_GetTraceback(group.as_ptr())) }.is_none() {
            return Ok(());
        }
        let place = self.place();
        let entry = self.frame.shown().entry(self.python, &mut self.shown, place, None)?;
        // SAFETY: both are alive, and the entry is a traceback.
        succeeded(unsafe { api::PyException_SetTraceback(group.as_ptr(), entry.as_ptr()) })
    }

    /// `original list -- exception`
    pub(super) fn prep_reraise_star(&mut self) -> Result {
        let raised = self.pop()?;
        let original = self.pop()?;
        // CPython does not look.
        if !is_exception(&original) || !is_list_of_raised(&raised) {
            return Err(errors::system_error(c"what is raised at the end of `except*` is no exception"));
        }
        let exception = self.spliced("PREP_RERAISE_STAR", &[original, raised])?;
        self.push(exception);
        Ok(())
    }
}

/// Whether an object is an exception.
fn is_exception(object: &Owned) -> bool {
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

fn instantiate(_: &Python, class: &Owned) -> Result<Owned> {
    let value = class.call()?;
    if is_exception(&value) { Ok(value) } else { Err(not_an_exception(class, &value)) }
}

fn not_an_exception(class: &Owned, value: &Owned) -> Raised {
    let format = c"calling %R should have returned an instance of BaseException, not %R";
    // SAFETY: the thread is attached, and the objects of the two `%R` alive.
    unsafe { ffi::PyErr_Format(ffi::PyExc_TypeError, format.as_ptr(), class.as_ptr(), value.class()) };
    Raised
}

/// Whether `except` may name it: an exception class or a tuple of them.
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
