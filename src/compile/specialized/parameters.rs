//! The parameters of a function, and the binding of a call's arguments to them as CPython binds them
//! (`initialize_locals` in Python/ceval.c).

use std::mem::MaybeUninit;
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use crate::bytecode::ArgumentCounts;
use crate::cpython::python_function;
use crate::embed::{Exception, Object, Python};

/// The most parameters that are bound other than all by position: one for each bit of [`Bound::owned`].
pub const MOST: usize = u64::BITS as usize;

/// The arguments of a call, in the vectorcall convention, all borrowed.
#[derive(Clone, Copy, Debug)]
pub struct VectorcallArguments {
    /// The positional arguments, and after them those by name.
    pub objects: *const *mut ffi::PyObject,
    /// The number of positional arguments, with CPython's flag.
    pub count_and_flag: usize,
    /// The tuple of names; null for none.
    pub names: *mut ffi::PyObject,
}

impl VectorcallArguments {
    /// `PY_VECTORCALL_ARGUMENTS_OFFSET` (`Include/cpython/abstract.h`).
    const FLAG: usize = 1 << (usize::BITS - 1);

    /// The number of positional arguments.
    #[inline]
    pub fn positional(&self) -> usize {
        self.count_and_flag & !Self::FLAG
    }
}

/// The parameters of a function.
#[derive(Debug)]
pub struct FunctionParameters {
    counts: ArgumentCounts,
    /// `co_varnames`: the names of the parameters come first.
    names: Object,
    /// The number of positional arguments of a call that needs no binding; impossible if there is none such.
    direct: usize,
}

/// The slots of bound arguments. Slots are filled from the first one on.
pub struct Bound {
    slots: [MaybeUninit<*mut ffi::PyObject>; MOST],
    /// A bit for each slot that owns a reference.
    owned: u64,
}

impl Bound {
    /// Nothing is bound yet.
    #[inline]
    pub fn new() -> Self {
        Self { slots: [MaybeUninit::uninit(); MOST], owned: 0 }
    }

    /// The bound arguments.
    pub fn as_ptr(&self) -> *const *mut ffi::PyObject {
        self.slots.as_ptr().cast()
    }

    fn get(&self, slot: usize) -> *mut ffi::PyObject {
        // SAFETY: `bind` fills all slots that it reads.
        unsafe { self.slots[slot].assume_init() }
    }

    fn put_borrowed(&mut self, slot: usize, object: *mut ffi::PyObject) {
        self.slots[slot] = MaybeUninit::new(object);
    }

    fn put_owned(&mut self, slot: usize, object: *mut ffi::PyObject) {
        self.slots[slot] = MaybeUninit::new(object);
        self.owned |= 1 << slot;
    }

    /// Gives up the references.
    ///
    /// # Safety
    /// The thread is attached, and nobody uses the slots any more. Python code may run.
    pub unsafe fn release(&mut self) {
        let mut owned = std::mem::take(&mut self.owned);
        while owned != 0 {
            let slot = owned.trailing_zeros() as usize;
            owned &= owned - 1;
            // SAFETY: the slot owns a reference.
            unsafe { ffi::Py_DECREF(self.get(slot)) };
        }
    }
}

impl FunctionParameters {
    /// The parameters of a code object.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn of(python: &Python, code: &Object, counts: ArgumentCounts) -> Result<Self, Exception> {
        let names = code.attr(python, "co_varnames")?;
        let is_direct = counts.total() == counts.positional;
        Ok(Self { counts, names, direct: if is_direct { counts.positional as usize } else { usize::MAX } })
    }

    /// Whether the arguments of a call are the bound arguments.
    #[inline]
    pub fn are_bound(&self, arguments: &VectorcallArguments) -> bool {
        arguments.names.is_null() && arguments.positional() == self.direct
    }

    /// Binds the arguments of a call; returns false, with no exception set, if there is a reason not to: if CPython would
    /// raise, or if Python code would run.
    ///
    /// # Safety
    /// The thread is attached; the function, whose parameters these are, and the arguments are alive and stay so for as
    /// long as the slots are used. If the result is true, the caller releases them.
    pub unsafe fn bind(
        &self,
        function: *mut ffi::PyObject,
        arguments: &VectorcallArguments,
        bound: &mut Bound,
    ) -> bool {
        if self.counts.total() as usize > MOST {
            return false;
        }
        // SAFETY: as the caller promises.
        let done = unsafe { self.bind_all(function, arguments, bound) };
        if !done {
            // SAFETY: nobody has seen the slots. Those that own a reference are fresh containers and defaults.
            unsafe {
                ffi::PyErr_Clear();
                bound.release();
            }
        }
        done
    }

    /// # Safety
    /// Of [`FunctionParameters::bind`].
    unsafe fn bind_all(
        &self,
        function: *mut ffi::PyObject,
        arguments: &VectorcallArguments,
        bound: &mut Bound,
    ) -> bool {
        let (positional, given) = (self.counts.positional as usize, arguments.positional());
        let named = positional + self.counts.keyword_only as usize;
        if given > positional && !self.counts.varargs {
            return false;
        }
        for slot in 0..named {
            let is_given = slot < given.min(positional);
            // SAFETY: there are that many arguments.
            let object = if is_given { unsafe { *arguments.objects.add(slot) } } else { null_mut() };
            bound.put_borrowed(slot, object);
        }
        // SAFETY: as the caller promises, for all calls.
        unsafe {
            self.bind_varargs(arguments, named, bound)
                && self.bind_keywords(arguments, named, bound)
                && self.fill_defaults(function, bound)
                && self.fill_keyword_defaults(function, bound)
        }
    }

    /// The tuple of `*args`.
    ///
    /// # Safety
    /// Of [`FunctionParameters::bind`].
    unsafe fn bind_varargs(&self, arguments: &VectorcallArguments, slot: usize, bound: &mut Bound) -> bool {
        if !self.counts.varargs {
            return true;
        }
        let first = self.counts.positional as usize;
        let count = arguments.positional().saturating_sub(first);
        // SAFETY: the thread is attached; a fresh tuple of that size takes a reference of its own to each argument.
        unsafe {
            let tuple = ffi::PyTuple_New(count as ffi::Py_ssize_t);
            if tuple.is_null() {
                return false;
            }
            for index in 0..count {
                let object = ffi::Py_NewRef(*arguments.objects.add(first + index));
                ffi::PyTuple_SET_ITEM(tuple, index as ffi::Py_ssize_t, object);
            }
            bound.put_owned(slot, tuple);
        }
        true
    }

    /// The arguments by name, and the dict of `**kwargs`.
    ///
    /// # Safety
    /// Of [`FunctionParameters::bind`].
    unsafe fn bind_keywords(&self, arguments: &VectorcallArguments, named: usize, bound: &mut Bound) -> bool {
        // SAFETY: as the caller promises; the names are a tuple of as many as there are arguments by name.
        unsafe {
            let mut keywords = null_mut();
            if self.counts.varkeywords {
                keywords = ffi::PyDict_New();
                if keywords.is_null() {
                    return false;
                }
                bound.put_owned(named + usize::from(self.counts.varargs), keywords);
            }
            if arguments.names.is_null() {
                return true;
            }
            for index in 0..ffi::PyTuple_GET_SIZE(arguments.names) {
                let name = ffi::PyTuple_GET_ITEM(arguments.names, index);
                let value = *arguments.objects.add(arguments.positional() + index as usize);
                // The comparison of other names may run Python code.
                if ffi::PyUnicode_CheckExact(name) == 0 {
                    return false;
                }
                match self.slot_of(name, named) {
                    Some(slot) if bound.get(slot).is_null() => bound.put_borrowed(slot, value),
                    None if !keywords.is_null() && ffi::PyDict_SetItem(keywords, name, value) == 0 => {}
                    _ => return false,
                }
            }
            true
        }
    }

    /// The parameter of this name, unless it is by position only.
    ///
    /// # Safety
    /// The thread is attached, and the name an exact `str`.
    unsafe fn slot_of(&self, name: *mut ffi::PyObject, named: usize) -> Option<usize> {
        let first = self.counts.positional_only as usize;
        // SAFETY: there are that many names, all of them `str`.
        unsafe {
            let own = |slot: usize| ffi::PyTuple_GET_ITEM(self.names.as_ptr(), slot as ffi::Py_ssize_t);
            // Nearly always it is the same object, since the compiler interns names.
            let same = (first..named).find(|slot| own(*slot) == name);
            same.or_else(|| (first..named).find(|slot| ffi::PyUnicode_Compare(own(*slot), name) == 0))
        }
    }

    /// # Safety
    /// Of [`FunctionParameters::bind`].
    unsafe fn fill_defaults(&self, function: *mut ffi::PyObject, bound: &mut Bound) -> bool {
        let positional = self.counts.positional as usize;
        // SAFETY: the function is alive, and its defaults are a tuple or null. No Python code runs before the references
        // are taken.
        unsafe {
            let defaults = python_function::defaults(function);
            let count = if defaults.is_null() { 0 } else { ffi::PyTuple_GET_SIZE(defaults) as usize };
            for slot in 0..positional {
                if !bound.get(slot).is_null() {
                    continue;
                }
                // More defaults than parameters are allowed: the last ones count.
                let Some(index) = (slot + count).checked_sub(positional) else { return false };
                let default = ffi::PyTuple_GET_ITEM(defaults, index as ffi::Py_ssize_t);
                bound.put_owned(slot, ffi::Py_NewRef(default));
            }
        }
        true
    }

    /// # Safety
    /// Of [`FunctionParameters::bind`].
    unsafe fn fill_keyword_defaults(&self, function: *mut ffi::PyObject, bound: &mut Bound) -> bool {
        let positional = self.counts.positional as usize;
        for slot in positional..positional + self.counts.keyword_only as usize {
            if !bound.get(slot).is_null() {
                continue;
            }
            // SAFETY: the function is alive, its defaults are a dict or null, and there are that many names. Only a key
            // that is no `str` could run Python code, in a comparison; the dict is read anew for each name.
            unsafe {
                let defaults = python_function::keyword_defaults(function);
                if defaults.is_null() {
                    return false;
                }
                let name = ffi::PyTuple_GET_ITEM(self.names.as_ptr(), slot as ffi::Py_ssize_t);
                let default = ffi::PyDict_GetItemWithError(defaults, name);
                if default.is_null() {
                    return false;
                }
                bound.put_owned(slot, ffi::Py_NewRef(default));
            }
        }
        true
    }
}
