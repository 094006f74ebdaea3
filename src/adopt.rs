//! Adoption: reading the metadata of a whole module once, and clearing the flag that slows the interpreter down.

use std::ptr::NonNull;

use pyo3_ffi as ffi;

use crate::embed::{Object, Python};
use crate::error::Error;
use crate::ir::CalleeTarget;
use crate::metadata::{Rejected, Signature, clear_flag, definition, read_def};
use crate::registry::{KnownMethod, Registry};

/// What a module declares.
#[derive(Debug, Default)]
pub struct Adopted {
    /// Its typed methods, in the order of its namespace.
    pub methods: Vec<AdoptedMethod>,
    /// Methods whose metadata was rejected. They keep their flag, and work as ordinary ones.
    pub rejected: Vec<RejectedMethod>,
}

/// A typed method of a module.
#[derive(Debug)]
pub struct AdoptedMethod {
    /// Its name in the module: `inc`, `Point.norm`.
    pub name: String,
    /// Its signature.
    pub signature: Signature,
    /// What became of its flag.
    pub flag: Flag,
}

/// A method whose metadata was rejected.
#[derive(Debug)]
pub struct RejectedMethod {
    /// Its name in the module.
    pub name: String,
    /// Which field, and why.
    pub rejected: Rejected,
}

/// What became of a method's METH_TYPED flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flag {
    /// It was not set.
    Unset,
    /// It was set, and is cleared.
    Cleared,
    /// It is set and stays so, for this reason.
    Kept(String),
}

/// Reads the metadata of a module's functions and of the methods of its types.
pub fn adopt(python: &Python, registry: &Registry, module: &Object) -> Result<Adopted, Error> {
    let mut adopted = Adopted::default();
    let module_name = module.attr(python, "__name__")?.text(python)?;
    for (name, member) in members(python, &module.attr(python, "__dict__")?)? {
        // SAFETY: the member is alive.
        let is_type = unsafe { ffi::PyType_Check(member.as_ptr()) } != 0;
        if !is_type {
            adopted.method(python, registry, module, name, &member);
        } else if belongs(python, &member, &module_name) {
            for (method, member) in members(python, &member.attr(python, "__dict__")?)? {
                adopted.method(python, registry, module, format!("{name}.{method}"), &member);
            }
        }
    }
    Ok(adopted)
}

impl Adopted {
    fn method(&mut self, python: &Python, registry: &Registry, module: &Object, name: String, member: &Object) {
        // SAFETY: the member is alive, and the thread attached.
        let Some(found) = (unsafe { definition(member.as_ptr()) }) else { return };
        match read_def(found.def) {
            Ok(None) => {}
            Err(rejected) => self.rejected.push(RejectedMethod { name, rejected }),
            Ok(Some(typed)) => {
                let method = KnownMethod {
                    signature: typed.signature.clone(),
                    functions: typed.functions,
                    target: CalleeTarget::Underlying,
                };
                // SAFETY: the definition is that of a method of the module, which keeps it.
                unsafe { registry.insert(python, found.def, module, method) };
                let flag = match typed.flagged.then(|| clear_flag(found.def)) {
                    None => Flag::Unset,
                    Some(Ok(())) => Flag::Cleared,
                    Some(Err(error)) => Flag::Kept(error.to_string()),
                };
                self.methods.push(AdoptedMethod { name, signature: typed.signature, flag });
            }
        }
    }
}

/// Whether a type was defined by the module: what it imports from elsewhere is not its own to adopt.
fn belongs(python: &Python, class: &Object, module: &str) -> bool {
    class.attr(python, "__module__").and_then(|name| name.text(python)).is_ok_and(|name| name == module)
}

/// Names and values of a namespace, a dict or a type's read-only view of one.
fn members(python: &Python, namespace: &Object) -> Result<Vec<(String, Object)>, Error> {
    let mut members = Vec::new();
    // SAFETY: the thread is attached; the copy is ours alone, so that nothing changes it while it is walked, and it
    // keeps alive what is borrowed from it.
    unsafe {
        let copy = python.owned(ffi::PyDict_New())?;
        if ffi::PyDict_Update(copy.as_ptr(), namespace.as_ptr()) != 0 {
            return Err(python.take_exception().into());
        }
        let (mut position, mut name, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
        while ffi::PyDict_Next(copy.as_ptr(), &mut position, &mut name, &mut value) != 0 {
            if let (Some(name), Some(value)) = (NonNull::new(name), NonNull::new(value))
                && ffi::PyUnicode_Check(name.as_ptr()) != 0
            {
                let name = Object::from_borrowed(python, name).text(python)?;
                members.push((name, Object::from_borrowed(python, value)));
            }
        }
    }
    Ok(members)
}
