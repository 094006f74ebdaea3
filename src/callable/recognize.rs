//! Recognises functions of the standard library: from a live callable to its entry.

use std::ffi::{CStr, c_char};
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::world::live_method_call;
use crate::cpython::Behaviour;
use crate::cpython::object::{HEAP_TYPE, TP_FLAGS, TP_NAME};
use crate::embed::{Object, Python, running_version};
use crate::lower::body::MethodCall;
use crate::metadata::{Definition, Receiver, definition};
use crate::standard::{StandardEntry, entry};

/// The entry of a live callable in the running version, if it is the very object that `builtins`, `math` or the type
/// has under the entry's name. `None` for everything else: for an object that a program has put in the place of
/// `builtins.len`, and for a method that is bound to an object, which takes one argument less.
pub fn recognize(python: &Python, callable: &Object) -> Option<&'static StandardEntry> {
    // SAFETY: the object is alive, and the thread attached.
    unsafe {
        if ffi::PyType_Check(callable.as_ptr()) != 0 {
            return class(python, callable);
        }
        let given = definition(callable.as_ptr())?;
        match given.receiver {
            Receiver::Method { d_type } => method(python, &given, d_type),
            Receiver::ClassMethod { .. } => None,
            // A static method has no `self`, but knows its type (`m_self` of the function itself).
            Receiver::Function { .. } => {
                let owner = NonNull::new(ffi::PyCFunction_GetSelf(given.callable).cast::<ffi::PyObject>());
                match owner {
                    Some(owner) if ffi::PyModule_Check(owner.as_ptr()) != 0 => function(python, &given, owner),
                    Some(owner) if ffi::PyType_Check(owner.as_ptr()) != 0 => {
                        method(python, &given, owner.as_ptr().cast())
                    }
                    // PyCFunction_GetSelf returns null for a static method.
                    None => static_method(python, &given),
                    Some(_) => None,
                }
            }
        }
    }
}

/// How compiled code calls a live built-in function, or the descriptor of a method, by its `ml_meth`; `None` if it
/// calls it as any object.
pub fn method_call(python: &Python, callable: &Object) -> Option<MethodCall> {
    live_method_call(python, callable)
}

/// The version of the running interpreter, such as `(3, 13)`.
fn running() -> Option<(u8, u8)> {
    let text = running_version();
    let mut numbers = text.split(|character: char| !character.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// A function of one of the two modules.
///
/// # Safety
/// The definition is a live callable's, the module alive.
unsafe fn function(
    python: &Python,
    given: &Definition,
    module: NonNull<ffi::PyObject>,
) -> Option<&'static StandardEntry> {
    // SAFETY: the caller promises that both live. The names of a definition are C strings, and the dicts are borrowed
    // from live objects.
    unsafe {
        let name = text(given.def.cast::<*const c_char>().read())?;
        let builtins = NonNull::new(ffi::PyEval_GetBuiltins())?;
        let (dict, qualified) = if ffi::PyModule_GetDict(module.as_ptr()) == builtins.as_ptr() {
            (builtins, name.to_owned())
        } else {
            // From 3.15 on, the functions of `math` on ints are in a module of their own.
            let is = |name: &str| python.import(name).is_ok_and(|math| math.as_ptr() == module.as_ptr());
            if !(is("math") || Behaviour::CURRENT.has_math_integer && is("math.integer")) {
                return None;
            }
            let math = python.import("math").ok()?;
            (NonNull::new(ffi::PyModule_GetDict(math.as_ptr()))?, format!("math.{name}"))
        };
        let held = Object::from_borrowed(python, dict).item(python, name)?;
        entry(&qualified, running()?).filter(|entry| held.as_ptr() == given.callable && !entry.is_class)
    }
}

/// A class of `builtins`: only CPython's own are static.
///
/// # Safety
/// The object is a live type.
unsafe fn class(python: &Python, callable: &Object) -> Option<&'static StandardEntry> {
    // SAFETY: the caller promises a live type, whose name is a C string; the dict is borrowed from the thread.
    unsafe {
        let flags = callable.as_ptr().byte_add(TP_FLAGS).cast::<u64>().read();
        let name = text(callable.as_ptr().byte_add(TP_NAME).cast::<*const c_char>().read())?;
        let builtins = Object::from_borrowed(python, NonNull::new(ffi::PyEval_GetBuiltins())?);
        let held = builtins.item(python, name)?;
        let is_held = flags & HEAP_TYPE == 0 && held.as_ptr() == callable.as_ptr();
        entry(name, running()?).filter(|entry| is_held && entry.is_class)
    }
}

/// A method, class method or static method of one of the types.
///
/// # Safety
/// The definition is a live callable's.
unsafe fn method(python: &Python, given: &Definition, class: *mut ffi::PyTypeObject) -> Option<&'static StandardEntry> {
    let (owner, _) = types().into_iter().find(|(_, known)| *known == class)?;
    // SAFETY: the caller promises that the definition lives; its name is a C string.
    unsafe {
        let name = text(given.def.cast::<*const c_char>().read())?;
        let class = Object::from_borrowed(python, NonNull::new(class.cast())?);
        // A class method is bound anew at each look-up, so definitions are compared.
        let held = definition(class.attr(python, name).ok()?.as_ptr())?;
        let is_held = held.def == given.def && held.receiver == given.receiver;
        entry(&format!("{owner}.{name}"), running()?).filter(|_| is_held)
    }
}

/// A static method, which does not know its type.
///
/// # Safety
/// The definition is a live callable's.
unsafe fn static_method(python: &Python, given: &Definition) -> Option<&'static StandardEntry> {
    // SAFETY: as the caller promises.
    types().into_iter().find_map(|(_, class)| unsafe { method(python, given, class) })
}

/// The types whose methods are in the tables.
fn types() -> [(&'static str, *mut ffi::PyTypeObject); 8] {
    [
        ("str", &raw mut ffi::PyUnicode_Type),
        ("bytes", &raw mut ffi::PyBytes_Type),
        ("list", &raw mut ffi::PyList_Type),
        ("tuple", &raw mut ffi::PyTuple_Type),
        ("dict", &raw mut ffi::PyDict_Type),
        ("set", &raw mut ffi::PySet_Type),
        ("int", &raw mut ffi::PyLong_Type),
        ("float", &raw mut ffi::PyFloat_Type),
    ]
}

/// # Safety
/// `name` is null or a C string that lives as long as its callable.
unsafe fn text<'a>(name: *const c_char) -> Option<&'a str> {
    // SAFETY: as the caller promises.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) })?.to_str().ok()
}
