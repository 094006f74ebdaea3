//! The C functions below: those of the C library that a function of the table calls on the same numbers.

use std::fmt;
use std::num::NonZeroUsize;

/// A function of the C library that gives the result of an overload, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Below {
    /// Its name.
    pub symbol: &'static str,
    /// Its address in this process.
    pub address: NonZeroUsize,
    /// Its result is the function's only where it is finite. Else the original must be called instead, which decides what a
    /// NaN or an infinity means: a result, a `ValueError` or an `OverflowError`.
    pub finite: bool,
}

impl fmt::Display for Below {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.symbol, if self.finite { " finite" } else { "" })
    }
}

/// Declares the functions, and a table of their addresses.
macro_rules! libm {
    ($($name:ident($($parameter:ty),*);)*) => {
        unsafe extern "C" {
            $(fn $name($(_: $parameter),*) -> f64;)*
        }

        /// The address of a function of the C library.
        pub(super) fn address(symbol: &str) -> Option<(&'static str, NonZeroUsize)> {
            let (name, address) = match symbol {
                $(stringify!($name) => (stringify!($name), $name as *const () as usize),)*
                _ => return None,
            };
            Some((name, NonZeroUsize::new(address)?))
        }
    };
}

libm! {
    acos(f64);
    acosh(f64);
    asin(f64);
    asinh(f64);
    atan(f64);
    atan2(f64, f64);
    atanh(f64);
    cbrt(f64);
    copysign(f64, f64);
    cos(f64);
    cosh(f64);
    erf(f64);
    erfc(f64);
    exp(f64);
    exp2(f64);
    expm1(f64);
    fabs(f64);
    fma(f64, f64, f64);
    fmax(f64, f64);
    fmin(f64, f64);
    fmod(f64, f64);
    ldexp(f64, i32);
    log(f64);
    log10(f64);
    log1p(f64);
    log2(f64);
    nextafter(f64, f64);
    pow(f64, f64);
    remainder(f64, f64);
    sin(f64);
    sinh(f64);
    sqrt(f64);
    tan(f64);
    tanh(f64);
}
