# Frames that native code has pushed, as others see them: `run` pushes one (tests/interpreter/frames.rs).
import dis, gc, sys, traceback, weakref

def at(function, name, which=0, after=0):
    """The unit of an instruction of that name, or of one near it. It begins with its first EXTENDED_ARG."""
    found, start = [], None
    for i in dis.get_instructions(function):
        if i.opname in ('CACHE', 'NOT_TAKEN', 'PRECALL'): continue
        start = i.offset if start is None else start
        if i.opname != 'EXTENDED_ARG':
            found.append((i.opname, start // 2))
            start = None
    return found[[n for n, (opname, _) in enumerate(found) if opname.startswith(name)][which] + after][1]

def nothing(): pass

def f(a, g):
    x = a + 1
    r = g()
    y = sys._getframe()
    return a, x, r, y, y.f_lineno - f.__code__.co_firstlineno

call, after = at(f, 'CALL'), at(f, 'CALL', after=1)
start = left()

# Looking.
def look():
    frame = sys._getframe(1)
    stack = [entry.name for entry in traceback.extract_stack()]
    return (frame.f_code is f.__code__, frame.f_lineno - f.__code__.co_firstlineno, dict(frame.f_locals), frame.f_globals is globals(),
            frame.f_builtins is f.__builtins__, frame.f_back is sys._getframe(2), stack[-2:])
def caller(*more): return run(f, call, [1, look, 2], look, *more)
seen = caller()
assert seen == (True, 2, {'a': 1, 'g': look, 'x': 2}, True, True, True, ['f', 'look']), seen
assert left() == start, (left(), start)

# An error that passes.
def raising(): raise KeyError('k')
try: run(f, call, [1, raising, 2], raising)
except KeyError as error: entries = traceback.extract_tb(error.__traceback__)
assert [entry.name for entry in entries][-2:] == ['f', 'raising'] and entries[-2].line == 'r = g()' or entries[-2].lineno, entries
if sys.version_info >= (3, 11): assert entries[-2].lineno == f.__code__.co_firstlineno + 2, entries[-2]

# Kept frames: of a function that has returned, and of one that CPython has gone on in.
kept = []
def keep():
    kept.append(sys._getframe(1))
    return 'kept'
assert run(f, call, [1, keep, 2], keep) == 'kept'
frame = kept.pop()
assert (dict(frame.f_locals), frame.f_lineno - f.__code__.co_firstlineno) == ({'a': 1, 'g': keep, 'x': 2}, 2)
assert frame.f_back is sys._getframe() and frame.f_code is f.__code__
frame.clear()
assert dict(frame.f_locals) == {}
del frame
result = run(f, call, [1, keep, 2], keep, after)
frame = kept.pop()
assert result[:3] == (1, 2, 'kept') and result[3] is frame and result[4] == 4, result
assert set(frame.f_locals) == {'a', 'g', 'x', 'r', 'y'}
del result
frame.clear()
del frame

# clear() of a frame that runs is an error.
def clear():
    try: sys._getframe(1).clear()
    except RuntimeError as error: return str(error)
assert run(f, call, [1, clear, 2], clear) == 'cannot clear an executing frame'

# Writes to f_locals are in the words.
def write():
    frame = sys._getframe(1)
    frame.f_locals['x'] = 77
    if sys.version_info < (3, 13):
        import ctypes
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), 0)
    return words(frame, 0)[2]
assert run(f, call, [1, write, 2], write, after)[1:3] == (77, 77)
assert run(f, call, [1, write, 2], write) == 77

# Closures.
def make(n):
    def g(a, h):
        r = h()
        return a, n, r
    return g
g = make(5)
def inside(): return dict(sys._getframe(1).f_locals)
assert run(g, at(g, 'CALL'), [1, inside], inside) == {'a': 1, 'h': inside, 'n': 5}
assert run(g, at(g, 'CALL'), [1, inside], inside, at(g, 'CALL', after=1)) == (1, 5, {'a': 1, 'h': inside, 'n': 5})

# The handler of an error that native code has raised.
def h(g):
    try:
        r = g()
    except KeyError as error:
        return repr(error), [entry.name for entry in traceback.extract_tb(error.__traceback__)]
result = run(h, at(h, 'CALL'), [raising], raising, at(h, 'CALL', after=1))
assert result == (repr(KeyError('k')), ['h', 'raising']), result

# Deep recursion, in data stack pieces and beyond the limit.
def deep(n):
    if n: return run(f, call, [n, deep, 2], lambda: deep(n - 1), *([after] if n % 2 else []))
    gc.collect()
    return 'end'
result = deep(200)
limit = sys.getrecursionlimit()
sys.setrecursionlimit(300)
try: deep(400)
except RecursionError as error: assert str(error).startswith('maximum recursion depth exceeded'), error
else: assert 0, 'no error'
sys.setrecursionlimit(limit)
del result
assert left() == start, (left(), start)

# A frame that is too large for its piece, and one with many words.
names = {}
exec('def many(g):\n ' + '\n '.join(f'v{i} = {i}' for i in range(3000)) + '\n r = g()\n return v0 + v2999, r', names)
many = names['many']
def counted(): return len(sys._getframe(1).f_locals)
values = [counted] + list(range(3000))
assert run(many, at(many, 'CALL'), values, counted) == 3001
assert run(many, at(many, 'CALL'), values, counted, at(many, 'CALL', after=1)) == (2999, 3001)
assert left() == start, (left(), start)

# References.
class Object: pass
def dies(*more):
    value = Object()
    weak = weakref.ref(value)
    run(f, call, [value, keep, value], lambda: 0, *more)
    del value
    return weak() is None
f.__code__.co_consts
def add(a, g):
    r = g()
    return r
assert run(add, at(add, 'CALL'), [Object(), 0], lambda: 3, at(add, 'CALL', after=1)) == 3
assert dies()
def counts(): return [sys.getrefcount(each) for each in (f, f.__code__, g, g.__code__, g.__closure__[0], keep, None, True)][:6]
gc.collect()
before = counts()
for _ in range(2000):
    run(f, call, [1, keep, None], keep); run(f, call, [1, keep, True], keep, after)
    run(f, call, [1, keep, None], lambda: 0); run(f, call, [1, keep, True], lambda: 0, after)
    run(g, at(g, 'CALL'), [1, inside], inside)
    kept.clear()
gc.collect()
assert counts() == before, (before, counts())
assert not any(type(each).__name__ == 'frame' for each in gc.get_objects() if each is not sys._getframe()), 'frames are left'
assert left() == start, (left(), start)
