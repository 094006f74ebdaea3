//! A function that was bound and a hand-written wrapper of the same C function agree: on results, on exceptions and their
//! texts, on how often an argument's own code runs, and on reference counts after the call, for every call tried.
//!
//! Functions and wrappers are in `bare.c`, the comparison is in `support/wrappers.py`.

mod support;

use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use support::extension::{agree, evaluate, execute, import, member, run, specializer, start, value};
use typedcall::embed::{Object, Python};
use typedcall::metadata::{DefaultValue, Signature};
use typedcall::{BareFunction, Bind, Entry, Error, Specializer};

const BARE: &str = include_str!("bare.c");
const WRAPPERS: &str = include_str!("support/wrappers.py");

/// A C function of `bare.c`.
struct Case {
    name: String,
    signature: Signature,
    address: NonZeroUsize,
}

fn bare(python: &Python) -> Object {
    import(python, "bare", BARE, &["-O1", "-std=gnu11", "-Wall", "-Wextra"])
}

/// The functions of `bare.c`. `DEFAULT` in a signature is the object in its variable.
fn cases(python: &Python, module: &Object) -> Vec<Case> {
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

fn bind_case(python: &Python, specializer: &Specializer, case: &Case) -> Result<Object, Error> {
    let function = BareFunction { address: case.address, overload: &case.signature.overloads[0], name: &case.name };
    let options = Bind { module: Some("bare"), ..Bind::default() };
    // SAFETY: bare.c says what the signature of each function is.
    unsafe { specializer.bind_function(python, function, &options) }
}

#[test]
fn bound_functions_agree_with_hand_written_wrappers() {
    let python = start();
    let module = bare(&python);
    let names = agree(&python);
    execute(&python, WRAPPERS, &names);
    let specializer = specializer(&python);
    execute(&python, "import bare; bare.set_default(['the', 'default'])", &names);
    let (mut compared, mut differences) = (0, String::new());
    for case in cases(&python, &module) {
        let bound = match bind_case(&python, &specializer, &case) {
            Err(Error::Unsupported { source, .. }) => {
                eprintln!("{}: {source}", case.name);
                continue;
            }
            bound => bound.unwrap_or_else(|error| panic!("{}: {error}", case.name)),
        };
        names.set_item(&python, "bound", &bound).expect("there is memory");
        names.set_item(&python, "wrapper", &member(&python, &module, &case.name)).expect("there is memory");
        let arguments: Vec<_> = case.signature.overloads[0].arguments().map(|(_, parameter)| parameter).collect();
        let kinds: Vec<_> = arguments.iter().map(|parameter| parameter.kind.to_string()).collect();
        let parameters: Vec<_> = arguments.iter().map(|parameter| parameter.name.clone().unwrap_or_default()).collect();
        let call = format!("comparison = compare_wrapper({:?}, wrapper, bound, {kinds:?}, {parameters:?})", case.name);
        execute(&python, &call, &names);
        differences += &evaluate(&python, "''.join(line + '\\n' for line in comparison.differences[:3])", &names);
        compared += evaluate(&python, "comparison.count", &names).parse::<usize>().expect("a number");
    }
    assert!(differences.is_empty(), "{differences}");
    println!("{compared} calls compared");
    assert!(compared > 10_000, "{compared} calls compared");
}
