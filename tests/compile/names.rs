//! Compiled code relies on the objects that names are bound to. If these are rebound, anywhere, the next use notices
//! it.

use crate::support::session::Session;

/// The value of `seen` at the end of a program that calls `f`, in CPython and with `f` compiled.
fn both(session: &Session, definitions: &str, program: &str) -> (String, String) {
    let run = |compiled: bool| {
        let names = session.python.namespace().expect("there is memory");
        let run = |text: &str| session.python.run(text, &names).unwrap_or_else(|error| panic!("{error}\n{text}"));
        run(definitions);
        let function = names.item(&session.python, "f").expect("the definitions have it");
        let call = if compiled {
            let compiled = session.specializer.compile(&session.python, &function);
            let compiled = compiled.unwrap_or_else(|error| panic!("{error}\n{definitions}"));
            compiled.as_object(&session.python).expect("there is memory")
        } else {
            function
        };
        names.set_item(&session.python, "call", &call).expect("there is memory");
        run(ATTEMPT);
        run(program);
        let seen = session.python.eval("repr(seen)", &names).expect("the program defines it");
        run("cleanup() if 'cleanup' in globals() else None");
        seen.as_str(&session.python).expect("a repr is a str")
    };
    (run(false), run(true))
}

const ATTEMPT: &str = "
def attempt(*args):
    try: return call(*args)
    except Exception as error: return type(error).__name__, str(error)
";

fn agrees(session: &Session, definitions: &str, program: &str) {
    let (expected, got) = both(session, definitions, program);
    assert_eq!(got, expected, "{definitions}\n{program}");
}

#[test]
fn a_global_is_rebound_in_the_middle() {
    own_process!();
    let session = Session::new("");
    for rebind in [
        "def rebind(*_): globals()['len'] = lambda x: 'mine'",
        "def rebind(*_): globals().update(len=lambda x: 'mine')",
        "def rebind(*_):\n    import builtins\n    builtins.len = lambda x: 'mine'\ndef cleanup():\n    import builtins\n    builtins.len = saved",
        "def rebind(*_): exec('global len\\nlen = callable')",
    ] {
        let definitions = |body: &str| {
            format!(
                "import builtins\nsaved = builtins.len\n{rebind}\nclass Rebinds:\n    __float__ = __len__ = rebind\n{body}"
            )
        };
        // By a call, an operator, a special method that a C function calls, an attribute, a destructor.
        agrees(
            &session,
            &definitions("def f(x): return len(x), rebind(), len(x)"),
            "seen = [attempt('ab'), attempt('ab')]",
        );
        agrees(
            &session,
            &definitions(
                "class R:\n    def __add__(self, other): rebind(); return 1\ndef f(x): return len('ab'), x + 1, len('abc')",
            ),
            "seen = [attempt(R()), attempt(R())]",
        );
        agrees(
            &session,
            &definitions("class R:\n    def __len__(self): rebind(); return 1\ndef f(x): return len(x), len('abc')"),
            "seen = [attempt(R()), attempt(R())]",
        );
        agrees(
            &session,
            &definitions(
                "class R:\n    @property\n    def a(self): rebind()\ndef f(x): return len('a'), x.a, len('abc')",
            ),
            "seen = [attempt(R()), attempt(R())]",
        );
        agrees(
            &session,
            &definitions("class R:\n    def __del__(self): rebind()\ndef f(r): return len('a'), r(), len('abc')"),
            "seen = [attempt(lambda: R() and 1), attempt(lambda: 2)]",
        );
        agrees(
            &session,
            &definitions(
                "class R:\n    def __del__(self): rebind()\ndef f(r):\n    x = r()\n    a = len('a')\n    x = 1\n    return a, len('abc')",
            ),
            "seen = [attempt(R), attempt(lambda: 2)]",
        );
        agrees(
            &session,
            &definitions(
                "class R:\n    def __del__(self): rebind()\ndef f(r): return len('a'), [r(), r()] and 1, len('abc')",
            ),
            "seen = [attempt(R), attempt(lambda: 2)]",
        );
        agrees(
            &session,
            &definitions(
                "class R:\n    def __bool__(self): rebind(); return True\ndef f(r): return len('a'), 5 if r else 6, len('abc')",
            ),
            "seen = [attempt(R()), attempt(2)]",
        );
        agrees(
            &session,
            &definitions(
                "class R:\n    def __iter__(self): rebind(); return iter((1, 2))\ndef f(r):\n    a = len('a')\n    b, c = r\n    return a, b, c, len('abc')",
            ),
            "seen = [attempt(R()), attempt((3, 4))]",
        );
        agrees(
            &session,
            &definitions(
                "class R:\n    def __format__(self, spec): rebind(); return 'x'\ndef f(r): return len('a'), f'{r}', len('abc')",
            ),
            "seen = [attempt(R()), attempt(2)]",
        );
        agrees(
            &session,
            &definitions(
                "class R:\n    def __hash__(self): rebind(); return 1\ndef f(r): return len('a'), {r: 1} and 1, len('abc')",
            ),
            "seen = [attempt(R()), attempt(2)]",
        );
        agrees(
            &session,
            &definitions(
                "class R:\n    def __eq__(self, other): rebind(); return False\ndef f(r): return len('a'), r in [1], r == 2, len('abc')",
            ),
            "seen = [attempt(R()), attempt(2)]",
        );
    }
}

#[test]
fn garbage_that_is_collected_in_the_middle_rebinds_a_global() {
    own_process!();
    let session = Session::new("");
    // Later versions collect between bytecodes, and so not inside compiled code.
    if !typedcall::embed::running_version().starts_with("3.11.") {
        return;
    }
    for made in [
        "[x, x]",
        "(x, x)",
        "{1: x}",
        "{1, 2}",
        "(lambda: x) and 1",
        "x[1:]",
        "[*x]",
        "list(x)",
        "'a b'.split()",
        "x.copy()",
        "x.append and 1",
        "f'{1.5}'",
        "tuple(x)",
        "x + x",
        "slice(1, 2)",
        "slice(x)",
        "sorted(x)",
        "iter(x) and 1",
        "x * 2",
        "'a'.partition('b')",
        "dict(a=1)",
        "{**{}}",
        "divmod(5.0, 2.0)",
    ] {
        agrees(
            &session,
            &format!(
                "
import gc
class Node:
    def __del__(self): globals()['len'] = lambda x: 'mine'
def arm():
    gc.collect()
    gc.disable()
    node = Node()
    node.me = node
    del node
    gc.set_threshold(1, 1, 1)
    gc.enable()
def f(x): return arm(), len('a'), {made}, len('abc')"
            ),
            "
x = [1, 2]
seen = [call(x)]
gc.set_threshold(700, 10, 10)
gc.collect()
seen.append(len)
seen = str(seen).split(' at 0x')[0]",
        );
    }
}

#[test]
fn a_global_hides_a_builtin_and_comes_and_goes() {
    own_process!();
    let session = Session::new("");
    agrees(
        &session,
        "def f(x): return len(x)",
        "
seen = [call('ab')]
len = lambda x: 'mine'
seen.append(call('ab'))
del len
seen.append(call('ab'))
globals()['len'] = str
seen.append(call('ab'))
del len
seen.append(call('ab'))",
    );
    agrees(
        &session,
        "import math\nroot = math.sqrt\ndef f(x): return root(float(x)), root(x)",
        "
seen = [call(4)]
root = abs
seen.append(call(-4))
del root
seen.append(attempt(-4))
root = math.sqrt
seen.append(attempt(-4)); seen.append(call(9))",
    );
}

#[test]
fn modules_change_their_attributes_class_and_getattr() {
    own_process!();
    let session = Session::new("");
    let definitions = "
import types, math
m = types.ModuleType('m')
m.sqrt, m.length, m.text = math.sqrt, len, 'text'
def f(x): return m.sqrt(float(x)), m.length('ab'), m.text.upper(), m.sqrt(x)
";
    for change in [
        "m.sqrt = abs",
        "del m.sqrt",
        "m.text = b'bytes'",
        "m.__dict__['length'] = repr",
        "m.__dict__.clear()",
        "m.__getattr__ = lambda name: lambda x: name",
        "m.__getattr__ = lambda name: lambda x: name\ndel m.sqrt",
        "m.__getattribute__ = lambda name: 5",
        "class Sub(types.ModuleType):\n    sqrt = property(lambda self: lambda x: 'sub')\nm.__class__ = Sub",
        "class Sub(types.ModuleType):\n    def __getattribute__(self, name): return lambda x: 'got ' + name\nm.__class__ = Sub",
        "class Sub(types.ModuleType): pass\nm.__class__ = Sub\nm.sqrt = abs\nm.__class__ = types.ModuleType",
        "m = types.SimpleNamespace(sqrt=abs, length=repr, text='other')",
        "m.__dict__ | {'sqrt': 1}",
    ] {
        // From 3.14 on CPython's own specialized bytecode no longer looks at the class of a module.
        if cfg!(Py_3_14) && change.contains("property") {
            continue;
        }
        agrees(
            &session,
            definitions,
            &format!("seen = [attempt(4)]\n{change}\nseen += [attempt(4), attempt(9.0), attempt(-1)]"),
        );
        // In the middle of a call.
        let indented = change.replace('\n', "\n        ");
        agrees(
            &session,
            definitions,
            &format!(
                "class Changes:\n    def __float__(self):\n        global m\n        {indented}\n        return 4.0\n\
                 seen = [attempt(Changes()), attempt(4)]"
            ),
        );
    }
}

#[test]
fn methods_of_exact_types_are_not_those_of_subclasses() {
    own_process!();
    let session = Session::new("");
    let subclasses = "
class Text(str):
    def upper(self): return 'Text.upper'
    def __len__(self): return 77
    def __str__(self): return 'Text.__str__'
    def __add__(self, other): return 'Text.__add__'
    def __eq__(self, other): return 'Text.__eq__'
    __hash__ = str.__hash__
class Plain(str): pass
class Number(float):
    def is_integer(self): return 'Number'
    def __add__(self, other): return 'Number.__add__'
    __radd__ = __add__
class Whole(int):
    def bit_length(self): return 'Whole'
    def __index__(self): return 5
class Many(list):
    def __len__(self): return 99
    def append(self, item): raise KeyError(item)
values = ['ab', Text('ab'), Plain('ab'), 1.5, Number(1.5), 3, Whole(3), True, [1], Many([1]), b'ab', (1,), {}, None, len]
";
    for body in [
        "return x.upper()",
        "return str.upper(x)",
        "return 'a'.upper() + x",
        "return str(x).upper()",
        "return str(x), len(str(x)), type(str(x))",
        "return len(x)",
        "return float(x).is_integer(), float(x) + x, type(float(x))",
        "return int(x).bit_length(), int(x) + x, type(int(x))",
        "return x.bit_length()",
        "return 'ab'.startswith(x)",
        "return ','.join([x, 'y'])",
        "return 'a-b'.split(x), 'a-b'.split('-', x)",
        "return 'a-b'.split('-', maxsplit=1), 'a-b'.split(sep='-'), 'a b'.split(maxsplit=x)",
        "return sorted([3, 1, 2], key=x), sorted([3, 1, 2], reverse=x)",
        "y = list(x)\n    y.append(x)\n    return len(y), y.count(x), y[0]",
        "return x.append(3), len(x)",
        "return x == 'ab', 'ab' == x, x in ('ab', x), x is x",
        "return bool(x), not x, 1 if x else 2",
        "return tuple(x) is x, str(x) is x, int(x) is x",
        "return float(x) is x",
        "return bytes(x) is x, frozenset(x) == frozenset(frozenset(x))",
        "return isinstance(x, str), isinstance('a', str), isinstance(x, (int, float)), type(x) is str",
        "return abs(x), round(x), divmod(x, 2), pow(x, 2)",
        "return max(x, 2), min(x, 2), max(1, 2), max('a', 'b'), min(1.5, 0.5)",
        "return ord(x[0]), chr(97), hash(x), repr(x), ascii(x)",
        "return int('12') + 1, int('ff', 16), int('ff', base=16), float('1e3') * 2",
        "return int(x, 10)",
        "return '%s' % x, '%s' % (x,), f'{x}', f'{x!r:>10}', x * 2",
        "return {}.get(x, 5), {1: 2}.get(x), {'ab': 1}.setdefault(x, 3)",
        "return dict(a=x)['a'] is x, list((x, x))[1] is x, tuple([x])[0] is x",
    ] {
        agrees(
            &session,
            &format!("{subclasses}\ndef f(x):\n    {body}"),
            "seen = [attempt(value) for value in values]",
        );
    }
}

#[test]
fn what_looks_like_a_function_of_the_library_is_none() {
    own_process!();
    let session = Session::new("");
    agrees(
        &session,
        "
class len(str): pass
class math:
    sqrt = staticmethod(lambda x: 'mine')
    @classmethod
    def fabs(cls, x): return cls, x
def f(x): return len('ab'), math.sqrt(4.0), math.fabs(x)[1]",
        "seen = [attempt(4)]",
    );
    agrees(
        &session,
        "
import builtins
class float(builtins.float):
    def __new__(cls, x): return 'mine'
def f(x): return float(x)",
        "seen = [attempt(4)]",
    );
    agrees(&session, "import functools\nabs = functools.partial(abs)\ndef f(x): return abs(x)", "seen = [attempt(-4)]");
    agrees(
        &session,
        "import math\nmath2 = math\nup = 'abc'.upper\ndef f(x): return up(), math2.fabs(float(x))",
        "seen = [attempt(-4)]",
    );
}
