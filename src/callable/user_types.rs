//! The types of extensions that a signature names.

use std::num::NonZeroUsize;
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use crate::callable::Error;
use crate::embed::{Object, Python};
use crate::metadata::{Kind, Overload, Signature, TypePlace, UserType};
use crate::standard::types::builtin_found;

/// Imports the types that a signature names (`type:module.Name`) and does not know yet. The signature has their
/// addresses from then on: a user of the signature must keep the returned types alive, which are all whose addresses it
/// has.
///
/// # Errors
/// The exception of the import, or a name that is not a type's.
pub fn resolve_types(python: &Python, signature: &mut Signature) -> Result<Vec<Object>, Error> {
    let mut types = Vec::new();
    for class in signature.overloads.iter_mut().flat_map(types_of) {
        types.extend(resolve(python, class)?);
    }
    Ok(types)
}

/// Like [`resolve_types`], also for types in variables: the overload then has the type that the variable holds now.
///
/// # Errors
/// The errors of [`resolve_types`]; also if a variable holds no type.
///
/// # Safety
/// Each address in the overload is that of a live type; each variable holds a type, or null.
pub unsafe fn fix_types(python: &Python, overload: &mut Overload) -> Result<Vec<Object>, Error> {
    let mut types = Vec::new();
    for class in types_of(overload) {
        if let Some(TypePlace::Variable(variable)) = class.place {
            // SAFETY: the caller promises a variable.
            let held = unsafe { *(variable.get() as *const usize) };
            let address = NonZeroUsize::new(held).ok_or_else(|| mismatch(class, "its variable holds no type"))?;
            class.place = Some(TypePlace::Object(address));
        }
        types.extend(resolve(python, class)?);
    }
    Ok(types)
}

/// A reference to the type, whose address is known from now on; `None` if a variable holds it.
fn resolve(python: &Python, class: &mut UserType) -> Result<Option<Object>, Error> {
    match class.place {
        None => {
            let object = import(python, class)?;
            let address = NonZeroUsize::new(object.as_ptr() as usize);
            class.place = address.map(TypePlace::Object);
            // A program may put a class of its own into `builtins`.
            class.builtin = address.and_then(|address| builtin_found(&class.name, address));
            Ok(Some(object))
        }
        // SAFETY: the code that put the address into the signature keeps the type alive.
        Some(TypePlace::Object(address)) => unsafe {
            Ok(NonNull::new(address.get() as *mut ffi::PyObject).map(|class| Object::from_borrowed(python, class)))
        },
        Some(TypePlace::Variable(_)) => Ok(None),
    }
}

/// The types of an overload's parameters and of its result.
fn types_of(overload: &mut Overload) -> impl Iterator<Item = &mut UserType> {
    let parameters = overload.parameters.iter_mut().map(|parameter| &mut parameter.kind);
    parameters.chain([&mut overload.result]).filter_map(|kind| match kind {
        Kind::User { class, .. } => Some(class),
        _ => None,
    })
}

fn import(python: &Python, class: &UserType) -> Result<Object, Error> {
    let (module, name) = class.name.rsplit_once('.').ok_or_else(|| mismatch(class, "a type is named module.Name"))?;
    let object = python.import(module)?.attr(python, name)?;
    // SAFETY: the object is alive.
    if unsafe { ffi::PyType_Check(object.as_ptr()) } == 0 {
        return Err(mismatch(class, "it is no type: name one, as type:module.Name"));
    }
    Ok(object)
}

fn mismatch(class: &UserType, reason: &str) -> Error {
    Error::Mismatch { name: class.name.clone(), reason: reason.to_owned() }
}
