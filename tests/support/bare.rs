//! C functions without wrappers for tests: those of `tests/c/bare.c`.

use std::num::NonZeroUsize;

use typedcall::embed::{Object, Python};
use typedcall::metadata::{DefaultValue, Signature};
use typedcall::{BareFunction, Bind, Error, Specializer};

use super::extension::{evaluate, import};

const BARE: &str = include_str!("../c/bare.c");

/// A C function of `bare.c`.
pub struct Case {
    pub name: String,
    pub signature: Signature,
    pub address: NonZeroUsize,
}

impl Case {
    /// The function to bind.
    pub fn function(&self) -> BareFunction<'_> {
        BareFunction { address: self.address, overload: &self.signature.overloads[0], name: &self.name }
    }
}

/// The module, which has a hand-written wrapper of each function.
pub fn bare(python: &Python) -> Object {
    import(python, "bare", BARE, &["-O1", "-std=gnu11", "-Wall", "-Wextra"])
}

/// The functions of `bare.c`. `DEFAULT` in a signature is the object in its variable.
pub fn cases(python: &Python, module: &Object) -> Vec<Case> {
    let names = python.namespace().expect("there is memory");
    names.set_item(python, "bare", module).expect("there is memory");
    let variable = evaluate(python, "bare.cases()[1]", &names).parse().expect("an address");
    let lines = evaluate(python, "'\\n'.join('|'.join(map(str, case)) for case in bare.cases()[0])", &names);
    let case = |line: &str| {
        let [name, signature, address] = line.split('|').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let mut signature: Signature = signature.replace("DEFAULT", "<object>").parse().expect(signature);
        for parameter in &mut signature.overloads[0].parameters {
            if let Some(DefaultValue::Object { address }) = &mut parameter.default {
                *address = NonZeroUsize::new(variable);
            }
        }
        let address = address.parse().ok().and_then(NonZeroUsize::new).expect("an address");
        Case { name: name.to_owned(), signature, address }
    };
    lines.lines().map(case).collect()
}

/// Binds one of them.
pub fn bind_case(python: &Python, specializer: &Specializer, case: &Case) -> Result<Object, Error> {
    let options = Bind { module: Some("bare"), ..Bind::default() };
    // SAFETY: bare.c says what the signature of each function is.
    unsafe { specializer.bind_function(python, case.function(), &options) }
}

/// The case of this name.
pub fn case(python: &Python, name: &str) -> Case {
    let module = bare(python);
    cases(python, &module).into_iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no case {name}"))
}
