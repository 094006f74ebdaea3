//! Matches the arguments of a call to those of an overload if not all are given by position: by names and by defaults.
//! Plain data in a cell, and the function that compiled code calls with it.

use std::ffi::c_int;
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::parser::packing::{dict_of, tuple_of};
use crate::embed::{Exception, Object, Python};
use crate::metadata::{DefaultValue, Overload};

/// The names and defaults of one overload's arguments.
#[derive(Debug)]
pub struct Parameters {
    /// The number of arguments that can be given by position.
    positional: usize,
    /// All arguments; those that are given only by name come last.
    each: Box<[MatchedParameter]>,
}

#[derive(Debug)]
struct MatchedParameter {
    /// An interned `str`; `None` if it can't be given by name.
    name: Option<Object>,
    default: MatchedDefault,
}

/// The value of an argument that is left out.
#[derive(Debug)]
enum MatchedDefault {
    /// It must not be left out, or only the original knows its value.
    Nothing,
    /// This object.
    Object(Object),
    /// The object in the variable at the time of the call.
    Variable(*const *mut ffi::PyObject),
}

// SAFETY: objects may be given up by any thread (`Object::drop`); a variable is read only with the GIL held.
unsafe impl Send for MatchedDefault {}
// SAFETY: as above; nothing in it changes.
unsafe impl Sync for MatchedDefault {}

/// The result of [`match_arguments`] if the arguments do not match.
const MISMATCH: c_int = 1;
const MATCH: c_int = 0;

impl Parameters {
    /// The parameters of an overload. If `by_name` is false, the callable takes no keywords at all.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn of(python: &Python, overload: &Overload, by_name: bool) -> Result<Self, Exception> {
        let each = overload.arguments().map(|(_, parameter)| {
            let name = parameter.name.as_deref().filter(|_| by_name);
            Ok(MatchedParameter {
                name: name.map(|name| interned(python, name)).transpose()?,
                default: parameter
                    .default
                    .as_ref()
                    .map_or(Ok(MatchedDefault::Nothing), |default| MatchedDefault::of(python, default))?,
            })
        });
        let positional = overload.arguments().filter(|(_, parameter)| !parameter.keyword_only).count();
        Ok(Self { positional, each: each.collect::<Result<_, Exception>>()? })
    }

    /// The parameter with the name of a keyword.
    ///
    /// # Safety
    /// `key` is a live object, and the thread attached.
    unsafe fn named(&self, key: *mut ffi::PyObject) -> Option<usize> {
        let of = |parameter: &MatchedParameter| parameter.name.as_ref().map(Object::as_ptr);
        let identical = self.each.iter().position(|parameter| of(parameter) == Some(key));
        // SAFETY: both are live objects of exactly `str`, so no Python code compares them. Only 3.11, where a string
        // may have to be made ready, can run out of memory; then the two count as different, and the original decides.
        unsafe {
            if identical.is_some() || ffi::PyUnicode_CheckExact(key) == 0 {
                return identical;
            }
            self.each.iter().position(|parameter| {
                let order = of(parameter).map_or(MISMATCH, |name| ffi::PyUnicode_Compare(name, key));
                if order == -1 && !ffi::PyErr_Occurred().is_null() {
                    ffi::PyErr_Clear();
                }
                order == 0
            })
        }
    }

    /// Fills `out`: one borrowed object for each parameter, followed by a reference or null for each parameter whose
    /// default is in a variable. `None` if the arguments do not match.
    ///
    /// # Safety
    /// The condition of [`match_arguments`].
    unsafe fn fill(
        &self,
        args: *const *mut ffi::PyObject,
        given: usize,
        names: *mut ffi::PyObject,
        out: *mut *mut ffi::PyObject,
    ) -> Option<()> {
        if given > self.positional {
            return None;
        }
        // SAFETY: the caller promises `given` arguments, one more for each name, and room for every parameter in `out`,
        // which does not overlap them; an index is always below the number of parameters or of names.
        unsafe {
            for index in 0..self.each.len() {
                out.add(index).write(if index < given { *args.add(index) } else { null_mut() });
            }
            let keywords = if names.is_null() { 0 } else { usize::try_from(ffi::PyTuple_GET_SIZE(names)).ok()? };
            for keyword in 0..keywords {
                let place = out.add(self.named(ffi::PyTuple_GET_ITEM(names, keyword as ffi::Py_ssize_t))?);
                if !(*place).is_null() {
                    return None;
                }
                place.write(*args.add(given + keyword));
            }
            let mut held = out.add(self.each.len());
            for (index, parameter) in self.each.iter().enumerate() {
                let place = out.add(index);
                let is_given = !(*place).is_null();
                if !is_given {
                    place.write(parameter.default.get());
                    if (*place).is_null() {
                        return None;
                    }
                }
                if matches!(parameter.default, MatchedDefault::Variable(_)) {
                    held.write(if is_given { null_mut() } else { *place });
                    held = held.add(1);
                }
            }
            // This is done last, so that a mismatch holds nothing.
            let mut first = out.add(self.each.len());
            while first != held {
                ffi::Py_XINCREF(*first);
                first = first.add(1);
            }
        }
        Some(())
    }
}

impl MatchedDefault {
    fn of(python: &Python, default: &DefaultValue) -> Result<Self, Exception> {
        // SAFETY: the thread is attached; each call gives a new reference, or null with an exception.
        let object = unsafe {
            match default {
                DefaultValue::Object { address } => {
                    let variable = address.map(|address| Self::Variable(address.get() as *const _));
                    return Ok(variable.unwrap_or(Self::Nothing));
                }
                DefaultValue::Int(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                    (Ok(number), _) => ffi::PyLong_FromLongLong(number),
                    (_, Ok(number)) => ffi::PyLong_FromUnsignedLongLong(number),
                    // No kind has such a default; the original would know how to handle it.
                    _ => return Ok(Self::Nothing),
                },
                DefaultValue::Float(bits) => ffi::PyFloat_FromDouble(f64::from_bits(*bits)),
                DefaultValue::Bool(truth) => ffi::PyBool_FromLong((*truth).into()),
                DefaultValue::Str(text) => {
                    ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as ffi::Py_ssize_t)
                }
                DefaultValue::None => ffi::Py_NewRef(ffi::Py_None()),
            }
        };
        // SAFETY: as above.
        unsafe { python.owned(object) }.map(Self::Object)
    }

    /// The object, borrowed; null if there is none.
    fn get(&self) -> *mut ffi::PyObject {
        match self {
            Self::Nothing => null_mut(),
            Self::Object(object) => object.as_ptr(),
            // SAFETY: the extension that declares the default keeps the variable: reading the metadata has checked that
            // it can be read, and the cell keeps the original, which keeps its module loaded.
            Self::Variable(variable) => unsafe { variable.read() },
        }
    }
}

/// An interned `str`.
fn interned(python: &Python, text: &str) -> Result<Object, Exception> {
    // SAFETY: the thread is attached; interning takes over the one reference that there is, and gives one back.
    unsafe {
        let text =
            python.owned(ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as ffi::Py_ssize_t))?;
        let mut text = text.into_ptr();
        ffi::PyUnicode_InternInPlace(&mut text);
        python.owned(text)
    }
}

/// A tuple of names, as `kwnames` of a vectorcall.
///
/// # Errors
/// If memory runs out.
pub fn name_tuple<'a>(python: &Python, names: impl ExactSizeIterator<Item = &'a str>) -> Result<Object, Exception> {
    // SAFETY: the thread is attached; the fresh tuple takes over each name, and no other code has it meanwhile.
    unsafe {
        let tuple = python.owned(ffi::PyTuple_New(names.len() as ffi::Py_ssize_t))?;
        for (index, name) in names.enumerate() {
            ffi::PyTuple_SET_ITEM(tuple.as_ptr(), index as ffi::Py_ssize_t, interned(python, name)?.into_ptr());
        }
        Ok(tuple)
    }
}

/// Finds the arguments of the overload at `position` among those of a call. Runs no Python code, and raises nothing.
/// Returns 0 if the arguments match. `out` then has one borrowed object for each parameter, followed by, for each
/// parameter whose default is in a variable, a reference to the default, or null if the argument is given: replacing
/// the variable during the call then does not destroy the object. Returns another number, with no references held, if
/// they do not match.
///
/// # Safety
/// The thread is attached. `parameters` has more elements than `position`. `args` has `given` objects, followed by one
/// for each element of `names`, a tuple, or null for none. `out` has room for all parameters, and for the references.
pub unsafe extern "C-unwind" fn match_arguments(
    parameters: *const Parameters,
    position: usize,
    args: *const *mut ffi::PyObject,
    given: usize,
    names: *mut ffi::PyObject,
    out: *mut *mut ffi::PyObject,
) -> c_int {
    // SAFETY: the caller promises all of it.
    let matched = unsafe { (*parameters.add(position)).fill(args, given, names, out) };
    if matched.is_some() { MATCH } else { MISMATCH }
}

/// Calls an `ml_meth` that takes a tuple (METH_VARARGS), and a dict too if `by_name` is not 0 (METH_KEYWORDS), as
/// CPython's `method_vectorcall_VARARGS_KEYWORDS` does. Returns its result.
///
/// # Safety
/// The thread is attached. `method` is such a function, `receiver` the object that it is called on; `args`, `given` and
/// `names` are as for [`match_arguments`]; without `by_name` there are no names.
pub unsafe extern "C-unwind" fn call_with_tuple(
    method: *const (),
    by_name: usize,
    receiver: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    given: usize,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the caller promises the arguments. Rust drops nothing here: the thread may end in the call.
    unsafe {
        // Like CPython, no dict instead of an empty one.
        let names = if names.is_null() || ffi::PyTuple_GET_SIZE(names) == 0 { null_mut() } else { names };
        let tuple = tuple_of(args, given as isize);
        if tuple.is_null() {
            return null_mut();
        }
        let dict = dict_of(args, given as isize, names);
        if dict.is_null() && !names.is_null() {
            ffi::Py_DECREF(tuple);
            return null_mut();
        }
        let result = if by_name != 0 {
            std::mem::transmute::<*const (), WithKeywords>(method)(receiver, tuple, dict)
        } else {
            std::mem::transmute::<*const (), WithTuple>(method)(receiver, tuple)
        };
        ffi::Py_DECREF(tuple);
        ffi::Py_XDECREF(dict);
        result
    }
}

type Pointer = *mut ffi::PyObject;
/// METH_VARARGS.
type WithTuple = unsafe extern "C-unwind" fn(Pointer, Pointer) -> Pointer;
/// METH_VARARGS | METH_KEYWORDS.
type WithKeywords = unsafe extern "C-unwind" fn(Pointer, Pointer, Pointer) -> Pointer;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Signature;

    /// The `repr` of each parameter's value when `f(*positional, **keywords)` is called; `None` for a mismatch.
    fn matched(signature: &str, by_name: bool, call: &str) -> Option<String> {
        let python = Python::attach();
        let signature: Signature = signature.parse().expect("a signature");
        let overload = &signature.overloads[0];
        let parameters = [Parameters::of(&python, overload, by_name).expect("there is memory")];
        let names = python.namespace().expect("there is memory");
        let code = format!(
            "class Str(str): pass\n\
             def take(*positional, **keywords): return positional, keywords\n\
             positional, keywords = take({call})\n\
             values = [*positional, *keywords.values()]\n\
             keys, given = tuple(keywords) or None, len(positional)"
        );
        python.run(&code, &names).expect("a call");
        let get = |name: &str| names.item(&python, name).expect("just assigned");
        let (values, keys) = (get("values"), get("keys"));
        let mut out = vec![null_mut(); overload.arguments().count()];
        // SAFETY: the thread is attached; list and tuple keep what is borrowed from them, and `out` has room for all.
        unsafe {
            let given = ffi::PyLong_AsSsize_t(get("given").as_ptr()) as usize;
            let args: Vec<_> = (0..ffi::PyList_Size(values.as_ptr()))
                .map(|index| ffi::PyList_GetItem(values.as_ptr(), index))
                .collect();
            let keys = if keys.as_ptr() == ffi::Py_None() { null_mut() } else { keys.as_ptr() };
            let status = match_arguments(parameters.as_ptr(), 0, args.as_ptr(), given, keys, out.as_mut_ptr());
            assert!(ffi::PyErr_Occurred().is_null());
            (status == MATCH).then(|| {
                let each = out.iter().map(|object| {
                    let object = std::ptr::NonNull::new(*object).expect("a match fills every place");
                    Object::from_borrowed(&python, object).repr(&python).expect("it has one")
                });
                each.collect::<Vec<_>>().join(" ")
            })
        }
    }

    const THREE: &str = "(x: i64, y: f64 = 2.5, *, base: i32 = 10) -> i64";

    #[test]
    fn arguments_are_found_by_position_by_name_and_by_default() {
        for (call, expected) in [
            ("1", "1 2.5 10"),
            ("1, 3.5", "1 3.5 10"),
            ("x=1", "1 2.5 10"),
            ("1, base=7", "1 2.5 7"),
            ("base=7, y=0.5, x=3", "3 0.5 7"),
            ("1, **{'ba' + str('se'): 7}", "1 2.5 7"),
            ("**{}, x=2", "2 2.5 10"),
        ] {
            assert_eq!(matched(THREE, true, call).as_deref(), Some(expected), "{call}");
        }
    }

    #[test]
    fn what_the_original_refuses_does_not_match() {
        for call in [
            "",
            "y=1.0",
            "1, 2.0, 3",
            "1, x=1",
            "1, bogus=2",
            "1, BASE=7",
            "1, **{'': 7}",
            "1, **{'\\udc80': 7}",
            "1, **{Str('base'): 7}",
            "1, 2.0, 10, 11",
        ] {
            assert_eq!(matched(THREE, true, call), None, "{call}");
        }
    }

    #[test]
    fn a_callable_without_keywords_has_no_names() {
        assert_eq!(matched("(x: i64, y: f64 = 2.5) -> i64", false, "1").as_deref(), Some("1 2.5"));
        assert_eq!(matched("(x: i64, y: f64 = 2.5) -> i64", false, "x=1"), None);
    }

    #[test]
    fn a_parameter_without_a_name_is_given_by_position_only() {
        assert_eq!(matched("(i64, y: i64) -> i64", true, "1, y=2").as_deref(), Some("1 2"));
        assert_eq!(matched("(i64, y: i64) -> i64", true, "y=2"), None);
        assert_eq!(matched("(x: i64, i64) -> i64", true, "5, x=2"), None);
    }

    #[test]
    fn receiver_and_context_are_no_arguments() {
        let signature = "(self, context, x: i64, *, y: i64 = 4) -> i64";
        assert_eq!(matched(signature, true, "1").as_deref(), Some("1 4"));
        assert_eq!(matched(signature, true, "1, self=2"), None);
    }

    #[test]
    fn every_default_that_is_a_constant_is_an_object() {
        for (parameter, expected) in [
            ("i64 = -9223372036854775808", "-9223372036854775808"),
            ("u64 = 18446744073709551615", "18446744073709551615"),
            ("f64 = -0.0", "-0.0"),
            ("f64 = inf", "inf"),
            ("cbool = True", "True"),
            ("cstr = 'ä\\0b'", "'ä\\x00b'"),
            ("cstr? = None", "None"),
            ("object? = None", "None"),
        ] {
            let signature = format!("(x: {parameter}) -> i64");
            assert_eq!(matched(&signature, true, "").as_deref(), Some(expected), "{parameter}");
        }
    }

    #[test]
    fn an_object_that_nobody_knows_may_not_be_left_out() {
        assert_eq!(matched("(x: object = <object>) -> i64", true, ""), None);
        assert_eq!(matched("(x: object = <object>) -> i64", true, "3").as_deref(), Some("3"));
    }

    #[test]
    fn a_variable_is_read_at_each_call() {
        let python = Python::attach();
        let objects = [python.int(1000).expect("there is memory"), python.int(2000).expect("there is memory")];
        let mut variable: *mut ffi::PyObject = null_mut();
        let address = std::num::NonZeroUsize::new(&raw mut variable as usize);
        let default = MatchedDefault::of(&python, &DefaultValue::Object { address }).expect("nothing is made");
        assert!(default.get().is_null(), "a variable without an object is no default");
        for object in &objects {
            // SAFETY: a live variable of this function, which the default has the address of.
            unsafe { (&raw mut variable).write_volatile(object.as_ptr()) };
            assert_eq!(default.get(), object.as_ptr());
        }
    }
}
