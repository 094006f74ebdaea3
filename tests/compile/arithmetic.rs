//! Arithmetic, comparison and truth on numbers that compiled code has unboxed give CPython's results, with the same
//! types, at the edges where C's results differ.

use crate::support::session::Session;
use typedcall::CompiledFunction;

/// With numbers at the edges, and a function that compares.
fn session(source: &str) -> Session {
    let session = Session::new(AGREE);
    session.run(source);
    session
}

/// Defines a function, and compiles it.
fn function(session: &Session, name: &str, parameters: &str, expression: &str) -> CompiledFunction {
    session.run(&format!("def {name}({parameters}): return {expression}"));
    session.fast(name)
}

/// Python code in which `agree` compares a function with the compiled one.
const AGREE: &str = "
import itertools, math
inf, nan = float('inf'), float('nan')
ints = [0, 1, -1, 2, -2, 3, -3, 7, -7, 62, 63, 64, 65, -63, -64, 255, 256, 257, 1000, -1000, 2**30 - 1, 2**30, 2**31, -2**31,
    2**53 - 1, 2**53, 2**53 + 1, -2**53 - 1, 2**60, 2**61, 2**62 - 1, 2**62, -2**62, -2**62 - 1, 3 * 2**61, 2**63 - 1,
    -2**63, 2**63, -2**63 - 1, 2**64, 2**64 + 1, -2**64, 2**100, -2**100, 10**30]
floats = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, -1.5, 2.5, 3.0, -3.0, 7.0, 0.1, -0.1, 0.3, 1e-320, 5e-324, -5e-324, 1e16, 1e17, 1e300,
    -1e300, 1.7976931348623157e308, -1.7976931348623157e308, 2.0**53, 2.0**53 + 2, 2.0**62, 2.0**63, -2.0**63, 2.0**64, math.pi, inf,
    -inf, nan]
def shape(value):
    if isinstance(value, float): return float, value.hex() if value == value else 'nan', math.copysign(1.0, value)
    if isinstance(value, (tuple, list)): return type(value), [shape(item) for item in value]
    return type(value), repr(value)
def outcome(function, args):
    try: return shape(function(*args))
    except BaseException as error: return type(error), str(error)
def agree(name, *args):
    expected, got = outcome(globals()[name], args), outcome(globals()['fast_' + name], args)
    assert expected == got, (name, args, expected, got)
";

const ARITHMETIC: [&str; 13] = ["+", "-", "*", "/", "//", "%", "&", "|", "^", "<<", ">>", "**", "@"];
const COMPARISONS: [&str; 6] = ["<", "<=", "==", "!=", ">", ">="];

/// A name for an operator.
fn index(prefix: &str, position: usize) -> String {
    format!("{prefix}_{position}")
}

#[test]
fn ints_agree_at_the_edges_of_64_bits() {
    own_process!();
    let session = session("");
    for (position, operator) in ARITHMETIC.into_iter().chain(COMPARISONS).enumerate() {
        let name = index("ints", position);
        let both = function(&session, &name, "a, b", &format!("(int(a) + 0) {operator} (int(b) + 0)"));
        session.run(&format!("fast_{name}(6, 3)").replace("fast_ints_12(6, 3)", "0"));
        assert_eq!(both.exits(), 0, "{operator} of small ints is computed");
        // Shifts and powers by large numbers have large results.
        let right = if ["<<", "**"].contains(&operator) { "[n for n in ints if n < 70]" } else { "ints" };
        session.run(&format!("for a, b in itertools.product(ints, {right}): agree('{name}', a, b)"));
        for constant in
            ["0", "1", "-1", "2", "7", "-7", "63", "64", "-3", "9223372036854775807", "-9223372036854775808"]
        {
            if ["<<", "**"].contains(&operator) && constant.len() > 3 {
                continue;
            }
            function(&session, &name, "a", &format!("int(a) {operator} {constant}"));
            session.run(&format!("for a in ints: agree('{name}', a)"));
            let left = if ["<<", "**"].contains(&operator) { "[n for n in ints if abs(n) < 70]" } else { "ints" };
            function(&session, &name, "a", &format!("{constant} {operator} int(a)"));
            session.run(&format!("for a in {left}: agree('{name}', a)"));
        }
    }
}

#[test]
fn floats_agree_with_their_zeros_infinities_and_nans() {
    own_process!();
    let session = session("");
    // The sign of a NaN from `//` or `%` depends on the C library and the compiler: it is not the same in all builds of
    // CPython.
    session.run(
        "
def agree_but_for_nans(name, *args):
    expected, got = outcome(globals()[name], args), outcome(globals()['fast_' + name], args)
    assert expected == got or expected[:2] == got[:2] == (float, 'nan'), (name, args, expected, got)
",
    );
    for (position, operator) in ARITHMETIC.into_iter().chain(COMPARISONS).enumerate() {
        let name = index("floats", position);
        let agree = if ["//", "%"].contains(&operator) { "agree_but_for_nans" } else { "agree" };
        function(&session, &name, "a, b", &format!("float(a) {operator} float(b)"));
        session.run(&format!("for a, b in itertools.product(floats, floats): {agree}('{name}', a, b)"));
        function(&session, &name, "a, b", &format!("(float(a) * 1.0) {operator} (float(b) * 1)"));
        session.run(&format!("for a, b in itertools.product(floats, floats): {agree}('{name}', a, b)"));
        for constant in
            ["0", "1", "-1", "3", "0.0", "-0.0", "1.5", "1e308", "9007199254740993", "9223372036854775808", "True"]
        {
            function(&session, &name, "a", &format!("float(a) {operator} {constant}"));
            session.run(&format!("for a in floats: {agree}('{name}', a)"));
            function(&session, &name, "a", &format!("{constant} {operator} float(a)"));
            session.run(&format!("for a in floats: {agree}('{name}', a)"));
        }
    }
}

#[test]
fn ints_bools_and_floats_agree_with_one_another() {
    own_process!();
    let session = session(
        "bools = [True, False]
ints = [0, 1, -1, 3, 64, 2**53 + 1, -2**63, 2**63 - 1, 2**63, 2**100]
floats = [0.0, -0.0, 1.0, -1.5, 2.0**53, 2.0**63, 1e300, -inf, nan]",
    );
    let operands = [
        ("int(a)", "ints"),
        ("(int(a) + 0)", "ints"),
        ("float(a)", "floats"),
        ("(float(a) + 0.0)", "floats"),
        ("bool(a)", "bools"),
        ("(not a)", "bools"),
        ("(a is None)", "bools"),
        ("(float(a) < 1.0)", "floats"),
    ];
    for (left, lefts) in operands {
        for (right, rights) in operands {
            for (position, operator) in ARITHMETIC.into_iter().chain(COMPARISONS).enumerate() {
                if lefts == rights && lefts != "bools" || ["<<", "**"].contains(&operator) {
                    continue;
                }
                let name = index("mixed", position);
                function(
                    &session,
                    &name,
                    "a, b",
                    &format!("{left} {operator} {}", right.replace('a', "b").replace("flobt", "float")),
                );
                session.run(&format!("for a, b in itertools.product({lefts}, {rights}): agree('{name}', a, b)"));
            }
        }
    }
}

#[test]
fn truth_negation_and_signs_agree() {
    own_process!();
    let session = session("everything = ints + floats + [True, False]");
    let expressions = [
        "-float(a)",
        "+float(a)",
        "abs(float(a))",
        "not float(a)",
        "not int(a)",
        "-int(a)",
        "~int(a)",
        "+int(a)",
        "abs(int(a))",
        "-(int(a) + 0)",
        "~(int(a) + 0)",
        "abs(int(a) + 0)",
        "-(float(a) * 1.0)",
        "abs(float(a) * 1.0)",
        "not (int(a) + 0)",
        "not (float(a) + 0.0)",
        "1 if (float(a) + 0.0) else 2",
        "1 if (int(a) + 0) else 2",
        "bool(int(a) + 0)",
        "bool(float(a) * 1.0)",
        "-bool(a)",
        "~bool(a)",
        "+bool(a)",
        "(int(a) + 0) and 5",
        "(float(a) * 1.0) or -0.0",
        "round(float(a))",
        "round(float(a), 1)",
        "int(float(a))",
        "float(int(a))",
        "str(float(a) * 1.0)",
        "str(int(a) + 0)",
        "repr(float(a) * 1.0)",
        "f'{float(a) * 1.0}|{int(a) + 0:>3}'",
        "hash(float(a) + 0.0)",
        "hash(int(a) + 0)",
        "divmod(float(a), 0.7)",
        "divmod(int(a) + 0, 7)",
        "(int(a) + 0).bit_length()",
        "(float(a) + 0.0).is_integer()",
        "(float(a) * 2.0).hex()",
        "min(float(a), 0.5)",
        "max(float(a), 0.0)",
        "max(-0.0, float(a))",
        "max(int(a), 3)",
        "pow(float(a), 2.0)",
        "pow(float(a), 0.5)",
        "abs(float(a) - 1e308) + 1e308",
        "complex(float(a), 1.0)",
        "float(a) in [float(a)]",
        "float(a) == float(a)",
        "(float(a), float(a)).count(float(a))",
    ];
    for expression in expressions {
        function(&session, "one", "a", expression);
        session.run("for a in everything: agree('one', a)");
    }
}

#[test]
fn a_number_stays_the_object_that_it_was() {
    own_process!();
    let session = session("");
    for expression in [
        "(lambda x: x)(a) is a",
        "float(a) is a",
        "int(a) is a",
        "(float(a), a)[0] is a",
        "(a if float(a) == float(a) else a) is a",
    ] {
        function(&session, "same", "a", expression);
        session.run("for a in ints + floats: agree('same', a)");
    }
    session.run(
        "
def kept(a):
    a = float(a)
    b = a * 2.0
    x = [a, b, b]
    c = b + 1.0
    x.append(b)
    return [x[0] is a, x[1] is b, x[1] is x[2], x[3] is x[1], c is c, b in [b], a in x, a == a, a is a]
def several(a):
    n = int(a) + 1
    m = n
    k = n * 1
    return n is m, [n, m][0] is [m, n][1], (n, k), n == k, n is n
def branches(a, b):
    a = float(a)
    if a < 1.0:
        c = a + 1.0
    else:
        c = a
    d = (c, c)
    return d[0] is c, d[0] is d[1], c, (c is a) == (not a < 1.0)
def swapped(a, b):
    a, b = float(a) * 1.0, float(b) * 1.0
    pair = [a, b]
    a, b = b, a
    return pair[0] is b, pair[1] is a, pair, a, b
",
    );
    for name in ["kept", "several"] {
        session.fast(name);
        session.run(&format!("for a in ints + floats: agree('{name}', a)"));
    }
    for name in ["branches", "swapped"] {
        session.fast(name);
        session.run(&format!("for a, b in itertools.product(floats, floats): agree('{name}', a, b)"));
    }
}
