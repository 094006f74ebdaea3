//! Code objects of the running interpreter decode.

use typedcall::bytecode::{self, Code, DecodeError};
use typedcall::embed::{Object, Python};

/// Decodes the function that the statements define under the name `f`.
fn decode(python: &Python, source: &str) -> Code {
    let names = python.namespace().unwrap();
    python.run(source, &names).unwrap();
    let function = names.item(python, "f").expect("the source defines f");
    bytecode::decode_function(python, &function).unwrap()
}

/// The instructions of a listing, without indices, lines and resumptions.
fn shown(code: &Code) -> Vec<String> {
    let all = code.instructions.iter().map(|instruction| code.shown(instruction).to_string());
    all.filter(|text| text != "Resume").collect()
}

#[test]
fn the_proposals_example_is_the_same_in_every_version() {
    let python = Python::attach();
    let code = decode(&python, "def f():\n    x = 'hello,world'\n    return x.upper()");
    let expected =
        ["LoadConst 'hello,world'", "StoreFast x", "LoadFast x", "LoadMethod upper", "CallMethod 0", "Return"];
    assert_eq!(shown(&code), expected);
    assert_eq!(code.stack_size, 2);
}

#[test]
fn other_objects_are_refused_by_their_type() {
    let python = Python::attach();
    let error = bytecode::decode(&python, &python.int(1).unwrap()).unwrap_err();
    assert_eq!(error, DecodeError::NotCode { class: "int".to_owned() });
}

/// Decodes a code object and those in its constants; how many.
fn decode_all(python: &Python, code: &Object, path: &str, counts: &mut Counts) {
    match bytecode::decode(python, code) {
        Ok(decoded) => {
            counts.objects += 1;
            counts.instructions += decoded.instructions.len();
            let stack_size = code.attr(python, "co_stacksize").unwrap().text(python).unwrap().parse::<u32>().unwrap();
            if decoded.stack_size > stack_size + 1 {
                counts.errors.push(format!("{path}: {}: {} > {stack_size}", decoded.qualname, decoded.stack_size));
            }
        }
        Err(error) => counts.errors.push(format!("{path}: {error}")),
    }
}

#[derive(Debug, Default)]
struct Counts {
    objects: usize,
    instructions: usize,
    errors: Vec<String>,
}

/// Compiles the files of the standard library and gives their code objects in turn.
const WALK: &str = r"
import os, sysconfig, types, warnings
def walk(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from walk(constant)
def codes():
    warnings.simplefilter('ignore')
    for folder, folders, files in os.walk(sysconfig.get_path('stdlib')):
        folders[:] = sorted(name for name in folders if name not in SKIP)
        for name in sorted(files):
            if name.endswith('.py'):
                path = os.path.join(folder, name)
                with open(path, 'rb') as file:
                    source = file.read()
                try:
                    code = compile(source, path, 'exec')
                except (SyntaxError, ValueError):
                    continue
                for code in walk(code):
                    yield path, code
";

#[test]
fn every_code_object_of_the_standard_library_decodes() {
    let python = Python::attach();
    let names = python.namespace().unwrap();
    python.run("SKIP = {'site-packages', '__pycache__'}", &names).unwrap();
    python.run(WALK, &names).unwrap();
    python.run("all = codes()", &names).unwrap();
    let mut counts = Counts::default();
    loop {
        let next = python.eval("next(all, None)", &names).unwrap();
        let Ok(code) = next.attr(&python, "__getitem__") else { break };
        let path = code.call(&python, &[&python.int(0).unwrap()]).unwrap().text(&python).unwrap();
        let code = code.call(&python, &[&python.int(1).unwrap()]).unwrap();
        decode_all(&python, &code, &path, &mut counts);
    }
    println!("{} code objects, {} instructions, {} errors", counts.objects, counts.instructions, counts.errors.len());
    assert!(counts.errors.is_empty(), "{:#?}", &counts.errors[..counts.errors.len().min(60)]);
    assert!(counts.objects > 10_000, "{}", counts.objects);
}
