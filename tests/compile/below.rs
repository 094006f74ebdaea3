//! Functions of the standard library that call one of the C library's: from compiled code, they give CPython's results,
//! for every line of the tables that names one.

use crate::support::session::Session;
use typedcall::metadata::{Kind, Scalar};
use typedcall::standard::{self, StandardEntry};

fn version() -> (u8, u8) {
    let text = typedcall::embed::running_version();
    let mut numbers = text.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// The lines that name a function of the C library that this process has.
fn lines() -> Vec<&'static StandardEntry> {
    let lines: Vec<_> = standard::entries(version()).filter(|entry| entry.below.is_some()).collect();
    assert!(lines.len() > 20, "{} lines", lines.len());
    lines
}

/// Numbers at which C and Python might differ, and objects that are not floats.
const VALUES: &str = "
import math, struct, itertools
class Float(float):
    pass
class Overridden(float):
    def __float__(self): return 0.25
class Index:
    def __index__(self): return 3
class Raises:
    def __float__(self): raise KeyError('mine')
inf, nan = float('inf'), float('nan')
signalling, = struct.unpack('<d', b'\\1\\0\\0\\0\\0\\0\\xf0\\x7f')
floats = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, 1.5, 10.0, -7.25, 27.0, 1e-320, -1e-320, 5e-324, 1e-17, 1e17,
    1e300, -1e300, 1.7976931348623157e308, -1.7976931348623157e308, 2.0**53 + 2, 709.0, 710.0, -745.0, -746.0, 1024.0,
    -1075.0, math.pi, -math.pi, math.pi / 2, 1.0000000000000002, 0.9999999999999999, inf, -inf, nan, -nan, signalling]
objects = [0, 1, -1, 2, -3, 2**53 + 1, 10**400, -10**400, True, False, Float(2.25), Float(-2.25), Overridden(2.25), Index(),
    Raises(), None, '1.5', b'1', 1j, [], ()]
def bits(value):
    if isinstance(value, float):
        # Which of the many NaNs is nobody's business.
        return 'nan' if value != value else value.hex()
    return value
def outcome(function, args):
    try: result = function(*args)
    except BaseException as error: return type(error), str(error)
    return type(result), bits(result)
def agree(name, args):
    expected, got = outcome(globals()[name], args), outcome(globals()['fast_' + name], args)
    assert expected == got, (name, args, expected, got)
def is_finite(name, args):
    try: return math.isfinite(globals()[name](*args))
    except (ValueError, OverflowError): return False
";

#[test]
fn every_function_of_the_c_library_agrees_with_what_it_is_below() {
    own_process!();
    let session = Session::new(VALUES);
    for entry in lines() {
        let overload = &entry.signature.overloads[0];
        let name = entry.name.replace('.', "_");
        let takes_int = |position: usize| matches!(overload.parameters[position].kind, Kind::Scalar(scalar) if scalar != Scalar::F64);
        let count = overload.parameters.len();
        let parameters: Vec<_> = (0..count).map(|position| format!("x{position}")).collect();
        // A value that is proven to be a float, and an object of which nothing is known.
        let proven: Vec<_> = (0..count)
            .map(|position| format!("{}(x{position})", if takes_int(position) { "int" } else { "float" }))
            .collect();
        let (list, proven) = (parameters.join(", "), proven.join(", "));
        session.run(&format!(
            "def typed_{name}({list}): return {call}({proven})\ndef plain_{name}({list}): return {call}({list})",
            call = entry.name
        ));
        let typed = session.fast(&format!("typed_{name}"));
        session.fast(&format!("plain_{name}"));
        let sets: Vec<_> = (0..count)
            .map(
                |position| {
                    if takes_int(position) { "[0, 1, -1, 5, -1100, 1100, 2**31, -2**40, 2**70]" } else { "floats" }
                },
            )
            .collect();
        let sets = sets.join(", ");
        session.run(&format!(
            "for args in itertools.islice(itertools.product({sets}), 60000): agree('typed_{name}', args)"
        ));
        // An object that is not a float comes at each place among floats.
        session.run(&format!(
            "
for place in range({count}):
    for value in objects:
        args = [2.5] * {count}
        args[place] = value
        agree('typed_{name}', args); agree('plain_{name}', args)
for args in itertools.islice(itertools.product({sets}), 2000): agree('plain_{name}', args)
"
        ));
        // The code is left only if the result is not finite and that decides; so otherwise the function was called.
        // Results for signalling NaNs may differ in C now and then.
        let few = (0..count).map(|position| if takes_int(position) { "[0, 1, 5]" } else { "floats[:-1]" });
        session.run(&format!(
            "
few = list(itertools.islice(itertools.product({}), 500))
unsure = sum(not is_finite('typed_{name}', args) for args in few)",
            few.collect::<Vec<_>>().join(", ")
        ));
        let before = typed.exits();
        session.run(&format!("for args in few: outcome(fast_typed_{name}, args)"));
        let unsure = session.python.eval("unsure", &session.names).expect("it was computed");
        let unsure: u64 = unsure.repr(&session.python).expect("there is memory").parse().expect("an int");
        let finite = entry.below.as_ref().is_some_and(|below| below.finite);
        assert_eq!(typed.exits() - before, if finite { unsure } else { 0 }, "{name}");
    }
}
