//! Times calls of a C function from C, for `python -m typedcall bench` to compare with.

use std::ffi::{CStr, c_void};
use std::hint::black_box;
use std::mem::transmute;
use std::ptr::NonNull;
use std::time::Instant;

use pyo3_ffi as ffi;

use super::arguments::FastcallArguments;
use super::method_error::MethodError;
use super::trampoline::NativeMethod;
use crate::embed::{Object, Python};

/// `time_calls(address, type, argument, count)`: the seconds for `count` calls of a function of one argument.
pub struct TimeCallsMethod;

impl NativeMethod for TimeCallsMethod {
    const NAME: &'static CStr = c"time_calls";
    const DOC: &'static CStr = c"time_calls($module, address, type, argument, count, /)\n--\n\n\
        Seconds for count calls of the C function at address, from a loop in native code.\n\n\
        type is \"i64\" or \"f64\": what the function takes and returns.";
    const ARITY: usize = 4;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let (address, count) = (arguments.address(python, 0)?, arguments.int(3)?);
        let seconds = match &*arguments.text(python, 1)? {
            "i64" => {
                let argument = arguments.int(2)?;
                // SAFETY: the caller of a function that takes an address is responsible for it.
                let function = unsafe { transmute::<NonNull<c_void>, extern "C" fn(i64) -> i64>(address) };
                seconds(count, || function(black_box(argument)))
            }
            "f64" => {
                let argument = arguments.float(2)?;
                // SAFETY: as above.
                let function = unsafe { transmute::<NonNull<c_void>, extern "C" fn(f64) -> f64>(address) };
                seconds(count, || function(black_box(argument)))
            }
            other => return Err(MethodError::Type(format!("{other}: say \"i64\" or \"f64\""))),
        };
        // SAFETY: the thread is attached.
        Ok(unsafe { python.owned(ffi::PyFloat_FromDouble(seconds)) }?)
    }
}

fn seconds<T>(count: i64, mut call: impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    for _ in 0..count {
        black_box(call());
    }
    start.elapsed().as_secs_f64()
}
