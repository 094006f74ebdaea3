//! Displays, subscripts, slices and text.

use pyo3_ffi as ffi;

use crate::bytecode::Conversion;

use super::activation::Activation;
use super::calls::is_not_iterable;
use crate::cpython::functions as api;
use crate::thread::owned::{Owned, give_up, pointer, succeeded};
use crate::thread::{Raised, Result, errors};

impl Activation<'_> {
    pub(super) fn build_tuple(&mut self, count: u32) -> Result {
        let start = self.top(count)?;
        // SAFETY: the thread is attached; the fresh tuple has room for the items, and takes their references.
        unsafe {
            let tuple = Owned::new(ffi::PyTuple_New(count as ffi::Py_ssize_t))?;
            for (index, item) in (0..).zip(self.stack.drain(start..).flatten()) {
                ffi::PyTuple_SET_ITEM(tuple.as_ptr(), index, item.into_ptr());
            }
            self.push(tuple);
        }
        Ok(())
    }

    pub(super) fn build_list(&mut self, count: u32) -> Result {
        let start = self.top(count)?;
        // SAFETY: as above.
        unsafe {
            let list = Owned::new(ffi::PyList_New(count as ffi::Py_ssize_t))?;
            for (index, item) in (0..).zip(self.stack.drain(start..).flatten()) {
                ffi::PyList_SET_ITEM(list.as_ptr(), index, item.into_ptr());
            }
            self.push(list);
        }
        Ok(())
    }

    pub(super) fn build_set(&mut self, count: u32) -> Result {
        let start = self.top(count)?;
        // SAFETY: the thread is attached, and the objects are alive.
        unsafe {
            let set = Owned::new(ffi::PySet_New(std::ptr::null_mut()))?;
            for item in self.stack[start..].iter().flatten() {
                succeeded(api::PySet_Add(set.as_ptr(), item.as_ptr()))?;
            }
            self.give_up(start);
            self.push(set);
        }
        Ok(())
    }

    /// `k₁ v₁ … kₙ vₙ -- dict`
    pub(super) fn build_map(&mut self, count: u32) -> Result {
        let start = self.top(count.saturating_mul(2))?;
        // SAFETY: as above.
        unsafe {
            let dict = Owned::new(ffi::PyDict_New())?;
            for pair in self.stack[start..].chunks_exact(2) {
                let [key, value] = [pointer(pair[0].as_ref()), pointer(pair[1].as_ref())];
                succeeded(api::PyDict_SetItem(dict.as_ptr(), key, value))?;
            }
            self.give_up(start);
            self.push(dict);
        }
        Ok(())
    }

    /// `v₁ … vₙ keys -- dict`
    pub(super) fn build_const_key_map(&mut self, count: u32) -> Result {
        let keys = self.pop()?;
        let start = self.top(count)?;
        // SAFETY: as above; the keys are a tuple of that size, as is checked, and live in it.
        unsafe {
            let is_tuple = ffi::PyTuple_CheckExact(keys.as_ptr()) != 0;
            if !is_tuple || ffi::PyTuple_GET_SIZE(keys.as_ptr()) != count as ffi::Py_ssize_t {
                return Err(errors::system_error(c"bad BUILD_CONST_KEY_MAP keys argument"));
            }
            let dict = Owned::new(ffi::PyDict_New())?;
            for (index, value) in (0..).zip(self.stack[start..].iter().flatten()) {
                let key = ffi::PyTuple_GET_ITEM(keys.as_ptr(), index);
                succeeded(api::PyDict_SetItem(dict.as_ptr(), key, value.as_ptr()))?;
            }
            self.give_up(start);
            self.push(dict);
        }
        Ok(())
    }

    /// Gives up the slots from an index on, the lowest first.
    fn give_up(&mut self, start: usize) {
        self.stack[start..].iter_mut().for_each(|slot| drop(slot.take()));
        self.stack.truncate(start);
    }

    /// `s₁ … sₙ -- str`
    pub(super) fn build_string(&mut self, count: u32) -> Result {
        self.build_tuple(count)?;
        let strings = self.pop()?;
        let empty = Owned::text(self.python, "")?;
        // SAFETY: the objects are alive.
        unsafe { self.push_new(api::PyUnicode_Join(empty.as_ptr(), strings.as_ptr())) }
    }

    pub(super) fn build_slice(&mut self, has_step: bool) -> Result {
        let step = if has_step { Some(self.pop()?) } else { None };
        let stop = self.pop()?;
        let start = self.pop()?;
        // SAFETY: the objects are alive; null is no step.
        unsafe { self.push_new(ffi::PySlice_New(start.as_ptr(), stop.as_ptr(), pointer(step.as_ref()))) }
    }

    pub(super) fn list_append(&mut self, depth: u32) -> Result {
        let value = self.pop()?;
        // SAFETY: the objects are alive; what is no list is a SystemError.
        succeeded(unsafe { ffi::PyList_Append(self.peek(depth)?.as_ptr(), value.as_ptr()) })
    }

    pub(super) fn list_extend(&mut self, depth: u32) -> Result {
        let iterable = self.pop()?;
        let list = self.peek(depth)?.as_ptr();
        // SAFETY: the objects are alive; the list is one, as is checked. Exceptions live for ever.
        unsafe {
            if ffi::PyList_Check(list) == 0 {
                return Err(errors::system_error(c"no list to extend"));
            }
            #[cfg(not(Py_3_13))]
            let result = Owned::new(api::_PyList_Extend(list, iterable.as_ptr())).map(drop);
            #[cfg(Py_3_13)]
            let result = succeeded(api::PyList_Extend(list, iterable.as_ptr()));
            result.map_err(|raised| match errors::current_is(ffi::PyExc_TypeError) && is_not_iterable(&iterable) {
                true => {
                    errors::clear();
                    errors::type_error_of(c"Value after * must be an iterable, not %.200s", &iterable)
                }
                false => raised,
            })
        }
    }

    pub(super) fn set_add(&mut self, depth: u32) -> Result {
        let value = self.pop()?;
        // SAFETY: the objects are alive; what is no set is a SystemError.
        succeeded(unsafe { api::PySet_Add(self.peek(depth)?.as_ptr(), value.as_ptr()) })
    }

    pub(super) fn set_update(&mut self, depth: u32) -> Result {
        let iterable = self.pop()?;
        // SAFETY: the objects are alive.
        unsafe {
            let word = self.code.words.update.as_ptr();
            let update = Owned::new(api::PyObject_GetAttr(self.peek(depth)?.as_ptr(), word))?;
            let arguments = [iterable.as_ptr()];
            let none = std::ptr::null_mut();
            Owned::new(api::PyObject_Vectorcall(update.as_ptr(), arguments.as_ptr(), 1, none)).map(drop)
        }
    }

    /// `dict … key value -- dict …`
    pub(super) fn map_add(&mut self, depth: u32) -> Result {
        let value = self.pop()?;
        let key = self.pop()?;
        // SAFETY: the objects are alive; what is no dict is a SystemError.
        succeeded(unsafe { api::PyDict_SetItem(self.peek(depth)?.as_ptr(), key.as_ptr(), value.as_ptr()) })
    }

    pub(super) fn dict_update(&mut self, depth: u32) -> Result {
        let mapping = self.pop()?;
        // SAFETY: the objects are alive; what is no dict is a SystemError. Exceptions live for ever.
        unsafe {
            let updated = succeeded(api::PyDict_Update(self.peek(depth)?.as_ptr(), mapping.as_ptr()));
            updated.map_err(|raised| match errors::current_is(ffi::PyExc_AttributeError) {
                true => errors::type_error_of(c"'%.200s' object is not a mapping", &mapping),
                false => raised,
            })
        }
    }

    pub(super) fn list_to_tuple(&mut self) -> Result {
        let list = self.pop()?;
        // SAFETY: the object is alive; what is no list is a SystemError.
        unsafe { self.push_new(ffi::PyList_AsTuple(list.as_ptr())) }
    }

    /// `container key -- value`
    pub(super) fn load_subscr(&mut self) -> Result {
        let key = self.pop()?;
        let container = self.pop()?;
        // SAFETY: the objects are alive.
        let result = unsafe { api::PyObject_GetItem(container.as_ptr(), key.as_ptr()) };
        give_up([container, key], true);
        // SAFETY: what the call returned.
        unsafe { self.push_new(result) }
    }

    /// `value container key --`
    pub(super) fn store_subscr(&mut self) -> Result {
        let key = self.pop()?;
        let container = self.pop()?;
        let value = self.pop()?;
        // SAFETY: the objects are alive.
        let status = unsafe { api::PyObject_SetItem(container.as_ptr(), key.as_ptr(), value.as_ptr()) };
        give_up([value, container, key], false);
        succeeded(status)
    }

    /// `container key --`
    pub(super) fn delete_subscr(&mut self) -> Result {
        let key = self.pop()?;
        let container = self.pop()?;
        // SAFETY: the objects are alive.
        let status = unsafe { api::PyObject_DelItem(container.as_ptr(), key.as_ptr()) };
        give_up([container, key], false);
        succeeded(status)
    }

    /// `value -- str`
    pub(super) fn format_simple(&mut self) -> Result {
        // SAFETY: the object is alive.
        if unsafe { ffi::PyUnicode_CheckExact(self.peek(1)?.as_ptr()) } != 0 {
            return Ok(());
        }
        let value = self.pop()?;
        // SAFETY: the object is alive; null is no specification.
        unsafe { self.push_new(api::PyObject_Format(value.as_ptr(), std::ptr::null_mut())) }
    }

    /// `value spec -- str`
    pub(super) fn format_with_spec(&mut self) -> Result {
        let specification = self.pop()?;
        let value = self.pop()?;
        // SAFETY: the objects are alive.
        unsafe { self.push_new(api::PyObject_Format(value.as_ptr(), specification.as_ptr())) }
    }

    pub(super) fn convert(&mut self, conversion: Conversion) -> Result {
        let value = self.pop()?;
        // SAFETY: the object is alive.
        unsafe {
            self.push_new(match conversion {
                Conversion::Str => api::PyObject_Str(value.as_ptr()),
                Conversion::Repr => api::PyObject_Repr(value.as_ptr()),
                Conversion::Ascii => api::PyObject_ASCII(value.as_ptr()),
            })
        }
    }

    /// `strings interpolations -- template`
    pub(super) fn build_template(&mut self) -> Result {
        let interpolations = self.pop()?;
        let strings = self.pop()?;
        // SAFETY: the objects are alive. CPython itself does not look.
        if [&strings, &interpolations].iter().any(|part| unsafe { ffi::PyTuple_CheckExact(part.as_ptr()) } == 0) {
            return Err(errors::system_error(c"a template is made of two tuples"));
        }
        let template = self.spliced("BUILD_TEMPLATE", &[strings, interpolations])?;
        self.push(template);
        Ok(())
    }

    /// `value expression -- interpolation`, or with a format specification on top.
    pub(super) fn build_interpolation(&mut self, conversion: Option<Conversion>, has_format: bool) -> Result {
        let format = if has_format { self.pop()? } else { Owned::text(self.python, "")? };
        let expression = self.pop()?;
        let value = self.pop()?;
        let conversion = match conversion {
            None => Owned::none(self.python),
            Some(Conversion::Str) => Owned::text(self.python, "s")?,
            Some(Conversion::Repr) => Owned::text(self.python, "r")?,
            Some(Conversion::Ascii) => Owned::text(self.python, "a")?,
        };
        let module = self.python.import("string.templatelib");
        let class = module
            .and_then(|module| module.attr(self.python, "Interpolation"))
            .map_err(|_| errors::system_error(c"this Python has no template strings"))?;
        let arguments = [&value, &expression, &conversion, &format].map(Owned::as_ptr);
        let none = std::ptr::null_mut();
        // SAFETY: the objects are alive.
        unsafe { self.push_new(api::PyObject_Vectorcall(class.as_ptr(), arguments.as_ptr(), arguments.len(), none)) }
    }

    /// `iterator -- iterator item`; nothing where it is exhausted, and popped.
    pub(super) fn next_item(&mut self) -> Result<bool> {
        // SAFETY: the object is alive; that it is an iterator is checked. The item is a new reference, or null.
        let item = unsafe {
            let iterator = self.peek(1)?.as_ptr();
            if ffi::PyIter_Check(iterator) == 0 {
                return Err(errors::system_error(c"no iterator on top of the stack"));
            }
            Owned::maybe(api::PyIter_Next(iterator))
        };
        match item {
            Some(item) => {
                self.push(item);
                Ok(true)
            }
            None if errors::is_set() => Err(Raised),
            None => {
                drop(self.pop()?);
                Ok(false)
            }
        }
    }
}
