//! A function may have several versions: each has code, assumptions, exits and counts of its own. An exit says why, and what a
//! version was left for need not be expected by the next one.

use typedcall::cpython::Layout;
use typedcall::ir::ExitReason;
use typedcall::ir::passes::Avoided;
use typedcall::{CompileOptions, CompiledFunction, ExitSite};

use crate::support::session::{AGREE, Session};

fn options(avoided: Avoided) -> CompileOptions {
    let mut options = CompileOptions::default();
    options.avoided = avoided;
    options
}

fn compile(session: &Session, name: &str) -> CompiledFunction {
    let compiled = session.specializer.compile_with(&session.python, &session.get(name), &options(Avoided::default()));
    compiled.unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn publish(session: &Session, name: &str, compiled: &CompiledFunction) {
    let object = compiled.as_object(&session.python).expect("there is memory");
    session.names.set_item(&session.python, name, &object).expect("there is memory");
}

fn another(session: &Session, compiled: &CompiledFunction, avoided: Avoided) -> CompiledFunction {
    let version = session.specializer.compile_version(&session.python, compiled, &options(avoided));
    version.unwrap_or_else(|error| panic!("{error}"))
}

fn taken(compiled: &CompiledFunction) -> Vec<ExitSite> {
    compiled.exit_sites().into_iter().filter(|site| site.taken > 0).collect()
}

fn places<'a>(sites: impl IntoIterator<Item = &'a ExitSite>) -> Avoided {
    sites.into_iter().map(|site| (site.place, site.reason)).collect()
}

#[test]
fn a_second_version_runs_beside_the_first_and_expects_nothing_where_that_was_left() {
    own_process!();
    let session = Session::with_chain(AGREE);
    session.run(
        "
def halves(a, b):
    first = m.half(a)
    second = m.half(b)
    return [first, second, first]
",
    );
    let first = compile(&session, "halves");
    publish(&session, "fast_halves", &first);
    session.run("same('halves', 4, 6); same('halves', 2**70, 6); same('halves', 2**71, 6); same('halves', 4, 'x')");
    let left = taken(&first);
    let reasons: Vec<_> = left.iter().map(|site| (site.line, site.reason, site.taken)).collect();
    // A call after which another one finds what it leaves with changed leaves at its own line.
    assert_eq!(reasons, [(Some(3), ExitReason::Value, 2), (Some(4), ExitReason::Type, 1)], "{left:?}");
    assert_eq!((first.versions(), first.exits()), (1, 3));

    let second = another(&session, &first, places(&left));
    assert_eq!((first.versions(), second.versions()), (2, 2));
    assert!(second.exit_sites().iter().all(|site| site.taken == 0));
    for site in &left {
        let is_there = |other: &ExitSite| (other.place, other.reason) == (site.place, site.reason);
        assert!(!second.exit_sites().iter().any(is_there), "{site} is expected again");
    }
    publish(&session, "fast_halves", &second);
    session.run("for a in (4, 2**70): same('halves', a, 6); same('halves', a, 'x')");
    assert_eq!((second.exits(), first.exits()), (0, 3), "{:?}", taken(&second));
    // The first is what it was.
    publish(&session, "fast_halves", &first);
    session.run("for a in (4, 2**70): same('halves', a, 6)");
    assert_eq!((second.exits(), first.exits()), (0, 4));
    drop(first);
    publish(&session, "fast_halves", &second);
    session.run("same('halves', 2**70, 'x')");
}

#[test]
fn each_version_has_assumptions_of_its_own() {
    own_process!();
    let session = Session::with_chain(AGREE);
    session.run("import math\ndef root(x): return math.sqrt(x)");
    let first = compile(&session, "root");
    let assumed = first.exit_sites();
    let second = another(&session, &first, places(assumed.iter().filter(|site| site.reason == ExitReason::Assumption)));
    assert!(assumed.iter().any(|site| site.reason == ExitReason::Assumption), "{assumed:?}");
    assert!(!second.exit_sites().iter().any(|site| site.reason == ExitReason::Assumption));
    publish(&session, "first", &first);
    publish(&session, "second", &second);
    session.run(
        "
assert first(4.0) == second(4.0) == 2.0
math = type(math)('math')
math.sqrt = lambda x: 'new'
assert first(4.0) == second(4.0) == 'new'
",
    );
    assert_eq!((first.exits(), second.exits()), (1, 0), "{:?}", taken(&first));
    assert!(second.is_valid());
    // From 3.12 on, a flag of that version says so.
    assert_eq!(first.is_valid(), Layout::CURRENT.minor < 12);
}

/// Whatever fails, the exit that is taken says it.
#[test]
fn an_exit_says_why_it_is_taken() {
    use ExitReason::{Assumption, Division, Handled, Overflow, Type, Unbound, Value};
    own_process!();
    let session = Session::with_chain(AGREE);
    session.run(
        "
import math
def half(a): return m.half(a)
def product(a, b): return m.half(a) * m.half(b)
def quotient(a, b): return m.half(a) // m.half(b)
def root(x): return math.sqrt(x)
def item(a, b):
    try: return a[b]
    except LookupError: return 'none'
def unbound(a):
    try:
        if a: b = a
        return b
    except NameError: return 'none'
def raises(a): return a[0]
",
    );
    for (name, good, bad, reason, exits) in [
        ("half", "(4,)", "('x',)", Type, 1),
        ("half", "(4,)", "(2**70,)", Value, 1),
        ("product", "(4, 6)", "(2**40, 2**40)", Overflow, 1),
        ("quotient", "(4, 6)", "(4, 0)", Division, 1),
        ("item", "([1], 0)", "([1], 1)", Handled, 1),
        ("unbound", "(1,)", "(0,)", Unbound, 1),
        ("raises", "([1],)", "([],)", ExitReason::Raised, 0),
    ] {
        let compiled = compile(&session, name);
        publish(&session, &format!("fast_{name}"), &compiled);
        session.run(&format!("same('{name}', *{good})"));
        assert_eq!(taken(&compiled), [], "{name}{good}");
        session.run(&format!("same('{name}', *{bad})"));
        let left = taken(&compiled);
        let reasons: Vec<_> = left.iter().map(|site| (site.reason, site.taken)).collect();
        assert_eq!(reasons, [(reason, 1)], "{name}{bad}");
        assert_eq!(compiled.exits(), exits, "{name}{bad}");
        assert!(left[0].to_string().ends_with(&format!("{reason}, taken once")), "{}", left[0]);
    }
    let root = compile(&session, "root");
    publish(&session, "fast_root", &root);
    session.run("math = None\nsame('root', 4.0)");
    assert_eq!(taken(&root).iter().map(|site| site.reason).collect::<Vec<_>>(), [Assumption]);
}

/// Told of all that it expects, a compilation expects less, and in the end nothing; what it computes is the same.
#[test]
fn what_is_avoided_is_expected_nowhere() {
    own_process!();
    let session = Session::with_chain(AGREE);
    session.run(
        "
import math
def chain(a, b, c): return m.count_add(m.count_mul(a, b), c), [a, b]
def whole(a, b, c): return m.half(a) * m.half(b) + m.half(c) // 3
def looped(a, b, c):
    total, i = 0.0, 0
    while i < 10:
        total = m.add(total, a)
        i = i + 1
    return total, math.sqrt(b), len('abc'), c
",
    );
    let is_speculative = |site: &ExitSite| {
        use ExitReason::{Assumption, Division, NotFinite, Overflow, Type, Value};
        matches!(site.reason, Assumption | Division | NotFinite | Overflow | Type | Value)
    };
    for name in ["chain", "whole", "looped"] {
        let mut version = compile(&session, name);
        let mut avoided = Avoided::default();
        let mut rounds = 0;
        loop {
            publish(&session, &format!("fast_{name}"), &version);
            session.run(&format!(
                "
for a in (1.5, 4, 2**70, 'x'):
    for b in (2.5, 6, 0, None): same('{name}', a, b, 8)
"
            ));
            let expected: Vec<_> = version.exit_sites().into_iter().filter(is_speculative).collect();
            if expected.is_empty() {
                break;
            }
            for site in &expected {
                assert!(avoided.add(site.place, site.reason), "{name}: {site} is expected again");
            }
            version = another(&session, &version, avoided.clone());
            rounds += 1;
        }
        assert!((1..10).contains(&rounds), "{name}: {rounds} rounds");
        assert_eq!(version.versions(), rounds + 1);
    }
}
