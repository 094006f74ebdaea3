//! The front end's IR for real functions.

use typedcall::bytecode::{self, Code};
use typedcall::embed::Python;
use typedcall::frontend::{self, Refusal, RefusalReason};
use typedcall::ir::{Function, Instruction, Operation};

/// The code of the function `f` that statements define.
fn code(python: &Python, statements: &str) -> Code {
    let names = python.namespace().expect("there is memory");
    python.run(statements, &names).unwrap_or_else(|error| panic!("{error}\n{statements}"));
    let function = names.item(python, "f").expect("the statements define f");
    bytecode::decode_function(python, &function).unwrap_or_else(|error| panic!("{error}\n{statements}"))
}

fn built(python: &Python, statements: &str) -> Function {
    let code = code(python, statements);
    let function = frontend::build(&code).unwrap_or_else(|refusal| panic!("{refusal}\n{statements}"));
    function.verify().unwrap_or_else(|error| panic!("{error}\n{code}\n{function}"));
    function
}

fn refusal(python: &Python, statements: &str) -> Refusal {
    match frontend::build(&code(python, statements)) {
        Err(refusal) => refusal,
        Ok(function) => panic!("not refused:\n{statements}\n{function}"),
    }
}

fn operations(function: &Function) -> impl Iterator<Item = &Operation> {
    function.instructions().filter_map(|(_, _, data)| match &data.instruction {
        Instruction::Operate { operation, .. } => Some(operation),
        _ => None,
    })
}

/// The listing of the proposal, before any pass; `MethodSelf` is the object on which a method is called.
const HELLO: &str = "\
v6:UnicodeExact[\"hello,world\"] = LoadConst
v9:Object = LoadMethod<\"upper\"> v6
v10:Object|Nullptr = MethodSelf v9
v11:Object = CallMethod<0> v9 v10
Return v11
";

#[test]
fn the_proposals_example_is_the_same_from_its_snippet_and_from_real_bytecode() {
    own_process!();
    let python = Python::attach();
    let snippet = "LOAD_CONST 'hello,world'; STORE_FAST x; LOAD_FAST x; LOAD_METHOD upper; CALL_METHOD 0; RETURN_VALUE";
    let snippet: Code = snippet.parse().expect("it is a snippet");
    assert_eq!(frontend::build(&snippet).expect("it is plain code").to_string(), HELLO);
    assert_eq!(built(&python, "def f():\n    x = 'hello,world'\n    return x.upper()").to_string(), HELLO);
}

/// A function for each construct, and some that combine them.
const FUNCTIONS: &[&str] = &[
    "def f(a, /, b, *c, d=1, **e): return a, b, c, d, e",
    "def f(x): return -x, +x, ~x, not x, x and 1, x or 2, x if x else 3",
    "def f(x, y): return x < y < 3, x is y, x is not y, x in y, x not in y, x == y != 2",
    "def f(x, y): return x + y, x - y, x * y, x / y, x // y, x % y, x ** y, x @ y, x << y, x >> y, x & y, x | y, x ^ y",
    "def f(x, y):\n x += y; x -= y; x *= y; x /= y; x //= y; x %= y; x **= y; x @= y; x <<= y; x >>= y; x &= y; x |= y; x ^= y\n return x",
    "def f(x): return x[1], x[1:2], x[::2], x[1, 2:3]",
    "def f(x):\n x[1] = 2; x[1:2] = 3; del x[1]; x.a = 4; del x.a; x.b += 1; x[0] -= 1",
    "def f(x): return (x, 1), [x, *x], {x, *x}, {x: 1, **x}, (*x, 1), [1, 2, 3], {'a': x, 'b': x}, {1, 2, 3}",
    "def f(x, y): return f'{x}{y!r:>10}{x:{y}}{x!s}{x!a}', f'{x}', 'plain'",
    "def f(g, a, k): return g(), g(a), g(a, k=1), g(*a), g(a, *a, k=2, **k), a.m(1), a.m(k=2), a.m(*a)",
    "def f(x):\n a, b = x\n c, *d, e = x\n (h, i), j = x\n return a, b, c, d, e, h, i, j",
    "def f(x):\n if x: return 1\n elif x is None: return 2\n elif x is not None and x > 3: return 3\n else: return 4",
    "def f(n):\n i = 0\n while i < n:\n  i += 1\n  if i == 3: continue\n  if i == 5: break\n else: return -1\n return i",
    "def f(xs):\n t = 0\n for x in xs:\n  for y in x:\n   if y: break\n   t += y\n  else: continue\n  break\n else: t = None\n return t, x",
    "def f():\n while True:\n  pass",
    "def f(g):\n try: x = g()\n except ValueError: x = 1\n except (KeyError, TypeError) as e: x = e\n else: x = 2\n finally: y = 3\n return x, y",
    "def f(g):\n for i in g:\n  try:\n   if i: continue\n   if g: break\n   return i\n  finally:\n   g.close()",
    "def f(g):\n try:\n  try: g()\n  except: raise\n except* ValueError as e: return_ = e\n except* KeyError: pass",
    "def f(g):\n with g() as a, g(): return a\n",
    "def f(g):\n with g:\n  for x in g:\n   with x: continue\n return 1",
    "def f(x):\n raise x",
    "def f(x):\n raise ValueError(x) from x",
    "def f(x):\n assert x, 'message'\n assert x",
    "def f(x):\n match x:\n  case 1 | 2: return 0\n  case [a, b, *rest]: return a, b, rest\n  case {'k': v, **others}: return v, others\n  case Point(x=0, y=yy): return yy\n  case str() as s if s: return s\n  case None: return 1\n  case _: return 2",
    "def f(a):\n total = 0\n def g(b=a, *, c: int = 2) -> int:\n  nonlocal total\n  total += a + b + c\n  return total\n return g, lambda x: x + a",
    "def g(y):\n x = 1\n def f(): return x + y\n return f\nf = g(2)",
    "def f(xs): return [x for x in xs if x], {x for x in xs}, {x: y for x, y in xs}, [[y for y in x] for x in xs]",
    "def f(xs):\n x = 1\n ys = [x for x in xs]\n return x, [(lambda: x) for x in ys]",
    "def f(xs): return sum(x for x in xs)",
    "def f():\n import os.path as p, sys\n from os import path, sep as s\n return p, sys, path, s",
    "def f():\n global g1, g2\n g1 = 1\n g2 = g1\n del g1",
    "def f(x):\n del x\n try: x\n except UnboundLocalError: x = 1\n return x",
    "def f():\n class C:\n  def m(self): return __class__\n return C",
    "class C:\n def f(self): return super().f() + super().x\nf = C.f",
    "class C:\n def f(self): return super(C, self).f()\nf = C.f",
    "def f(x):\n while x:\n  try:\n   x = x.next\n  except AttributeError: break\n  else:\n   if x: continue\n  finally: x.done()\n return x",
    "def f(x):\n if (n := len(x)) > 3: return n\n return (lambda: n)()",
    "def f(x): return x if x else (x, ...)",
    "def f(x):\n print(x, end='')\n return print",
];

#[test]
fn every_construct_gives_ir_that_verifies_and_reads_back() {
    own_process!();
    let python = Python::attach();
    for statements in FUNCTIONS {
        let function = built(&python, statements);
        let text = format!("{function:#}");
        let reread: Function = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(format!("{reread:#}"), text);
    }
}

/// An instruction that fails, or runs Python, has the state that the interpreter needs to continue. An instruction that
/// raises in a try has the state that it needs to handle the exception.
#[test]
fn what_can_leave_the_function_has_a_state_and_what_raises_in_a_try_an_error_state() {
    own_process!();
    let python = Python::attach();
    let mut error_states = 0;
    for statements in FUNCTIONS {
        let code = code(&python, statements);
        let function = built(&python, statements);
        for (_, inst, data) in function.instructions() {
            let effects = data.instruction.effects();
            let can_leave = match &data.instruction {
                // Of truth values.
                Instruction::Box { .. } => false,
                _ => effects.is_noticed(),
            };
            let Some(state) = function.state(inst) else {
                assert!(!can_leave, "{} in\n{code}\n{function}", function.display_inst(data));
                assert_eq!(data.error, None);
                continue;
            };
            assert_eq!(state.locals.len(), code.locals.len());
            assert!((state.at as usize) < code.instructions.len());
            let handler = code.handler(state.at);
            assert_eq!(data.error.is_some(), handler.is_some() && can_leave && effects.raises, "{code}\n{function}");
            let Some((error, handler)) = function.error_state(inst).zip(handler) else { continue };
            error_states += 1;
            assert_eq!((error.at, &error.locals), (state.at, &state.locals), "{code}\n{function:#}");
            // The handler finds its values, and the used operands are gone.
            let depth = handler.depth as usize;
            assert!(error.stack.len() >= depth, "{code}\n{function:#}");
            assert_eq!(error.stack[..depth], state.stack[..depth], "{code}\n{function:#}");
            assert!(error.stack.len() <= state.stack.len(), "{code}\n{function:#}");
        }
    }
    assert!(error_states >= 10, "only {error_states}");
}

/// Handlers are left to the interpreter, which has no frame of its own either.
#[test]
fn what_looks_at_its_own_frame_in_a_handler_is_refused() {
    let python = Python::attach();
    for (body, name) in [("locals()", "locals"), ("sys._getframe()", "_getframe"), ("inspect.stack()", "stack")] {
        let refusal = refusal(&python, &format!("def f(x):\n try: x()\n except ValueError:\n  return {body}"));
        assert_eq!((refusal.reason, refusal.line), (RefusalReason::OwnFrame(name.into()), Some(4)), "{body}");
    }
    built(&python, "def f(x):\n try: x()\n except ValueError: return x.stack()");
}

#[test]
fn bound_locals_are_not_checked() {
    own_process!();
    let python = Python::attach();
    let checked = |statements| {
        let function = built(&python, statements);
        operations(&function).filter(|operation| matches!(operation, Operation::CheckLocal(_))).count()
    };
    assert_eq!(checked("def f(a, *b, c=1, **d):\n x = a\n while x:\n  y = b\n  x = y, c, d\n return x"), 0);
    assert_eq!(checked("def f(a):\n try: x = a()\n except ValueError: return 1\n return x"), 0);
    // Once checked, it is bound.
    assert_eq!(checked("def f(a):\n if a: x = 1\n return x, x"), 1);
    assert_eq!(checked("def f(a):\n for x in a: pass\n return x"), 1);
    assert_eq!(checked("def f(a):\n del a\n return a"), 1);
}

#[test]
fn loops_serve_interrupts_at_their_ends() {
    own_process!();
    let python = Python::attach();
    let polls = |statements| {
        let function = built(&python, statements);
        operations(&function).filter(|&operation| *operation == Operation::Poll).count()
    };
    assert_eq!(polls("def f(n): return n"), 0);
    assert_eq!(polls("def f(n):\n for x in n: n(x)"), 1);
    assert!(polls("def f(n):\n while n: n = n()") > 0);
    assert!(polls("def f():\n while True: pass") > 0);
}

#[test]
fn what_suspends_is_refused() {
    own_process!();
    let python = Python::attach();
    let reason = |statements| refusal(&python, statements).reason;
    assert_eq!(reason("def f():\n yield 1"), RefusalReason::Generator);
    assert_eq!(reason("def f(x):\n yield from x"), RefusalReason::Generator);
    assert_eq!(reason("async def f(x): await x"), RefusalReason::Coroutine);
    assert_eq!(reason("async def f(x):\n yield x"), RefusalReason::AsyncGenerator);
    let refusal = refusal(&python, "\n\ndef f():\n yield 1");
    assert_eq!(refusal.line, Some(3));
    assert!(refusal.to_string().starts_with("line 3: generators are not compiled"), "{refusal}");
}

#[test]
fn what_looks_at_its_own_frame_is_refused_with_its_line() {
    own_process!();
    let python = Python::attach();
    let refused = |body: &str, name: &str| {
        let refusal = refusal(&python, &format!("import sys, inspect\ndef f(x=1):\n x = 2\n {body}"));
        assert_eq!(refusal.reason, RefusalReason::OwnFrame(name.into()), "{body}");
        assert_eq!(refusal.line, Some(4), "{body}");
    };
    refused("return locals()", "locals");
    refused("return globals()", "globals");
    refused("exec('x = 1')", "exec");
    refused("return eval('x')", "eval");
    refused("return x(eval)", "eval");
    refused("breakpoint()", "breakpoint");
    refused("return sys._getframe()", "_getframe");
    refused("return builtins.locals()", "locals");
    refused("return __builtins__.eval('1')", "eval");
    refused("return inspect.currentframe()", "currentframe");
    refused("return inspect.stack()", "stack");
    refused("from sys import _getframe as g", "_getframe");
    built(&python, "def f(self): return self.stack(), self.eval()");
}

#[test]
fn dir_and_vars_are_refused_where_they_may_have_no_arguments() {
    own_process!();
    let python = Python::attach();
    for body in ["return dir()", "return vars()", "return map(dir, x)", "d = dir; return d()", "return dir(*x)"] {
        let refusal = refusal(&python, &format!("def f(x):\n {body}"));
        assert!(matches!(refusal.reason, RefusalReason::OwnNames(_)), "{body}: {refusal}");
        assert_eq!(refusal.line, Some(2), "{body}");
    }
    built(&python, "def f(x): return dir(x), vars(x if x else f)");
}

#[test]
fn super_without_arguments_is_compiled_where_an_attribute_is_taken() {
    own_process!();
    let python = Python::attach();
    let function = built(&python, "class C:\n def f(self): return super().f(1), super().x\nf = C.f");
    let is_super = |operation: &&Operation| {
        matches!(operation, Operation::LoadSuperMethod(_, true) | Operation::LoadSuperAttr(_, true))
    };
    assert_eq!(operations(&function).filter(is_super).count(), 2);
    let kept = refusal(&python, "class C:\n def f(self):\n  s = super()\n  return s.f()\nf = C.f");
    assert_eq!((kept.reason, kept.line), (RefusalReason::ZeroArgumentSuper, Some(3)));
}

#[test]
fn labels_of_constants_are_the_same_in_every_run() {
    own_process!();
    let python = Python::attach();
    let function = built(&python, "def f(x): return x in {'b', 'a', 'c'}, lambda: x");
    let text = function.to_string();
    assert!(text.contains("frozenset({'a', 'b', 'c'})"), "{text}");
    assert!(text.contains("<code object f.<locals>.<lambda>>"), "{text}");
    assert!(!text.contains("0x"), "{text}");
}

#[test]
fn long_functions_take_no_longer_than_they_are() {
    own_process!();
    let python = Python::attach();
    // Two thousand calls in a try statement, with a hundred locals: twice as many edges to one handler.
    let mut statements = "def f(g):\n try:\n".to_owned();
    (0..2000).for_each(|index| statements += &format!("  x{} = g(x{})\n", index % 100, (index * 7) % 100));
    statements += " except ValueError: return x1\n";
    let started = std::time::Instant::now();
    built(&python, &statements);
    let seconds = started.elapsed().as_secs_f64();
    assert!(seconds < 10.0, "{seconds:.1} s");
}
