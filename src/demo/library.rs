//! Functions of a shared object, by the names that it exports.

use std::ffi::{CString, c_void};
use std::path::{Path, PathBuf};

use super::extension::ExtensionError;

/// A loaded shared object; never unloaded.
#[derive(Debug)]
pub struct Library {
    handle: *mut c_void,
    path: PathBuf,
}

impl Library {
    /// Loads a shared object, or finds one that the process has already loaded.
    ///
    /// # Errors
    /// If the loader refuses it.
    ///
    /// # Safety
    /// Loading it runs no code that must not run here.
    pub unsafe fn load(path: &Path) -> Result<Self, ExtensionError> {
        let missing = |what: &str| ExtensionError::Missing { library: path.to_owned(), what: what.to_owned() };
        let name = CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| missing("a path without NUL"))?;
        // SAFETY: the path is a C string; the caller is responsible for the library's own code.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if handle.is_null() { Err(missing("the library itself")) } else { Ok(Self { handle, path: path.to_owned() }) }
    }

    /// An exported function.
    ///
    /// # Errors
    /// If there is none of this name.
    ///
    /// # Safety
    /// `F` is the function pointer type of the function with this name.
    pub unsafe fn function<F: Copy>(&self, name: &str) -> Result<F, ExtensionError> {
        const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
        let missing = || ExtensionError::Missing { library: self.path.clone(), what: name.to_owned() };
        let c_name = CString::new(name).map_err(|_| missing())?;
        // SAFETY: the handle is that of a loaded library, the name a C string.
        let address = unsafe { libc::dlsym(self.handle, c_name.as_ptr()) };
        if address.is_null() {
            return Err(missing());
        }
        // SAFETY: the caller promises that this is the function's type; the address is not null.
        Ok(unsafe { std::mem::transmute_copy(&address) })
    }
}
