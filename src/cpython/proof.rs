//! Proves the layout against live objects, so that a CPython with another layout is refused, not misread.
//!
//! Each check makes or takes an object with a known content, and reads it by the layout. The reads go through `memory`,
//! so a wrong offset is a failed check and never a fault.

use pyo3_ffi as ffi;

use super::current_exception;
use super::facts::{Proof, expect, once_each, peek, peek_at, proofs};
use super::frame::FrameLayout;
use super::frame_proof::Functions;
#[cfg(Py_3_12)]
use super::functions;
use super::layout::{
    DIGIT_BITS, EvalBreaker, IntForm, IntLayout, Layout, Refcount, TAG_SHIFT, TAG_SIGN_MASK, TEXT_COMPACT_ASCII,
    TEXT_KIND_MASK, TEXT_KIND_SHIFT, TextLayout,
};
use super::memory;
use super::python_type::PythonType;
use crate::embed::{Object, Python, running_version};

/// The reason why the running interpreter is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Incompatible {
    /// Its version is not the one that the crate was built for.
    #[error(
        "typedcall was built for CPython 3.{built}, and {running} is running: build it again with PYO3_PYTHON set to \
         the Python that is to run"
    )]
    Version {
        /// The second number of the version that the crate was built for.
        built: u8,
        /// The running version.
        running: String,
    },
    /// It runs without a GIL.
    #[error("{running} is a free-threaded build, which is not supported yet: use a build with the GIL")]
    FreeThreaded {
        /// The running version.
        running: String,
    },
    /// The thread is attached to a subinterpreter.
    #[error(
        "typedcall works in a process's main interpreter only: stubs and what is known about methods would be shared \
         between interpreters"
    )]
    Subinterpreter,
    /// An object has another layout.
    #[error(
        "this build of CPython 3.{minor} keeps {check} elsewhere than other builds do ({detail}): typedcall supports \
         builds of python.org's sources with the usual options"
    )]
    Layout {
        /// The second number of the version.
        minor: u8,
        /// The difference.
        check: &'static str,
        /// The expected and the found value.
        detail: String,
    },
}

/// A check of the layout against live objects.
pub type Check = fn(&Python, &Layout) -> Result<(), String>;

proofs! {
    Check:
    REFERENCE_COUNT: "reference counts", reference_count;
    IMMORTALITY: "the immortality of None", immortality;
    OBJECT_TYPE: "the type of an object", object_type;
    DIGITS: "the digits of an int", digits;
    ONE_DIGIT: "the size of an int", one_digit;
    SMALL_INTS: "the small ints", small_ints;
    FLOAT_VALUE: "the value of a float", float_value;
    TEXT: "the text of a str", text;
    BYTES: "the bytes of a bytes object", bytes;
    TYPE_FLAGS: "the flags of a type", type_flags;
    SUBCLASS_FLAGS: "the flags of subclasses", subclass_flags;
    TYPE_NAME: "the name of a type", type_name;
    FUNCTION_DEF: "the definition of a built-in function", function_def;
    FUNCTION_SELF: "the self of a built-in function", function_self;
    DESCRIPTOR_DEF: "the definition of a method descriptor", descriptor_def;
    DESCRIPTOR_TYPE: "the type of a method descriptor", descriptor_type;
    MODULE_DICT: "the namespace of a module", module_dict;
    MODULE_SIZE: "the size of a module object", module_size;
    DICT_VERSION: "the version of a dict", dict_version;
    THREAD_TRACE: "the trace functions of a thread", thread_trace;
    EVAL_BREAKER: "the flag that something waits", eval_breaker;
    PYTHON_FUNCTION: "the fields of a Python function", python_function_fields;
    VERSION: "the version", version;
}

/// Every proof that a field names, once each.
fn proofs() -> Vec<&'static Proof<Check>> {
    once_each(&[Layout::PROOFS, IntLayout::PROOFS, TextLayout::PROOFS])
}

/// Checks the running interpreter against the layout.
///
/// # Errors
/// The first check that fails, and the value that it found.
pub fn check(python: &Python, layout: &Layout) -> Result<(), Incompatible> {
    check_version(&running_version(), layout.minor)?;
    check_interpreter(python)?;
    let failed = |check, detail| Incompatible::Layout { minor: layout.minor, check, detail };
    for Proof { what, check } in proofs() {
        check(python, layout).map_err(|detail| failed(what, detail))?;
    }
    let functions = Functions::new(python).map_err(|detail| failed("the frames of functions", detail))?;
    for Proof { what, check } in FrameLayout::proofs() {
        check(&functions, &layout.frame).map_err(|detail| failed(what, detail))?;
    }
    Ok(())
}

/// Whether the flag that something waits was found at the layout's offset.
pub fn is_eval_breaker_proven(python: &Python) -> bool {
    eval_breaker(python, &Layout::CURRENT).is_ok()
}

/// Checks that the thread is attached to the main interpreter.
///
/// # Errors
/// [`Incompatible::Subinterpreter`].
pub fn check_interpreter(_: &Python) -> Result<(), Incompatible> {
    // SAFETY: the thread is attached.
    match unsafe { ffi::PyInterpreterState_Get() == ffi::PyInterpreterState_Main() } {
        true => Ok(()),
        false => Err(Incompatible::Subinterpreter),
    }
}

/// Checks the text of `Py_GetVersion` against the version that the crate was built for.
///
/// # Errors
/// If it is another version, or a free-threaded build.
pub fn check_version(running: &str, minor: u8) -> Result<(), Incompatible> {
    let number = running.split_whitespace().next().unwrap_or_default();
    let prefix = format!("3.{minor}");
    // `3.1` must not pass for `3.11`, `3.14.0rc1` and `3.15.0+` are fine.
    let matches =
        number.strip_prefix(&prefix).is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()));
    if !matches {
        return Err(Incompatible::Version { built: minor, running: number.to_owned() });
    }
    if cfg!(Py_GIL_DISABLED) || running.contains("free-threading") {
        return Err(Incompatible::FreeThreaded { running: number.to_owned() });
    }
    Ok(())
}

/// The check for facts that the version alone decides: that the version is the running one.
fn version(_: &Python, layout: &Layout) -> Result<(), String> {
    check_version(&running_version(), layout.minor).map_err(|incompatible| incompatible.to_string())
}

fn reference_count(python: &Python, layout: &Layout) -> Result<(), String> {
    // SAFETY: the thread is attached; a fresh list has one reference.
    let list = unsafe { python.owned(ffi::PyList_New(0)) }.map_err(|error| error.to_string())?;
    let before = peek::<u32>(&list, layout.ob_refcnt)?;
    let second = list.clone_ref(python);
    let during = peek::<u32>(&list, layout.ob_refcnt)?;
    drop(second);
    expect("a list with one reference, then two", (1, 2), (before, during))
}

fn immortality(python: &Python, layout: &Layout) -> Result<(), String> {
    // SAFETY: None is alive.
    let none = unsafe { borrowed(python, ffi::Py_None()) };
    let before = peek::<u32>(&none, layout.ob_refcnt)?;
    let second = none.clone_ref(python);
    let during = peek::<u32>(&none, layout.ob_refcnt)?;
    drop(second);
    let found = match (before == during, before) {
        (false, _) => Refcount::Plain,
        (true, u32::MAX) => Refcount::ImmortalAllOnes,
        (true, _) => Refcount::ImmortalSign,
    };
    expect("how None's references are counted", layout.refcount, found)
}

fn object_type(python: &Python, layout: &Layout) -> Result<(), String> {
    let float = float(python)?;
    expect("the type of a float", &raw const ffi::PyFloat_Type as usize, peek(&float, layout.ob_type)?)
}

fn digits(python: &Python, layout: &Layout) -> Result<(), String> {
    for shift in [0, 1, 29, 30, 31, 59, 60, 61, 62] {
        for value in [1i64 << shift, (1 << shift) + 1, -(1 << shift), 0] {
            let object = python.int(value).map_err(|error| error.to_string())?;
            let size = peek::<u64>(&object, layout.int.size)?.cast_signed();
            let count = match layout.int.form {
                IntForm::SignedSize => size.unsigned_abs(),
                IntForm::Tag => size.cast_unsigned() >> TAG_SHIFT,
            };
            let needed = u64::from(i64::BITS - value.unsigned_abs().leading_zeros()).div_ceil(u64::from(DIGIT_BITS));
            expect(&format!("the number of digits of {value}"), needed, count)?;
            if layout.int.digits < 0 || layout.int.digits > 24 {
                return Err(format!("digits at {} lie outside of the object", layout.int.digits));
            }
            // SAFETY: the count of digits is right, as just checked, so the digits that are read are in the object.
            let read = unsafe { value_of(object.as_ptr(), layout) };
            expect("an int", Some(i128::from(value)), read)?;
        }
    }
    Ok(())
}

/// A 64-bit number has at most this many digits of 30 bits.
const MAX_DIGITS: i64 = 3;

/// The value of an `int`, unless it has more than 90 bits.
///
/// # Safety
/// `object` is an `int` (or an instance of a subclass) with the layout `layout`.
unsafe fn value_of(object: *mut ffi::PyObject, layout: &Layout) -> Option<i128> {
    let base = object.cast::<u8>();
    // SAFETY: the caller promises an int of this layout, so the size field lies within the object.
    let size = unsafe { base.offset(layout.int.size as isize).cast::<i64>().read() };
    let (count, sign) = match layout.int.form {
        IntForm::SignedSize => (size.abs(), size.signum()),
        IntForm::Tag => (size >> TAG_SHIFT, 1 - (size & TAG_SIGN_MASK)),
    };
    if count > MAX_DIGITS {
        return None;
    }
    let digits = base.wrapping_offset(layout.int.digits as isize).cast::<u32>();
    let mut magnitude = 0i128;
    for index in (0..count as usize).rev() {
        // SAFETY: the int has `count` digits.
        magnitude = magnitude << DIGIT_BITS | i128::from(unsafe { digits.add(index).read() });
    }
    Some(magnitude * i128::from(sign))
}

fn one_digit(python: &Python, layout: &Layout) -> Result<(), String> {
    let greatest = python.int((1 << DIGIT_BITS) - 1).map_err(|error| error.to_string())?;
    let size = peek::<u64>(&greatest, layout.int.size)?;
    let expected = match layout.int.form {
        IntForm::SignedSize => 1,
        IntForm::Tag => 1 << TAG_SHIFT,
    };
    expect("the size field of the greatest int of one digit", expected, size)
}

fn small_ints(python: &Python, layout: &Layout) -> Result<(), String> {
    let int = layout.int;
    let address = |value| python.int(value).map(|object| object.as_ptr() as usize).map_err(|error| error.to_string());
    let first = address(int.small_min)?;
    for value in int.small_min..=int.small_max {
        let expected = first.wrapping_add(((value - int.small_min) * int.small_stride) as usize);
        expect(&format!("the address of {value}"), expected, address(value)?)?;
    }
    for outside in [int.small_min - 1, int.small_max + 1] {
        let (one, other) = (python.int(outside), python.int(outside));
        let (one, other) = (one.map_err(|error| error.to_string())?, other.map_err(|error| error.to_string())?);
        expect(&format!("two ints of {outside} are different objects"), true, one.as_ptr() != other.as_ptr())?;
    }
    Ok(())
}

fn float_value(python: &Python, layout: &Layout) -> Result<(), String> {
    let float = float(python)?;
    expect("the bits of a float", PROBE.to_bits(), peek(&float, layout.float_value)?)
}

/// One string of each kind: ASCII, and characters of 1, 2 and 4 bytes.
const TEXTS: [(&str, u32); 4] = [("ascii", 1), ("\u{e4}\u{e9}\u{ff}", 1), ("\u{20ac}\u{3b1}", 2), ("\u{1f40d}x", 4)];

fn text(python: &Python, layout: &Layout) -> Result<(), String> {
    for (text, bytes) in TEXTS {
        // SAFETY: the thread is attached; the text is as long as it is said to be.
        let object = unsafe {
            python.owned(ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as ffi::Py_ssize_t))
        };
        let object = object.map_err(|error| error.to_string())?;
        let fields = layout.text;
        let characters = text.chars().count();
        expect(&format!("the length of {text:?}"), characters, peek::<usize>(&object, fields.length)?)?;
        let state = peek::<u32>(&object, fields.state)?;
        let size = state >> TEXT_KIND_SHIFT & TEXT_KIND_MASK;
        expect(&format!("the size of the characters of {text:?}"), bytes, size)?;
        let compact = TEXT_COMPACT_ASCII & if text.is_ascii() { u32::MAX } else { super::layout::TEXT_COMPACT };
        expect(&format!("the state of {text:?}"), compact, state & TEXT_COMPACT_ASCII)?;
        let data = if text.is_ascii() { fields.ascii_data } else { fields.other_data };
        for (index, character) in text.chars().enumerate() {
            let at = data + index as i32 * bytes as i32;
            let found = peek::<u32>(&object, at)? & u32::MAX >> (u32::BITS - 8 * bytes);
            expect(&format!("a character of {text:?}"), u32::from(character), found)?;
        }
    }
    Ok(())
}

fn bytes(python: &Python, layout: &Layout) -> Result<(), String> {
    let text = "bytes, 16 of them";
    // SAFETY: the thread is attached; the bytes are as many as is said.
    let object =
        unsafe { python.owned(ffi::PyBytes_FromStringAndSize(text.as_ptr().cast(), text.len() as ffi::Py_ssize_t)) };
    let object = object.map_err(|error| error.to_string())?;
    expect("the number of bytes", text.len(), peek(&object, layout.bytes_size)?)?;
    let start = (object.as_ptr() as usize).wrapping_add_signed(layout.bytes_data as isize);
    expect("the bytes", text.to_owned(), text_at(start)?)
}

fn subclass_flags(_: &Python, layout: &Layout) -> Result<(), String> {
    let classes = [
        (PythonType::Int, &raw mut ffi::PyLong_Type),
        (PythonType::Float, &raw mut ffi::PyFloat_Type),
        (PythonType::Bool, &raw mut ffi::PyBool_Type),
        (PythonType::Str, &raw mut ffi::PyUnicode_Type),
        (PythonType::Bytes, &raw mut ffi::PyBytes_Type),
        (PythonType::List, &raw mut ffi::PyList_Type),
        (PythonType::Tuple, &raw mut ffi::PyTuple_Type),
        (PythonType::Dict, &raw mut ffi::PyDict_Type),
    ];
    for (class, object) in classes {
        // SAFETY: a type's flags may be asked for.
        let flags = unsafe { ffi::PyType_GetFlags(object) };
        for (other, _) in classes {
            let Some(flag) = layout.subclass_flag(other) else { continue };
            let is_subclass = class == other || (class, other) == (PythonType::Bool, PythonType::Int);
            expect(&format!("whether {class} is a {other} by its flags"), is_subclass, flags & flag != 0)?;
        }
    }
    Ok(())
}

fn type_flags(python: &Python, layout: &Layout) -> Result<(), String> {
    // SAFETY: `int` is alive, and its flags may be asked for.
    let (int, flags) = unsafe {
        let int = &raw mut ffi::PyLong_Type;
        (borrowed(python, int.cast()), ffi::PyType_GetFlags(int))
    };
    expect("the flags of int", flags, peek::<u64>(&int, layout.type_flags)?)
}

fn type_name(python: &Python, layout: &Layout) -> Result<(), String> {
    // SAFETY: `int` is alive.
    let int = unsafe { borrowed(python, (&raw mut ffi::PyLong_Type).cast()) };
    expect("the name of int", "int".to_owned(), text_at(peek(&int, layout.type_name)?)?)
}

fn function_def(python: &Python, layout: &Layout) -> Result<(), String> {
    let len = builtin(python, "len")?;
    expect("the name of len", "len".to_owned(), method_name(peek(&len, layout.function_def)?)?)
}

fn function_self(python: &Python, layout: &Layout) -> Result<(), String> {
    let builtins = python.import("builtins").map_err(|error| error.to_string())?;
    let len = builtin(python, "len")?;
    expect("what len is bound to", builtins.as_ptr() as usize, peek(&len, layout.function_self)?)
}

fn descriptor_def(python: &Python, layout: &Layout) -> Result<(), String> {
    let upper = upper(python)?;
    expect("the name of str.upper", "upper".to_owned(), method_name(peek(&upper, layout.descriptor_def)?)?)
}

fn descriptor_type(python: &Python, layout: &Layout) -> Result<(), String> {
    let upper = upper(python)?;
    let str_type = &raw const ffi::PyUnicode_Type as usize;
    expect("the type that str.upper belongs to", str_type, peek(&upper, layout.descriptor_type)?)
}

fn module_dict(python: &Python, layout: &Layout) -> Result<(), String> {
    let builtins = python.import("builtins").map_err(|error| error.to_string())?;
    // SAFETY: the module is alive.
    let dict = unsafe { ffi::PyModule_GetDict(builtins.as_ptr()) };
    expect("the namespace of builtins", dict as usize, peek(&builtins, layout.module_dict)?)
}

fn module_size(_: &Python, layout: &Layout) -> Result<(), String> {
    // SAFETY: `ModuleType` is alive, and its size never changes.
    let size = unsafe { ffi::PyModule_Type.tp_basicsize };
    expect("the size of a module object", layout.module_size as isize, size)
}

/// A store into a dict changes its version; nothing else at that offset changes.
fn dict_version(python: &Python, layout: &Layout) -> Result<(), String> {
    let Some(offset) = layout.dict_version else { return Ok(()) };
    let dict = python.namespace().map_err(|error| error.to_string())?;
    let store = |value: i64| {
        let value = python.int(value).map_err(|error| error.to_string())?;
        dict.set_item(python, "key", &value).map_err(|error| error.to_string())
    };
    store(1)?;
    let mut seen = vec![peek::<u64>(&dict, offset)?];
    for value in 2..6 {
        // This stores another value for the same key, so no field but the version changes.
        store(value)?;
        let found = peek::<u64>(&dict, offset)?;
        if seen.contains(&found) {
            return Err(format!("the version of a dict is {found} before and after a store"));
        }
        seen.push(found);
    }
    Ok(())
}

/// A function that has every field: reads by the layout agree with CPython's own functions and with the type.
fn python_function_fields(python: &Python, layout: &Layout) -> Result<(), String> {
    let names = python.namespace().map_err(|error| error.to_string())?;
    python.run("def function(a=1, b=2, *, c=3): pass", &names).map_err(|error| error.to_string())?;
    let function = names.item(python, "function").ok_or("a function that was just defined is not there")?;
    // SAFETY: the thread is attached, and the function alive.
    let (parts, at) = unsafe {
        let pointer = function.as_ptr();
        let parts = [
            (layout.python_function_code, ffi::PyFunction_GetCode(pointer)),
            (layout.python_function_defaults, ffi::PyFunction_GetDefaults(pointer)),
            (layout.python_function_keyword_defaults, ffi::PyFunction_GetKwDefaults(pointer)),
        ];
        (parts, ffi::PyFunction_Type.tp_vectorcall_offset)
    };
    for (offset, expected) in parts {
        expect("a part of a function", expected as usize, peek(&function, offset)?)?;
    }
    expect("the offset of a function's vectorcall", layout.python_function_vectorcall as isize, at)?;
    python_function_version(&function, layout)
}

/// From 3.12 on, a function that was just defined has a version, which is after its vectorcall. It loses it when the
/// vectorcall is set.
fn python_function_version(function: &Object, layout: &Layout) -> Result<(), String> {
    #[cfg(Py_3_12)]
    {
        // 3.14 and later write 1 (`FUNC_VERSION_CLEARED`), earlier ones 0.
        const NO_VERSION: std::ops::RangeInclusive<u32> = 0..=1;
        let offset = layout.python_function_vectorcall + size_of::<usize>() as i32;
        let before = peek::<u32>(function, offset)?;
        let vectorcall = peek::<usize>(function, layout.python_function_vectorcall)?;
        // SAFETY: it is set to what it is.
        unsafe { functions::PyFunction_SetVectorcall(function.as_ptr(), vectorcall as *const u8) };
        let after = peek::<u32>(function, offset)?;
        let found = (NO_VERSION.contains(&before), NO_VERSION.contains(&after));
        expect("whether a function has no version, before and after its vectorcall is set", (false, true), found)
    }
    #[cfg(not(Py_3_12))]
    {
        let _ = (function, layout);
        Ok(())
    }
}

/// The distance from `c_tracefunc` to the exception that is being raised: the objects of both functions are between
/// them (`Include/cpython/pystate.h`).
const FROM_TRACE_TO_EXCEPTION: i32 = 3 * size_of::<usize>() as i32;

/// Setting a trace function would call audit hooks, and instrument code. An exception can be set and taken back: the
/// distance of its field from the function's is the same in all versions.
fn thread_trace(python: &Python, layout: &Layout) -> Result<(), String> {
    let probe = float(python)?;
    // SAFETY: the thread is attached, and has a state, whose field is read without trusting the offset. An exception
    // that was set before is taken away meanwhile; each reference that is taken is given back or given up.
    let (expected, found) = unsafe {
        let before = current_exception::take();
        ffi::PyErr_SetObject(ffi::PyExc_KeyError, probe.as_ptr());
        let state = ffi::PyThreadState_Get() as usize;
        let at = state.wrapping_add_signed((layout.thread_trace + FROM_TRACE_TO_EXCEPTION) as isize);
        let found = peek_at::<usize>(at);
        let raised = current_exception::take();
        // 3.11 has the class there, later versions the exception.
        let expected = if layout.minor <= 11 { ffi::Py_TYPE(raised) as usize } else { raised as usize };
        ffi::Py_DECREF(raised);
        if !before.is_null() {
            current_exception::set(before);
        }
        (expected, found)
    };
    expect("the exception of a thread, from its trace function", expected, found?)
}

/// The distance from the flag to the recursion limit beside it (`struct _ceval_state` in
/// `Include/internal/pycore_interp.h` and `pycore_ceval_state.h`).
const fn from_flag_to_limit(minor: u8) -> i32 {
    if minor <= 11 { -4 } else { 8 }
}

/// The distance from a thread's flag to the interpreter's state before it (`Include/cpython/pystate.h`).
const FROM_FLAG_TO_INTERPRETER: i32 = -(size_of::<usize>() as i32);

/// To set the flag, Python code would have to run until it is clear again. So the check looks for the field beside it:
/// no version has another field there.
fn eval_breaker(_: &Python, layout: &Layout) -> Result<(), String> {
    // SAFETY: the thread is attached, and has a state and an interpreter.
    let (interpreter, thread) = unsafe { (ffi::PyInterpreterState_Get() as usize, ffi::PyThreadState_Get() as usize) };
    match layout.eval_breaker {
        EvalBreaker::OfInterpreter(offset) => {
            let at = interpreter.wrapping_add_signed((offset + from_flag_to_limit(layout.minor)) as isize);
            // SAFETY: the thread is attached. Nothing runs until the limit is restored.
            let (before, found, raised) = unsafe {
                let before = ffi::Py_GetRecursionLimit();
                let found = peek_at::<u32>(at).map(u32::cast_signed);
                ffi::Py_SetRecursionLimit(before + 1);
                let raised = peek_at::<u32>(at).map(u32::cast_signed);
                ffi::Py_SetRecursionLimit(before);
                (before, found, raised)
            };
            expect("the recursion limit beside the flag, and one more", (before, before + 1), (found?, raised?))
        }
        EvalBreaker::OfThread(offset) => {
            let at = thread.wrapping_add_signed((offset + FROM_FLAG_TO_INTERPRETER) as isize);
            expect("the interpreter of a thread, before its flag", interpreter, peek_at(at)?)
        }
    }
}

/// A float that no zeroed or shifted field is equal to.
const PROBE: f64 = 1234.5678e9;

fn float(python: &Python) -> Result<Object, String> {
    // SAFETY: the thread is attached.
    unsafe { python.owned(ffi::PyFloat_FromDouble(PROBE)) }.map_err(|error| error.to_string())
}

fn builtin(python: &Python, name: &str) -> Result<Object, String> {
    python.import("builtins").and_then(|builtins| builtins.attr(python, name)).map_err(|error| error.to_string())
}

fn upper(python: &Python) -> Result<Object, String> {
    builtin(python, "str")?.attr(python, "upper").map_err(|error| error.to_string())
}

/// # Safety
/// `object` is a live object.
unsafe fn borrowed(python: &Python, object: *mut ffi::PyObject) -> Object {
    // SAFETY: the caller promises a live object; live objects have addresses.
    unsafe { Object::from_borrowed(python, std::ptr::NonNull::new_unchecked(object)) }
}

fn method_name(def: usize) -> Result<String, String> {
    text_at(peek_at(def)?)
}

fn text_at(address: usize) -> Result<String, String> {
    let text = memory::read_text(address, 32).map_err(|fault| fault.to_string())?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_interpreter_passes() {
        let python = Python::attach();
        assert_eq!(check(&python, &Layout::CURRENT), Ok(()));
    }

    /// Every field of the layout, changed, with the check that must notice.
    #[test]
    fn every_check_fails_where_its_field_is_wrong() {
        type Change = fn(&mut Layout);
        let changes: &[(&str, Change)] = &[
            ("reference counts", |layout| layout.ob_refcnt += 8),
            ("the immortality of None", |layout| {
                layout.refcount = match layout.refcount {
                    Refcount::Plain => Refcount::ImmortalAllOnes,
                    Refcount::ImmortalAllOnes => Refcount::ImmortalSign,
                    Refcount::ImmortalSign => Refcount::ImmortalAllOnes,
                };
            }),
            ("the type of an object", |layout| layout.ob_type += 8),
            ("the digits of an int", |layout| layout.int.digits -= 4),
            ("the digits of an int", |layout| layout.int.size -= 8),
            ("the digits of an int", |layout| {
                layout.int.form = match layout.int.form {
                    IntForm::SignedSize => IntForm::Tag,
                    IntForm::Tag => IntForm::SignedSize,
                };
            }),
            ("the small ints", |layout| layout.int.small_stride += 8),
            ("the small ints", |layout| layout.int.small_max += 1),
            ("the small ints", |layout| layout.int.small_max -= 1),
            ("the small ints", |layout| layout.int.small_min -= 1),
            ("the value of a float", |layout| layout.float_value += 8),
            ("the text of a str", |layout| layout.text.length += 8),
            ("the text of a str", |layout| layout.text.state += 4),
            ("the text of a str", |layout| layout.text.ascii_data += 1),
            ("the text of a str", |layout| layout.text.other_data -= 4),
            ("the bytes of a bytes object", |layout| layout.bytes_size += 8),
            ("the bytes of a bytes object", |layout| layout.bytes_data += 1),
            ("the flags of a type", |layout| layout.type_flags += 8),
            ("the flags of subclasses", |layout| layout.int_subclass_bit += 1),
            ("the name of a type", |layout| layout.type_name += 8),
            ("the definition of a built-in function", |layout| layout.function_def += 8),
            ("the self of a built-in function", |layout| layout.function_self += 8),
            ("the definition of a method descriptor", |layout| layout.descriptor_def -= 8),
            ("the type of a method descriptor", |layout| layout.descriptor_type += 8),
            ("the namespace of a module", |layout| layout.module_dict += 8),
            ("the size of a module object", |layout| layout.module_size += 8),
            ("the trace functions of a thread", |layout| layout.thread_trace += 8),
            ("the trace functions of a thread", |layout| layout.thread_trace -= 8),
            ("the fields of a Python function", |layout| layout.python_function_code += 8),
            ("the fields of a Python function", |layout| layout.python_function_defaults += 8),
            ("the fields of a Python function", |layout| layout.python_function_keyword_defaults -= 8),
            ("the fields of a Python function", |layout| layout.python_function_vectorcall += 8),
            ("the flag that something waits", |layout| {
                layout.eval_breaker = match layout.eval_breaker {
                    EvalBreaker::OfInterpreter(offset) => EvalBreaker::OfInterpreter(offset + 4),
                    EvalBreaker::OfThread(offset) => EvalBreaker::OfThread(offset + 8),
                };
            }),
            ("the flag that something waits", |layout| {
                layout.eval_breaker = match layout.eval_breaker {
                    EvalBreaker::OfInterpreter(offset) => EvalBreaker::OfThread(offset),
                    EvalBreaker::OfThread(offset) => EvalBreaker::OfInterpreter(offset),
                };
            }),
        ];
        let python = Python::attach();
        let mut changes = changes.to_vec();
        if Layout::CURRENT.dict_version.is_some() {
            changes.push(("the version of a dict", |layout| layout.dict_version = Some(16)));
        }
        for (name, change) in &changes {
            let mut layout = Layout::CURRENT;
            change(&mut layout);
            match check(&python, &layout) {
                Err(Incompatible::Layout { check, .. }) => assert_eq!(check, *name),
                other => panic!("{name}: {other:?}"),
            }
        }
        // All proofs were made to fail above, except that of the size of an int, which comes after the digits, and that
        // of the version, which comes first.
        let mut layout = Layout::CURRENT;
        layout.int.size -= 8;
        assert!(one_digit(&python, &layout).is_err());
        let unchanged: Vec<_> = proofs()
            .into_iter()
            .map(|proof| proof.what)
            .filter(|what| !["the size of an int", "the version"].contains(what))
            .filter(|what| !changes.iter().any(|(changed, _)| changed == what))
            .filter(|what| Layout::CURRENT.dict_version.is_some() || *what != "the version of a dict")
            .collect();
        assert_eq!(unchanged, Vec::<&str>::new());
    }

    #[test]
    fn other_versions_and_free_threaded_builds_are_refused() {
        assert_eq!(check_version("3.13.0 (main, Oct  7 2024) [GCC 12.2.0]", 13), Ok(()));
        assert_eq!(check_version("3.14.0rc1+ (main)", 14), Ok(()));
        for (running, minor) in [("3.1.0 (x)", 11), ("3.110.0 (x)", 11), ("3.12.1 (x)", 13), ("", 13)] {
            assert!(matches!(check_version(running, minor), Err(Incompatible::Version { .. })), "{running}");
        }
        let free = "3.13.0 experimental free-threading build (main, Oct  7 2024) [GCC 12.2.0]";
        assert!(matches!(check_version(free, 13), Err(Incompatible::FreeThreaded { .. })));
    }
}
