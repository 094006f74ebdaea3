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
    own_process!();
    let python = Python::attach();
    let code = decode(&python, "def f():\n    x = 'hello,world'\n    return x.upper()");
    let expected =
        ["LoadConst 'hello,world'", "StoreFast x", "LoadFast x", "LoadMethod upper", "CallMethod 0", "Return"];
    assert_eq!(shown(&code), expected);
    assert_eq!(code.stack_size, 2);
}

#[test]
fn a_snippet_and_a_code_object_are_the_same_instructions() {
    own_process!();
    let python = Python::attach();
    let text = "LOAD_CONST 'hello,world'; STORE_FAST x; LOAD_FAST x; LOAD_METHOD upper; CALL_METHOD 0; RETURN_VALUE";
    let snippet: Code = text.parse().unwrap();
    let code = decode(&python, "def f():\n    x = 'hello,world'\n    return x.upper()");
    assert_eq!(shown(&snippet), shown(&code));
}

#[test]
fn calls_have_no_nulls_whatever_is_called() {
    own_process!();
    let python = Python::attach();
    let code =
        decode(&python, "def f(g, a, kw):\n    return g(len(a), key=a.x.y(a), *a, **kw), g(a, key=1), (lambda: a)()");
    let calls: Vec<_> =
        shown(&code).into_iter().filter(|text| text.contains("Call") || text.contains("Merge")).collect();
    assert_eq!(calls, ["Call 1", "CallMethod 1", "DictMerge 1 callable 3", "CallEx keywords", "Call 2 key=", "Call 0"]);
}

#[test]
fn closures_load_cells_and_inlined_comprehensions_values() {
    own_process!();
    let python = Python::attach();
    let code = decode(&python, "def f(y):\n    x = 1\n    g = lambda: x\n    return [x for x in y], g");
    let x = code.locals.iter().find(|local| &*local.name == "x").unwrap();
    assert_eq!(x.kind, bytecode::LocalKind::Cell);
    let closures = shown(&code).iter().filter(|text| *text == "LoadClosure x").count();
    let values = shown(&code).iter().filter(|text| *text == "LoadFast x").count();
    // Before 3.12 the comprehension is a function of its own.
    let inlined = usize::from(shown(&code).iter().any(|text| text.starts_with("LoadFastAndClear")));
    assert_eq!((closures, values), (1, inlined));
}

#[test]
fn arguments_lines_and_handlers_are_those_of_the_source() {
    own_process!();
    let python = Python::attach();
    let source =
        "def f(a, /, b, *rest, c, **named):\n    try:\n        return a(b)\n    except KeyError:\n        return c";
    let code = decode(&python, source);
    let names: Vec<&str> = code.locals.iter().map(|local| &*local.name).collect();
    assert_eq!(names, ["a", "b", "c", "rest", "named"]);
    let arguments = code.arguments;
    assert_eq!((arguments.positional, arguments.positional_only, arguments.keyword_only), (2, 1, 1));
    assert_eq!(arguments.total(), 5);
    assert_eq!((&*code.name, code.first_line, code.is_function()), ("f", 1, true));

    let call = shown_at(&code, "Call 1");
    assert_eq!(code.instructions[call].line, Some(3));
    let handler = code.handler(call as u32).unwrap();
    assert_eq!((handler.depth, handler.lasti), (0, false));
    assert_eq!(code.shown(&code.instructions[handler.target as usize]).to_string(), "PushExcInfo");
    assert_eq!(code.instructions[shown_at(&code, "LoadGlobal KeyError")].line, Some(4));
}

/// The first instruction that a listing shows like this.
fn shown_at(code: &Code, text: &str) -> usize {
    code.instructions.iter().position(|instruction| code.shown(instruction).to_string() == text).expect(text)
}

#[test]
fn other_objects_are_refused_by_their_type() {
    own_process!();
    let python = Python::attach();
    let error = bytecode::decode(&python, &python.int(1).unwrap()).unwrap_err();
    assert_eq!(error, DecodeError::NotCode { class: "int".to_owned() });
    let error =
        bytecode::decode_function(&python, &python.eval("len", &python.namespace().unwrap()).unwrap()).unwrap_err();
    assert!(error.to_string().starts_with("builtin_function_or_method is not a code object: pass the `__code__`"));
}

/// Visits the code objects in `codes`, which the statements define.
fn each(python: &Python, statements: &str, mut visit: impl FnMut(&Object, &Object)) {
    let names = python.namespace().unwrap();
    python.run(statements, &names).unwrap();
    let (zero, one) = (python.int(0).unwrap(), python.int(1).unwrap());
    loop {
        let pair = python.eval("next(codes, None)", &names).unwrap();
        let Ok(item) = pair.attr(python, "__getitem__") else { break };
        visit(&item.call(python, &[&zero]).unwrap(), &item.call(python, &[&one]).unwrap());
    }
}

#[test]
fn lines_are_those_that_cpython_says() {
    own_process!();
    let python = Python::attach();
    let statements = format!(
        "{WALK}
import json.decoder, statistics, textwrap, asyncio.base_events
modules = json.decoder, statistics, textwrap, asyncio.base_events
def lines(code):
    lines = [(start, line) for start, end, at in code.co_lines() for start, line in zip(range(start, end, 2), [at] * (end - start))]
    return ' '.join(f'{{start}}:{{line or 0}}' for start, line in lines)
codes = ((lines(code), code) for module in modules for path, code in files(module.__file__))"
    );
    let mut checked = 0;
    each(&python, &statements, |lines, code| {
        let lines = lines.text(&python).unwrap();
        let line_of: std::collections::HashMap<u32, u32> = lines
            .split(' ')
            .map(|pair| pair.split_once(':').unwrap())
            .map(|(start, line)| (start.parse().unwrap(), line.parse().unwrap()))
            .collect();
        for instruction in bytecode::decode(&python, code).unwrap().instructions {
            assert_eq!(instruction.line.unwrap_or(0), line_of[&instruction.offset], "{instruction:?}");
            checked += 1;
        }
    });
    assert!(checked > 10_000, "{checked}");
}

#[test]
fn code_objects_that_were_tampered_with_are_errors_and_no_crashes() {
    own_process!();
    let python = Python::attach();
    // The last instruction is not changed: CPython clears the caches of the last instructions, whatever number they
    // claim.
    let statements = "
import opcode, random
random = random.Random(5)
# The others are CPython's own: it looks into tables that the code object hasn't.
own = 'INSTRUMENTED_', 'ENTER_', 'INTERPRETER_', 'TRACE_', 'RESERVED'
numbers = [number for name, number in opcode.opmap.items() if number < 256 and not name.startswith(own)]
def f(a, b):
    try:
        return [a for a in b]
    finally:
        del a
def damaged():
    code = f.__code__.co_code
    for _ in range(2000):
        bytes = bytearray(code)
        for _ in range(random.randrange(1, 6)):
            place = random.randrange(len(bytes) - 24)
            bytes[place] = random.randrange(256) if place % 2 else random.choice(numbers)
        yield None, f.__code__.replace(co_code=builtins_bytes(bytes), co_exceptiontable=random.randbytes(random.randrange(8)))
builtins_bytes = bytes
codes = damaged()";
    let (mut refused, mut decoded) = (0, 0);
    each(&python, statements, |_, code| match bytecode::decode(&python, code) {
        Ok(code) => decoded += usize::from(code.depths().is_ok()),
        Err(DecodeError::Stack { error, .. }) => panic!("{error}"),
        Err(_) => refused += 1,
    });
    assert_eq!(refused + decoded, 2000);
}

/// Decodes a code object, and notes errors.
fn decode_one(python: &Python, code: &Object, path: &str, counts: &mut Counts) {
    match bytecode::decode(python, code) {
        Ok(decoded) => {
            counts.objects += 1;
            counts.instructions += decoded.instructions.len();
            let stack_size = code.attr(python, "co_stacksize").unwrap().text(python).unwrap().parse::<u32>().unwrap();
            // The neutral form of an instruction may need one slot more for a moment.
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

/// Compiles the files of the standard library, and returns their code objects one by one.
const WALK: &str = r"
import os, sysconfig, types, warnings
def walk(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from walk(constant)
def files(path):
    with open(path, 'rb') as file:
        source = file.read()
    try:
        code = compile(source, path, 'exec')
    except (SyntaxError, ValueError):
        return
    for code in walk(code):
        yield path, code
def library():
    warnings.simplefilter('ignore')
    for folder, folders, names in os.walk(sysconfig.get_path('stdlib')):
        folders[:] = sorted(name for name in folders if name not in {'site-packages', '__pycache__'})
        for name in sorted(names):
            if name.endswith('.py'):
                yield from files(os.path.join(folder, name))
";

#[test]
fn every_code_object_of_the_standard_library_decodes() {
    own_process!();
    let python = Python::attach();
    let mut counts = Counts::default();
    each(&python, &format!("{WALK}codes = library()"), |path, code| {
        decode_one(&python, code, &path.text(&python).unwrap(), &mut counts);
    });
    println!("{} code objects, {} instructions, {} errors", counts.objects, counts.instructions, counts.errors.len());
    assert!(counts.errors.is_empty(), "{:#?}", &counts.errors[..counts.errors.len().min(60)]);
    assert!(counts.objects > 10_000, "{}", counts.objects);
}
