//! Adoption copies what it reads: metadata that is changed or freed later never leads to a wrong call.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::extension::{evaluate, run, specializer, start};
use crate::support::victim::{Random, Victim, of_kind};
use pyo3_ffi as ffi;
use typedcall::embed::{Object, Python};
use typedcall::metadata::abi::kind;
use typedcall::{Error, Specializer};

static RIGHT: AtomicUsize = AtomicUsize::new(0);
static WRONG: AtomicUsize = AtomicUsize::new(0);

extern "C" fn right(x: i64) -> i64 {
    RIGHT.fetch_add(1, Ordering::Relaxed);
    x + 1
}

extern "C" fn wrong(x: f64) -> f64 {
    WRONG.fetch_add(1, Ordering::Relaxed);
    x
}

unsafe extern "C" fn wrapper(_: *mut ffi::PyObject, argument: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls it, with an object and the GIL.
    unsafe {
        let number = ffi::PyLong_AsLongLong(argument);
        if number == -1 && !ffi::PyErr_Occurred().is_null() { null_mut() } else { ffi::PyLong_FromLongLong(number + 1) }
    }
}

/// A module with a typed method `method_é: (i64) -> i64`. Its name and head are in one block of memory, since CPython
/// itself reads the name at any time; the data that the head points at is in another block, which may be freed.
struct Changing {
    module: Object,
    method: Object,
    near: Victim,
    far: Victim,
}

impl Changing {
    fn new(python: &Python) -> Self {
        let (mut near, mut far, mut random) = (Victim::new(), Victim::new(), Random::new(5));
        near.fill(&mut random);
        far.fill(&mut random);
        far.set(0, of_kind(kind::I64), &[of_kind(kind::I64)]);
        far.block().functions[0].function = right as extern "C" fn(i64) -> i64 as usize;
        let signatures = &raw const far.block().pointers as usize;
        let block = near.block();
        (block.head.signatures, block.head.signature_count) = (signatures, 1);
        (block.meth, block.flags) = (wrapper as ffi::PyCFunction as usize, ffi::METH_O);
        let module = run(python, "import types\nmodule = types.ModuleType('changing')");
        let module = module.item(python, "module").expect("just assigned");
        // SAFETY: a definition that is never freed, and a module.
        let method = unsafe {
            python.owned(ffi::PyCFunction_NewEx(near.def() as *mut ffi::PyMethodDef, module.as_ptr(), null_mut()))
        };
        let method = method.expect("there is memory");
        module.set_attr(python, "method", &method).expect("a module has attributes");
        Self { module, method, near, far }
    }

    /// Puts another function, with another signature, under the same name.
    fn change(&mut self) {
        self.far.set(0, of_kind(kind::F64), &[of_kind(kind::F64)]);
        self.far.block().functions[0].function = wrong as extern "C" fn(f64) -> f64 as usize;
    }
}

/// Stubs made before and stubs made now call the right function, and the signature is the old one.
fn still_right(python: &Python, specializer: &Specializer, changing: &Changing, before: &Object) {
    let signature = specializer.signature(python, &changing.method).expect("it was adopted");
    assert_eq!(signature.to_string(), "(i64) -> i64");
    let now = specializer.function(python, &changing.method).expect("it was adopted");
    let names = python.namespace().expect("there is memory");
    names.set_item(python, "before", before).expect("there is memory");
    names.set_item(python, "now", &now).expect("there is memory");
    let calls = RIGHT.load(Ordering::Relaxed);
    assert_eq!(evaluate(python, "[before(41), now(41), before(True), now(-1)]", &names), "[42, 42, 2, 0]");
    assert!(RIGHT.load(Ordering::Relaxed) >= calls + 3);
    assert_eq!(WRONG.load(Ordering::Relaxed), 0);
}

#[test]
fn metadata_that_changes_or_goes_away_after_adoption_changes_no_call() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let mut changing = Changing::new(&python);
    let adopted = specializer.adopt(&python, &changing.module).expect("it is a module");
    assert_eq!((adopted.methods.len(), adopted.rejected.len()), (1, 0));
    let before = specializer.function(&python, &changing.method).expect("it is adopted");
    still_right(&python, &specializer, &changing, &before);

    changing.change();
    still_right(&python, &specializer, &changing, &before);

    changing.near.block().head.footer.version = 77;
    still_right(&python, &specializer, &changing, &before);
    let adopted = specializer.adopt(&python, &changing.module).expect("it is a module");
    assert_eq!(adopted.rejected[0].rejected.field, "version");
    still_right(&python, &specializer, &changing, &before);

    changing.near.block().head.footer.version = 1;
    std::mem::replace(&mut changing.far, Victim::new()).unmap();
    still_right(&python, &specializer, &changing, &before);
    // A specializer that never adopted it sees the new contents.
    let other = crate::support::extension::specializer(&python);
    match other.function(&python, &changing.method) {
        Err(Error::Rejected(rejected)) => assert_eq!(rejected.field, "signatures[0]"),
        other => panic!("{other:?}"),
    }
}
