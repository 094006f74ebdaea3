//! The steps of an embedder: `cargo run --example embed`.
//!
//! The module is the demo's, compiled here so that the example runs anywhere. Any extension that declares its methods
//! with `include/typedcall.h` would do; `python.import("its_name")` would import it.

use std::ptr::NonNull;

use pyo3_ffi::PyObject;
use typedcall::embed::Python;
use typedcall::{Entry, Options, Specializer, demo};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Starts the interpreter. If one is running and you hold the GIL, use `Python::assume_attached`.
    let python = Python::attach();
    let folder = tempfile::tempdir()?;
    let module = demo::load(&python, folder.path())?;

    // One specializer is enough for a process: it remembers callables and compiled code.
    let specializer = Specializer::new(&python, Options::default())?;
    specializer.adopt(&python, &module)?;
    let inc = module.attr(&python, "inc")?;
    println!("inc: {}", specializer.signature(&python, &inc)?);

    // C values on both sides: the stub is the underlying function, called like any C function.
    let native = specializer.stub(&python, &inc, Entry::Native)?;
    // SAFETY: the signature above says `(i64) -> i64`, and the stub outlives the calls.
    let c_inc: extern "C" fn(i64) -> i64 = unsafe { std::mem::transmute::<NonNull<u8>, _>(native.address()) };
    println!("native:  {}", c_inc(41));

    // Objects whose types are proven, for example by type feedback: borrows its arguments, returns a new reference.
    let boxed = specializer.stub(&python, &inc, Entry::Boxed)?;
    // SAFETY: one argument, so one pointer; the stub outlives the calls, which are made with the GIL held.
    let object_inc: unsafe extern "C" fn(*mut PyObject) -> *mut PyObject =
        unsafe { std::mem::transmute::<NonNull<u8>, _>(boxed.address()) };
    let argument = python.int(41)?;
    // SAFETY: the argument is an exact int; the result is a new reference, or null with an exception set.
    let result = unsafe { python.owned(object_inc(argument.as_ptr()))? };
    println!("boxed:   {}", result.repr(&python)?);

    // For Python: checks its arguments, and calls the original if they do not fit the fast path.
    let names = python.namespace()?;
    names.set_item(&python, "inc", &specializer.function(&python, &inc)?)?;
    println!("guarded: {}", python.eval("inc(41), inc(True)", &names)?.repr(&python)?);

    // A callable without metadata takes a signature of objects: stubs skip the calling protocol.
    let upper = python.import("builtins")?.attr(&python, "str")?.attr(&python, "upper")?;
    specializer.declare(&python, &upper, "(self: str) -> str raises null")?;
    names.set_item(&python, "upper", &specializer.function(&python, &upper)?)?;
    println!("upper:   {}", python.eval("upper('hello, world')", &names)?.repr(&python)?);
    Ok(())
}
