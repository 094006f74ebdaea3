//! An instruction that raises in the range of a handler continues in the interpreter of decoded bytecode, which finds
//! the handler.

use crate::support::session::{AGREE, Session};

#[test]
fn errors_are_handled_where_cpython_handles_them() {
    own_process!();
    let session = Session::with_chain(AGREE);
    session.run(
        "
def caught(f, a):
    b = [a]
    try: c = f(a)
    except ValueError as error: return b, error.args
    return b, c
def nested(f, a):
    try:
        try: f(a)
        finally: b = a
    except (KeyError, TypeError) as error: return type(error), b
    return b
def passed_on(f, a):
    try: return f(a)
    except KeyError: return f(f)
def raised_again(f, a):
    try: f(a)
    except Exception as error:
        if a: raise
        raise RuntimeError(a) from error
def typed(f, a):
    try: return m.half(a), m.add(a, 1.0)
    except TypeError: return 'TypeError'
def unbound(f, a):
    try:
        if a: b = a
        return b
    except UnboundLocalError as error: return str(error)
def with_block(f, a):
    class Manager:
        def __enter__(self): return self
        def __exit__(self, kind, value, trace): return kind is ValueError
    with Manager() as b: return f(a), b is None
    return 'swallowed'
def fine(a): return a
def value_error(a): raise ValueError(a)
def key_error(a): return {}[a]
def type_error(a): return a + None
",
    );
    for name in ["caught", "nested", "passed_on", "raised_again", "typed", "unbound", "with_block"] {
        session.fast(name);
        session.run(&format!(
            "
for f in [fine, value_error, key_error, type_error]:
    for a in [0, 4, 2.5, -2**70, 'x']: same('{name}', f, a)
"
        ));
    }
}

/// The operands die first, then the values that the handler does not keep, from the top; then the handler runs.
#[test]
fn what_was_on_the_stack_dies_in_cpythons_order() {
    own_process!();
    let session = Session::with_chain(AGREE);
    session.run(
        "
class Noted:
    died = []
    def __init__(self, name): self.name = name
    def __del__(self): Noted.died.append(self.name)
    def part(self, *args): return Noted(self.name + '.part')
    def bad(self, *args): raise ValueError(self.name)
    def __add__(self, other=None): raise ValueError('add')
    __iter__ = __getitem__ = __add__
def argument(a):
    try: return [Noted('1').part(a.part(), Noted('2').part, a.bad())]
    except ValueError: Noted.died.append('handled')
def operand(a):
    try: return Noted('1'), [Noted('2')], Noted('3') + Noted('4')
    except ValueError: Noted.died.append('handled')
def spread(a):
    try: return Noted('1'), [Noted('2'), *Noted('3')]
    except ValueError: Noted.died.append('handled')
def item(a):
    for i in (Noted('x'), 2):
        try: return Noted('1'), Noted('2')[Noted('3')]
        except ValueError: Noted.died.append('handled')
        finally: Noted.died.append('finally')
def typed(a):
    try: return Noted('1'), [Noted('2')], m.half(Noted('3'))
    except TypeError: Noted.died.append('handled')
def deaths(function):
    Noted.died = []
    function(Noted('a'))
    return Noted.died[:]
",
    );
    for name in ["argument", "operand", "spread", "item", "typed"] {
        session.fast(name);
        session.run(&format!("assert deaths({name}) == deaths(fast_{name}), (deaths({name}), deaths(fast_{name}))"));
    }
}
