//! The functions below: functions of the C library that a function of the table calls on the same numbers.

use std::ffi::{CStr, c_void};
use std::fmt;
use std::num::NonZeroUsize;
#[cfg(target_os = "linux")]
use std::sync::OnceLock;

/// A function of the C library that gives the result of an overload, bit for bit. It runs no Python code, whatever the
/// overload says of the original. It sets no exception, and changes only `errno`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Below {
    /// Its name.
    pub symbol: &'static str,
    /// Its address in this process.
    pub address: NonZeroUsize,
    /// Whether its result is the original's only if it is finite. If it is not, the original must be called instead: it
    /// decides what a NaN or an infinity means (a result, a `ValueError` or an `OverflowError`).
    pub finite: bool,
}

impl fmt::Display for Below {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.symbol, if self.finite { " finite" } else { "" })
    }
}

/// The functions that the tables name. All take doubles; `ldexp` also takes an `int` after one.
const SYMBOLS: [&CStr; 33] = [
    c"acos",
    c"acosh",
    c"asin",
    c"asinh",
    c"atan",
    c"atan2",
    c"atanh",
    c"cbrt",
    c"copysign",
    c"cos",
    c"cosh",
    c"erf",
    c"erfc",
    c"exp",
    c"exp2",
    c"expm1",
    c"fabs",
    c"fma",
    c"fmax",
    c"fmin",
    c"fmod",
    c"ldexp",
    c"log",
    c"log10",
    c"log1p",
    c"log2",
    c"nextafter",
    c"pow",
    c"sin",
    c"sinh",
    c"sqrt",
    c"tan",
    c"tanh",
];

/// The library that has the functions, by the name that CPython passes to the dynamic linker.
#[cfg(target_os = "linux")]
const LIBRARY: &CStr = c"libm.so.6";

/// The name and the address of a function. There is no address if the C library lacks the function; `None` if the name
/// is not one of these functions.
///
/// The dynamic linker is asked, as for CPython: the same name in Rust may be linked to a function of Rust's own runtime
/// (`cbrt` is), whose last bit may differ.
pub(super) fn find(symbol: &str) -> Option<(&'static str, Option<NonZeroUsize>)> {
    let name = *SYMBOLS.iter().find(|name| name.to_bytes() == symbol.as_bytes())?;
    // SAFETY: the name is a C string, and the handle is open for ever.
    let address = handle().map(|handle| unsafe { libc::dlsym(handle.get() as *mut c_void, name.as_ptr()) });
    Some((name.to_str().ok()?, address.and_then(|address| NonZeroUsize::new(address as usize))))
}

/// The handle of the library that has the functions, never closed. `None` if there is no library of that name, as with
/// C libraries other than GNU's.
#[cfg(target_os = "linux")]
fn handle() -> Option<NonZeroUsize> {
    static HANDLE: OnceLock<Option<NonZeroUsize>> = OnceLock::new();
    // SAFETY: the name is a C string; the library is one that CPython has loaded.
    *HANDLE.get_or_init(|| NonZeroUsize::new(unsafe { libc::dlopen(LIBRARY.as_ptr(), libc::RTLD_LAZY) } as usize))
}

/// On other platforms it is not known which library CPython calls.
#[cfg(not(target_os = "linux"))]
fn handle() -> Option<NonZeroUsize> {
    None
}
