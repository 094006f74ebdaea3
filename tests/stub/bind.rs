//! A function that was bound and a hand-written wrapper of the same C function agree for every call: on results, on
//! exceptions and their texts, on how often an argument's own code runs, and on reference counts after the call.
//!
//! Functions and wrappers are in `bare.c`, the comparison is in `support/wrappers.py`.

use crate::support::bare::{bare, bind_case, cases};
use crate::support::extension::{agree, evaluate, execute, member, specializer, start};

const WRAPPERS: &str = include_str!("../support/wrappers.py");

#[test]
fn bound_functions_agree_with_hand_written_wrappers() {
    own_process!();
    let python = start();
    let module = bare(&python);
    let names = agree(&python);
    execute(&python, WRAPPERS, &names);
    let specializer = specializer(&python);
    execute(&python, "import bare; bare.set_default(['the', 'default'])", &names);
    let (mut compared, mut differences) = (0, String::new());
    for case in cases(&python, &module) {
        let bound = bind_case(&python, &specializer, &case).unwrap_or_else(|error| panic!("{}: {error}", case.name));
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
    assert!(compared > 20_000, "{compared} calls compared");
}
