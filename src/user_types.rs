//! The types of extensions that a signature names as text.

use std::num::NonZeroUsize;

use pyo3_ffi as ffi;

use crate::embed::Python;
use crate::error::Error;
use crate::metadata::{Kind, Signature, UserType};

/// Imports the types that a signature names (`type:module.Name`), unless their addresses are known.
///
/// # Errors
/// What the import raises, and names that are no types.
pub fn resolve_types(python: &Python, signature: &mut Signature) -> Result<(), Error> {
    for overload in &mut signature.overloads {
        let parameters = overload.parameters.iter_mut().map(|parameter| &mut parameter.kind);
        for kind in parameters.chain([&mut overload.result]) {
            if let Kind::User { class, .. } = kind
                && class.address.is_none()
            {
                class.address = Some(import(python, class)?);
            }
        }
    }
    Ok(())
}

fn import(python: &Python, class: &UserType) -> Result<NonZeroUsize, Error> {
    let mismatch = |reason: &str| Error::Mismatch { name: class.name.clone(), reason: reason.to_owned() };
    let (module, name) = class.name.rsplit_once('.').ok_or_else(|| mismatch("a type is named module.Name"))?;
    let object = python.import(module)?.attr(python, name)?;
    // SAFETY: the object is alive.
    if unsafe { ffi::PyType_Check(object.as_ptr()) } == 0 {
        return Err(mismatch("it is no type: name one, as type:module.Name"));
    }
    // Compiled code compares with the address: it must never be that of another type.
    NonZeroUsize::new(object.into_ptr() as usize).ok_or_else(|| mismatch("it has no address"))
}
