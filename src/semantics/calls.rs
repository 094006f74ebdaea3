//! Calls with unpacked arguments.

use pyo3_ffi as ffi;

use super::iteration::is_not_iterable;
use super::names::is_dict;
use crate::cpython::{Behaviour, functions as api};
use crate::thread::owned::{Owned, pointer, succeeded, truth};
use crate::thread::{Raised, Result, errors};

/// `PY_VECTORCALL_ARGUMENTS_OFFSET`: the callee may use the slot before the arguments.
pub const ARGUMENTS_OFFSET: usize = 1 << (usize::BITS - 1);

/// `callable(*arguments, **keywords)`
pub fn unpacked(callable: &Owned, arguments: &Owned, keywords: Option<&Owned>) -> Result<Owned> {
    // SAFETY: the objects are alive.
    unsafe {
        if ffi::PyTuple_CheckExact(arguments.as_ptr()) != 0 {
            let result = api::PyObject_Call(callable.as_ptr(), arguments.as_ptr(), pointer(keywords));
            return Owned::new(result);
        }
        if is_not_iterable(arguments) {
            return Err(raise_not_unpacked(callable, Unpacked::Iterable, arguments));
        }
        let arguments = Owned::new(api::PySequence_Tuple(arguments.as_ptr()))?;
        Owned::new(api::PyObject_Call(callable.as_ptr(), arguments.as_ptr(), pointer(keywords)))
    }
}

/// `callable(…, **mapping)`: adds the keywords of a mapping to the dict of all keywords. A keyword that is there
/// already is an error.
pub fn merge_keywords(dict: &Owned, mapping: &Owned, callable: &Owned) -> Result {
    let Err(Raised) = merge(dict, mapping) else { return Ok(()) };
    // SAFETY: exceptions live for ever.
    let (attribute_error, key_error) = unsafe { (ffi::PyExc_AttributeError, ffi::PyExc_KeyError) };
    if errors::current_is(attribute_error) {
        errors::clear();
        return Err(raise_not_unpacked(callable, Unpacked::Mapping, mapping));
    }
    if errors::current_is(key_error) {
        return Err(raise_given_twice(callable));
    }
    Err(Raised)
}

/// Does the same as `_PyDict_MergeEx` with a `KeyError` for keys that are there already.
fn merge(dict: &Owned, mapping: &Owned) -> Result {
    // SAFETY: the objects are alive; borrowed ones get a reference before any code runs.
    unsafe {
        if is_dict(mapping.as_ptr()) {
            let size = ffi::PyDict_Size(mapping.as_ptr());
            let (mut position, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
            while ffi::PyDict_Next(mapping.as_ptr(), &mut position, &mut key, &mut value) != 0 {
                let (key, value) = (Owned::borrowed(key), Owned::borrowed(value));
                put_new(dict, &key, || Ok(value))?;
                if ffi::PyDict_Size(mapping.as_ptr()) != size {
                    return Err(errors::runtime_error(c"dict mutated during update"));
                }
            }
            return Ok(());
        }
        let keys = Owned::new(api::PyMapping_Keys(mapping.as_ptr()))?;
        let iterator = Owned::new(api::PyObject_GetIter(keys.as_ptr()))?;
        drop(keys);
        while let Some(key) = Owned::maybe(api::PyIter_Next(iterator.as_ptr())) {
            put_new(dict, &key, || Owned::new(api::PyObject_GetItem(mapping.as_ptr(), key.as_ptr())))?;
        }
        if errors::is_set() { Err(Raised) } else { Ok(()) }
    }
}

fn put_new(dict: &Owned, key: &Owned, value: impl FnOnce() -> Result<Owned>) -> Result {
    // SAFETY: the objects are alive.
    unsafe {
        if truth(api::PyDict_Contains(dict.as_ptr(), key.as_ptr()))? {
            // A key that is a tuple must stay a single argument.
            let arguments = Owned::new(ffi::PyTuple_Pack(1, key.as_ptr()))?;
            api::PyErr_SetObject(ffi::PyExc_KeyError, arguments.as_ptr());
            return Err(Raised);
        }
        let value = value()?;
        succeeded(api::PyDict_SetItem(dict.as_ptr(), key.as_ptr(), value.as_ptr()))
    }
}

/// Replaces the `KeyError` of a name that is given twice by a clearer `TypeError`.
fn raise_given_twice(callable: &Owned) -> Raised {
    // Exceptions that are raised while another exception is handled are instances already.
    if Behaviour::CURRENT.keeps_instances_of_key_errors && errors::is_instance() {
        return Raised;
    }
    let Some(exception) = errors::take() else { return Raised };
    // SAFETY: the objects are alive, and items borrowed from a tuple that is.
    unsafe {
        let arguments = Owned::maybe(ffi::PyObject_GetAttrString(exception.as_ptr(), c"args".as_ptr()));
        let Some(arguments) = arguments.filter(|arguments| ffi::PyTuple_Check(arguments.as_ptr()) != 0) else {
            return errors::restore(exception);
        };
        if ffi::PyTuple_GET_SIZE(arguments.as_ptr()) != 1 {
            return errors::restore(exception);
        }
        let mut function = function_text(callable);
        if Behaviour::CURRENT.names_unnamed_functions && function.is_err() {
            errors::clear();
            function = Owned::new(ffi::PyUnicode_FromString(c"function".as_ptr()));
        }
        if let Ok(function) = function {
            let key = ffi::PyTuple_GET_ITEM(arguments.as_ptr(), 0);
            let format = c"%U got multiple values for keyword argument '%S'";
            ffi::PyErr_Format(ffi::PyExc_TypeError, format.as_ptr(), function.as_ptr(), key);
        }
    }
    Raised
}

/// A kind of unpacking in a call.
enum Unpacked {
    /// `*args`
    Iterable,
    /// `**kwargs`
    Mapping,
}

/// The `TypeError` for an object that cannot be unpacked.
fn raise_not_unpacked(callable: &Owned, unpacked: Unpacked, object: &Owned) -> Raised {
    // SAFETY: the objects are alive, and the formats fit.
    unsafe {
        if !Behaviour::CURRENT.names_function_in_unpacking_errors {
            // `%T` is the type of an object, with its module.
            let format = match unpacked {
                Unpacked::Iterable => {
                    return errors::type_error_of(c"Value after * must be an iterable, not %.200s", object);
                }
                Unpacked::Mapping => c"Value after ** must be a mapping, not %T",
            };
            ffi::PyErr_Format(ffi::PyExc_TypeError, format.as_ptr(), object.as_ptr());
        } else if let Ok(function) = function_text(callable) {
            let format = match unpacked {
                Unpacked::Iterable => c"%U argument after * must be an iterable, not %.200s",
                Unpacked::Mapping => c"%U argument after ** must be a mapping, not %.200s",
            };
            let class = (*object.class()).tp_name;
            ffi::PyErr_Format(ffi::PyExc_TypeError, format.as_ptr(), function.as_ptr(), class);
        }
    }
    Raised
}

/// The same text as `_PyObject_FunctionStr`: `module.qualname()`.
fn function_text(function: &Owned) -> Result<Owned> {
    let attribute = |name: &std::ffi::CStr| {
        // SAFETY: the function is alive.
        match unsafe { Owned::new(ffi::PyObject_GetAttrString(function.as_ptr(), name.as_ptr())) } {
            Ok(value) => Ok(Some(value)),
            // SAFETY: exceptions live for ever.
            Err(Raised) => errors::absent(unsafe { ffi::PyExc_AttributeError }),
        }
    };
    // SAFETY: the objects are alive, and the formats fit.
    unsafe {
        let Some(qualname) = attribute(c"__qualname__")? else {
            return Owned::new(api::PyObject_Str(function.as_ptr()));
        };
        if let Some(module) = attribute(c"__module__")?
            && !module.is_none()
        {
            let builtins = Owned::new(ffi::PyUnicode_FromString(c"builtins".as_ptr()))?;
            let differs = api::PyObject_RichCompareBool(module.as_ptr(), builtins.as_ptr(), ffi::Py_NE);
            if truth(differs)? {
                let format = c"%S.%S()".as_ptr();
                return Owned::new(ffi::PyUnicode_FromFormat(format, module.as_ptr(), qualname.as_ptr()));
            }
        }
        Owned::new(ffi::PyUnicode_FromFormat(c"%S()".as_ptr(), qualname.as_ptr()))
    }
}
