//! Functions and snippets as machine code agree with CPython, also where what the code relies on does not hold.

mod support;

use support::extension;
use typedcall::embed::{Object, Python};
use typedcall::{CompiledFunction, Options, Specializer};

struct Session {
    python: Python,
    specializer: Specializer,
    names: Object,
}

impl Session {
    fn new(source: &str) -> Self {
        let _ = env_logger::try_init();
        let python = extension::start();
        let mut options = Options::default();
        options.verify_code = true;
        let specializer = Specializer::new(&python, options).expect("this Python is supported");
        let names = python.namespace().expect("there is memory");
        python.run(source, &names).unwrap_or_else(|error| panic!("{error}"));
        Self { python, specializer, names }
    }

    /// With the module of `chain.c` as `m`, adopted.
    fn with_chain(source: &str) -> Self {
        let session = Self::new("");
        let module = extension::import(&session.python, "chain", include_str!("chain.c"), &["-O1"]);
        session.specializer.adopt(&session.python, &module).expect("its metadata is good");
        session.names.set_item(&session.python, "m", &module).expect("there is memory");
        session.run(source);
        session
    }

    fn get(&self, name: &str) -> Object {
        self.names.item(&self.python, name).unwrap_or_else(|| panic!("no {name}"))
    }

    fn compile(&self, name: &str) -> CompiledFunction {
        let function = self.get(name);
        self.specializer.compile(&self.python, &function).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Puts the compiled function behind `fast_NAME`.
    fn fast(&self, name: &str) -> CompiledFunction {
        let compiled = self.compile(name);
        let object = compiled.as_object(&self.python).expect("there is memory");
        self.names.set_item(&self.python, &format!("fast_{name}"), &object).expect("there is memory");
        compiled
    }

    fn run(&self, statements: &str) {
        self.python.run(statements, &self.names).unwrap_or_else(|error| panic!("{error}\n{statements}"));
    }
}

#[test]
fn straight_functions_compile_and_agree() {
    let session = Session::new(
        "
import math
def add(a, b): return a + b
def shout(text): return text.upper() + '!'
def pick(flag, a, b): return a if flag else b
def norm(x, y): return math.sqrt(x * x + y * y)
def build(a, b): return [a, (b, a), {a: b}, {a, b}, f'{a!r:>5}|{b}']
def unpack(pair):
    first, *rest = pair
    return rest, first
def scope(a):
    def inner(): return a
    a = a + 1
    return inner()
",
    );
    for name in ["add", "shout", "pick", "norm", "build", "unpack", "scope"] {
        session.fast(name);
    }
    session.run(
        "
def same(name, *args):
    def outcome(function):
        try: result = function(*args)
        except Exception as error: return type(error), str(error)
        return type(result), repr(result)
    expected, got = outcome(globals()[name]), outcome(globals()['fast_' + name])
    assert expected == got, (name, args, expected, got)
values = [0, 1, -1, 2**31, 2**62, 2**63, 2**100, 1.5, -0.0, 1e308, float('nan'), True, None, 'ab', b'', [], (1,), 1j]
class Int(int): pass
class Str(str): pass
values += [Int(3), Str('x')]
for a in values:
    same('shout', a); same('scope', a); same('unpack', a)
    for b in values:
        same('add', a, b); same('norm', a, b); same('build', a, b); same('pick', a, b, 3)
same('add', 1); same('add')
assert fast_add(b=2, a=1) == 3
",
    );
}

#[test]
fn chains_of_typed_calls_box_once() {
    let session = Session::with_chain("def chain(a, b, c): return m.count_add(m.count_mul(a, b), c)");
    let chain = session.fast("chain");
    session.run(
        "
m.counts()
assert fast_chain(1.5, 2.0, 0.25) == 3.25
assert m.counts() == (2, 0), 'the underlying functions, and no wrapper'
",
    );
    assert_eq!(chain.exits(), 0);
    // What is no float leaves for the interpreter, which calls the wrappers.
    session.run(
        "
class Sub(float): pass
for a, b, c in [(2, 3, 4), (1.5, True, 2), (Sub(2), 1.5, 0.5), (1.5, 2.5, 7)]:
    expected, got = chain(a, b, c), fast_chain(a, b, c)
    assert (type(got), got) == (type(expected), expected)
",
    );
    assert_eq!(chain.exits(), 4);
}
