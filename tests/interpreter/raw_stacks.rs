//! The decoder's picture of CPython's stack is right: functions run in CPython itself, and before each instruction a
//! trace function reads the slots of their frames.

use std::fmt::Write;

use typedcall::bytecode;
use typedcall::embed::Python;

/// Functions, each with arguments to call it with.
const FUNCTIONS: &str = "
class Manager:
    def __enter__(self): return self
    def __exit__(self, *error): return True
    def method(self, *args, **named): return args
def probe(*args, **named): return args
def over_list():
    for x in [1, 2]: probe(x)
def over_range():
    for x in range(3):
        for y in range(x): probe(y)
def over_dict():
    for x, y in {1: 2}.items(): probe(x, y)
    else: probe()
def over_generator():
    for x in (y for y in 'ab'): probe(x)
def in_with():
    with Manager() as m, Manager(): probe(m)
def with_error():
    with Manager(): probe(1 / 0)
    return probe()
def handled():
    try: 1 / 0
    except (KeyError, ZeroDivisionError): probe()
def named():
    try: 1 / 0
    except ZeroDivisionError as e: probe(e)
    else: probe()
def nested():
    try:
        try: 1 / 0
        except ZeroDivisionError:
            try: [][1]
            except IndexError: probe()
            raise
    except ArithmeticError: return probe()
def last():
    try: 1 / 0
    finally: probe()
def loop_with_handlers():
    for x in 1, 0, 2:
        try: probe(1 / x)
        except ZeroDivisionError: continue
        finally: probe(x)
def comprehensions():
    y = 1
    return [probe(x, y) for x in [1] for z in 'ab'], {x: y for x in 'a'}, {x for x in 'b'}
def methods():
    m = Manager()
    [].append(probe())
    return m.method(probe(), a=probe()), m.method(*probe(), **{}), probe(m.method, b=2)
def texts(a=1): return f'{a!r:>{a + 5}} {probe(a)}'
def displays(): return [1, *probe(2)], {1: probe(), **{}}, (probe(), probe()), probe()[0:]if 0 else {1, 2}
def closures():
    a = 1
    def inner(): return a + probe(a)[0]
    return inner()
def matching(x=(1, {'k': 2})):
    match x:
        case [1, {'k': v}] if probe(v): return v
        case str() | int(): return 1
def groups():
    try: raise ExceptionGroup('g', [ValueError(1), KeyError(2)])
    except* ValueError as e: probe(e)
    except* KeyError: probe()
def unpacking():
    a, (b, *c) = 1, (2, 3, 4)
    return probe(a, b, *c)
def imports():
    import os.path as p
    from os import path, sep
    return probe(p, path, sep)
def logic(a=1, b=0): return a and probe(b) or b, a < probe(1)[0] < 3
functions = [f for f in list(globals().values()) if hasattr(f, '__code__') and f is not probe]
codes = [f.__code__ for f in functions]
for code in codes: codes += [c for c in code.co_consts if hasattr(c, 'co_code') and not c.co_flags & 0x20]
";

/// Reads the slots of a frame (`_PyInterpreterFrame` in Include/internal/pycore_frame.h, or
/// pycore_interpframe_structs.h) and compares. From 3.14 on, words of the stack are tagged.
const CHECK: &str = "
import ctypes, sys
TAGGED = sys.version_info >= (3, 14)
FIRST_LOCAL = 80 if TAGGED else 72
def word(address): return ctypes.c_size_t.from_address(address).value
def locals_of(code):
    return code.co_nlocals + len([c for c in code.co_cellvars if c not in code.co_varnames]) + len(code.co_freevars)
def slots(frame, count):
    first = word(id(frame) + 24) + FIRST_LOCAL + 8 * locals_of(frame.f_code)
    return [word(first + 8 * index) for index in range(count)]
def is_null(value): return value == 0 or TAGGED and value == 1
def is_int(value): return TAGGED and value & 3 == 3
def object_at(value): return ctypes.cast(value & ~3 if TAGGED else value, ctypes.py_object).value
def fits(kind, value):
    if kind == 'Null': return is_null(value)
    if kind in ('Receiver', 'Cleared'): return True
    if kind == 'IteratorIndex': return is_null(value) or is_int(value)
    if is_null(value): return False
    if kind == 'Offset': return is_int(value) or type(object_at(value)) is int
    if is_int(value): return False
    if kind == 'Saved': return object_at(value) is None or isinstance(object_at(value), BaseException)
    if kind == 'Iterator': return hasattr(object_at(value), '__next__') or sys.version_info >= (3, 15)
    return isinstance(object_at(value), object)
seen, wrong, kinds = 0, [], set()
def trace(frame, event, _):
    global seen
    if frame.f_code not in expected: return None
    frame.f_trace_opcodes = True
    if event == 'opcode' and frame.f_lasti in expected[frame.f_code]:
        wanted = expected[frame.f_code][frame.f_lasti].split()
        found = slots(frame, len(wanted))
        seen += 1
        kinds.update(wanted)
        if not all(map(fits, wanted, found)):
            wrong.append((frame.f_code.co_qualname, frame.f_lasti, wanted, [hex(value) for value in found]))
    return trace
for function in functions:
    sys._getframe().f_trace_opcodes = True
    sys.settrace(trace)
    try: function() if 'self' not in function.__code__.co_varnames else None
    except ZeroDivisionError: pass
    finally: sys.settrace(None)
";

#[test]
fn what_the_decoder_says_of_the_stack_lies_there() {
    own_process!();
    let python = Python::attach();
    let names = python.namespace().expect("there is memory");
    python.run(FUNCTIONS, &names).unwrap_or_else(|error| panic!("{error}"));
    let codes = python.eval("len(codes)", &names).expect("a list").text(&python).expect("a number");
    let mut expected = "expected = {\n".to_owned();
    for index in 0..codes.parse().expect("a number") {
        let index: usize = index;
        let code = python.eval(&format!("codes[{index}]"), &names).expect("a code object");
        let decoded = bytecode::decode(&python, &code).unwrap_or_else(|error| panic!("{error}"));
        let points: Vec<_> =
            (0..).take(decoded.instructions.len()).filter_map(|at| decoded.raw_stacks.at(at)).collect();
        assert!(points.len() * 10 > decoded.instructions.len() * 7, "{decoded}");
        let entries = points.iter().map(|point| {
            let slots: Vec<_> = point.stack.iter().map(|slot| format!("{slot:?}")).collect();
            format!("{}: '{}'", point.start, slots.join(" "))
        });
        writeln!(expected, "codes[{index}]: {{{}}},", entries.collect::<Vec<_>>().join(", ")).expect("a string grows");
    }
    expected += "}\n";
    python.run(&expected, &names).unwrap_or_else(|error| panic!("{error}\n{expected}"));
    python.run(CHECK, &names).unwrap_or_else(|error| panic!("{error}"));
    let told = |text: &str| python.eval(text, &names).expect("an expression").text(&python).expect("a text");
    assert_eq!(told("'\\n'.join(map(str, wrong))"), "");
    assert!(told("str(seen)").parse::<usize>().expect("a number") > 500, "only {} instructions", told("str(seen)"));
    for kind in ["Object", "Null", "Method", "Receiver", "Iterator", "Saved", "Offset"] {
        assert_eq!(told(&format!("str({kind:?} in kinds)")), "True", "no {kind} was seen: {}", told("str(kinds)"));
    }
}
