//! Functions of a shared object, by the names that it exports.

use std::ffi::{CStr, CString, c_void};
use std::path::{Path, PathBuf};

use super::extension::ExtensionError;

/// A loaded shared object; never unloaded.
#[derive(Debug)]
pub struct Library {
    handle: *mut c_void,
    path: PathBuf,
}

impl Library {
    /// Loads a shared object, or finds it where the process has loaded it before.
    ///
    /// # Errors
    /// Where the loader refuses it.
    ///
    /// # Safety
    /// Loading it runs no code that may not run here.
    pub unsafe fn load(path: &Path) -> Result<Self, ExtensionError> {
        let missing = |what: &str| ExtensionError::Missing { library: path.to_owned(), what: what.to_owned() };
        let name = CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| missing("a path without NUL"))?;
        // SAFETY: the path is a C string; the caller answers for the library's own code.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if handle.is_null() { Err(missing("the library itself")) } else { Ok(Self { handle, path: path.to_owned() }) }
    }

    /// An exported function.
    ///
    /// # Errors
    /// Where there is none of this name.
    ///
    /// # Safety
    /// `F` is a function pointer's type: that of the function of this name.
    pub unsafe fn function<F: Copy>(&self, name: &CStr) -> Result<F, ExtensionError> {
        const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
        // SAFETY: the handle is that of a loaded library.
        let address = unsafe { libc::dlsym(self.handle, name.as_ptr()) };
        if address.is_null() {
            let what = name.to_string_lossy().into_owned();
            return Err(ExtensionError::Missing { library: self.path.clone(), what });
        }
        // SAFETY: the caller promises that this is the function's type; the address is not null.
        Ok(unsafe { std::mem::transmute_copy(&address) })
    }
}
