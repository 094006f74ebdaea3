"""Functions that CPython and the interpreter of decoded bytecode run with the same arguments: `case(arguments, …)` marks them."""

import sys

cases = []


def case(*arguments):
    def mark(function):
        cases.append((function, arguments))
        return function
    return mark


log = []


class Loud:
    """Says when it dies."""

    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append(('died', self.name))

    def __repr__(self):
        return f'Loud({self.name})'


class Manager:
    def __init__(self, swallow=False, fail=None):
        self.swallow, self.fail = swallow, fail

    def __enter__(self):
        log.append('enter')
        if self.fail == 'enter':
            raise LookupError('enter')
        return 'entered'

    def __exit__(self, kind, value, traceback):
        log.append(('exit', kind, str(value), traceback is not None and traceback.tb_lineno > 0, repr(sys.exc_info()[1])))
        if self.fail == 'exit':
            raise LookupError('exit')
        return self.swallow


class NoExit:
    def __enter__(self):
        pass


class Mapping:
    def __init__(self, **items):
        self.items = items

    def keys(self):
        log.append('keys')
        return list(self.items)

    def __getitem__(self, key):
        log.append(('get', key))
        return self.items[key]


class Point:
    __match_args__ = ('x', 'y')

    def __init__(self, x, y):
        self.x, self.y = x, y


class BadMatchArgs:
    __match_args__ = ['x']


class BadMatchNames:
    __match_args__ = (1,)


class Refuses:
    def __bool__(self):
        raise ArithmeticError('no truth')

    def __iter__(self):
        raise TypeError('my own')

    def __eq__(self, other):
        raise ArithmeticError('no comparison')


def entries_of(exception):
    import traceback
    return [(entry.name, entry.lineno) for entry in traceback.extract_tb(exception.__traceback__)
            if 'harness' not in entry.filename]


def takes(*args, **kwargs):
    return args, sorted(kwargs.items())


def iterates(count, fail=False):
    for i in range(count):
        log.append(('next', i))
        yield i
    if fail:
        raise LookupError('end of the iterator')


@case((1, 2), (1.5, 2), ('a', 'b'), ('a', 1), ([1], (2,)), (None, 3), (7, 0))
def arithmetic(a, b):
    log.append(a + b)
    return a - b, a * b, a // b, a % b, a / b, a ** b, a << b, a >> b, a & b, a | b, a ^ b, -a, +a, ~b


@case((3, 4), ([1], [2]), ('x', 'y'), ((1,), (2,)), (None, 1))
def in_place(a, b):
    c = a
    c += b
    log.append((c is a, c))
    c *= 2
    return c


@case((1, 2), (2, 1), ('a', 'b'), (1, 'a'), (None, None), (Refuses(), 1))
def comparisons(a, b):
    log.append([a == b, a != b, a is b, a is not b])
    return a < b <= 10, a > b, a >= b, not a


@case((1, [1, 2]), (3, [1]), ('a', 'abc'), (1, 'abc'), (1, None))
def membership(a, b):
    return a in b, a not in b


@case((0,), (5,), (-3,))
def loops(n):
    total = 0
    for i in range(n):
        if i == 1:
            continue
        if i == 4:
            break
        total += i
    else:
        total += 100
    while n > 0:
        n -= 1
        total += n
    return total


@case((iterates(3),), (5,), (iterates(2, True),), (Refuses(),))
def loop_over(iterable):
    result = []
    for item in iterable:
        result.append(item)
    return result


@case((False,), (True,))
def unbound(bind):
    if bind:
        value = 1
    return value


@case((False,), (True,))
def deleted(again):
    value = Loud('deleted')
    del value
    log.append('gone')
    if again:
        del value
    return undefined_name


@case(())
def global_names():
    global made_here
    made_here = 1
    log.append(made_here)
    del made_here
    log.append(len('abc'))
    del made_here


@case((1,), (0,))
def closures(x):
    y = Loud('cell')
    def inner():
        nonlocal y
        y = x + 1
        return y
    result = inner()
    log.append(y)
    del y
    if x:
        return y
    return [lambda i=i: i + result for i in range(3)][1]()


@case((True,), (False,))
def free_unbound(bind):
    if bind:
        value = 1
    def inner():
        return value
    return inner()


def make_inner():
    value = 1
    def inner(drop, again):
        nonlocal value
        if drop:
            del value
        if again:
            del value
        result = value
        value = result + 1
        return result
    return inner


# A closure that each run makes anew.
inner = make_inner()
inner.make = make_inner
case((False, False), (True, False), (True, True))(inner)


@case(([1, 2, 3],), ((1, 2),), ([1, 2, 3, 4],), ({1: 1, 2: 2, 3: 3, 4: 4},), ('abc',), (5,), (iterates(3),), (iterates(7),),
      (iterates(2, True),), (Refuses(),))
def unpacking(sequence):
    a, b, c = sequence
    return a, b, c


@case(([1, 2, 3],), ([1],), ([],), (range(6),), (5,), (iterates(1, True),))
def starred(sequence):
    a, *b, c = sequence
    log.append((a, b, c))
    [d, *e] = sequence
    return d, e


@case((5, 2), ('a', 'b'), (None, 1))
def texts(a, b):
    return f'{a}', f'{a!r:>5}', f'{a:>{b}}', f'{a!s}{b!a}x', f'{a=}', f'{b:05d}'


@case((1, [2, 3], {'k': 1}), ((1,), 5, {}), ((1,), (), 5), (1, 'ab', Mapping(k=1, l=2)), ([], [], {}))
def displays(a, b, c):
    log.append((a, [a, b], {1: a, 2: b}, {'x': a, 'y': c}))
    log.append([*b, a, *b])
    log.append({**c, 'z': 1})
    log.append({1, *b})
    return (*b, *b), {a: b}, {a, 1}


@case(([0, 1, 2, 3],), ('abcd',), (5,))
def slices(s):
    log.append((s[1:], s[:-1], s[::2], s[1:3], s[-1]))
    s[1:2] = [7, 8]
    log.append(list(s))
    del s[0], s[:1]
    s[0] = 9
    return s


@case(((1, 2), {'a': 1}), (5, {}), ((), 5), ([1], Mapping(a=1)), ((), {1: 2}), (Refuses(), {}), ('ab', {'b': 1}))
def calls(args, kwargs):
    log.append(takes(1, 2, a=3))
    log.append(takes(*args))
    log.append(takes(0, *args, x=1, **kwargs))
    return takes(*args, b=2, **kwargs)


@case(())
def wrong_calls():
    return takes(1, a=1, **{'b': 2}), len(1, 2)


@case((1,), (None,), ('x',))
def not_callable(x):
    return x(1)


@case(('abc',), (5,), (None,))
def methods(x):
    y = x.upper()
    return y.lower(), x.missing


@case((Point(1, 2),), (5,))
def attributes(p):
    p.z = p.x + 1
    log.append(p.z)
    del p.z
    return p.z


class Base:
    def method(self, x):
        return 'base', x

    @property
    def shown(self):
        return 'shown'


class Derived(Base):
    @case()
    def method(self, x):
        return super().method(x), super().shown, super(Derived, self).method(x)

    def missing(self):
        return super().nothing

    def captured(self):
        def inner():
            return self
        return super().method(inner() is self)

    def indirect(self):
        s = super
        return s().method(1)

    @classmethod
    def made(cls):
        return super().__new__(cls)


cases.append((Derived.method, ((Derived(), 1), (5, 1))))
cases.append((Derived.missing, ((Derived(),),)))
cases.append((Derived.captured, ((Derived(),),)))
cases.append((Derived.indirect, ((Derived(),),)))


@case((0,), (1,), ('x',), (None,), ([],))
def trying(x):
    try:
        log.append(1 / x)
        y = [1][x]
    except ZeroDivisionError as e:
        log.append(sys.exc_info()[1] is e)
        raise ValueError('again') from e
    except (IndexError, TypeError) as e:
        log.append(repr(e))
        try:
            raise KeyError(x)
        except KeyError:
            log.append(repr(sys.exc_info()[1].__context__))
        log.append(repr(sys.exc_info()[1]))
        if x is None:
            raise
        if x == []:
            undefined_in_handler
        return 'handled'
    else:
        log.append('else')
    finally:
        log.append(('finally', repr(sys.exc_info()[1])))
    return y


@case((0,), (1,), (2,), (3,))
def finally_paths(x):
    for i in range(3):
        try:
            if x == 0:
                return 'returned'
            if x == 1:
                break
            if x == 2:
                continue
            raise LookupError(i)
        finally:
            log.append(i)
            if i == 1 and x == 3:
                return 'swallowed'
    return 'end'


@case((ValueError,), (ValueError('x'),), (5,), (None,), (int,), (KeyboardInterrupt,))
def raising(x):
    raise x


@case((ValueError, KeyError), (ValueError, None), (ValueError, 5), (ValueError(1), KeyError(2)), (5, 5))
def raising_from(x, y):
    try:
        raise OSError('context')
    except OSError:
        raise x from y


@case(())
def raise_nothing():
    raise


@case((5,), ((ValueError, 5),), ((ValueError, TypeError),), (ValueError,), (KeyError,), (Exception,))
def catching(x):
    try:
        raise ValueError('v')
    except x as e:
        return repr(e)


@case((0,), (1,))
def asserting(x):
    assert x, f'no {x}'
    assert not x
    return x


@case((Manager(),), (Manager(True),), (Manager(fail='enter'),), (Manager(fail='exit'),), (NoExit(),), (5,))
def managing(manager):
    with manager as m:
        log.append(m)
        raise ValueError('inside')
    log.append(repr(sys.exc_info()[1]))
    return 'behind'


@case((Manager(), 1), (Manager(), 0))
def returning_inside(manager, x):
    for i in range(2):
        with manager, Manager():
            if x:
                return i
    return 'end'


@case((ExceptionGroup('g', [ValueError(1), TypeError(2)]),), (ValueError(3),), (ExceptionGroup('g', [KeyError(1)]),),
      (ExceptionGroup('g', [ValueError(1)]),), (OSError('no group'),), (None,))
def groups(e):
    try:
        if e:
            raise e
    except* ValueError as v:
        log.append((repr(v), repr(sys.exc_info()[1]), v.__traceback__ and entries_of(v)))
    except* TypeError as t:
        log.append(repr(t))
        raise LookupError('other')
    return 'end'


@case((ExceptionGroup,), (5,), (ValueError,))
def group_classes(x):
    try:
        raise ExceptionGroup('g', [ValueError(1)])
    except* x:
        pass
    return 'end'


@case((1,), ('a',), ([1, 2],), ([1, 2, 3],), ({'k': 1, 'l': 2},), (Point(1, 2),), (Point(0, 5),), (None,), (2.5,), ({},), ([],))
def matching(subject):
    match subject:
        case 1 | 2:
            return 'one'
        case str(s):
            return s
        case [a, b]:
            return a, b
        case [a, *rest]:
            return a, rest
        case {'k': v, **rest}:
            return v, rest
        case Point(0, y=y):
            return 'zero', y
        case Point(x, y):
            return x, y
        case float() as f if f > 2:
            return f
        case None:
            return 'none'
        case {}:
            return 'mapping'
    return 'nothing'


@case((5, int), (5, 5), (BadMatchArgs(), BadMatchArgs), (BadMatchNames(), BadMatchNames), (Point(1, 2), Point))
def class_patterns(subject, cls):
    match subject:
        case cls(a, y=b):
            return a, b
    match subject:
        case cls(a, b, c):
            return a
    return 'no'


@case((Point(1, 2),))
def doubled_pattern(subject):
    match subject:
        case Point(x, x=y):
            return x, y


@case(())
def imports():
    import os.path
    import os.path as path
    from os import sep, path as p
    log.append((os.path is path, p is path, sep))
    from os import nothing_of_that_name


@case(())
def missing_import():
    try:
        import no_such_module_anywhere
    except ImportError as e:
        log.append(e.name)
    from .relative import x


@case((1,))
def functions(x):
    def f(a: int, b=x, *c, d=2, e: 'str' = 3, **g) -> None:
        """Doc."""
        return a, b, c, d, e, g
    class C:
        y = x
        def method(self):
            return x, __class__
    log.append((f(1), f(1, 2, 3, d=4, h=5), f.__annotations__, f.__defaults__, f.__kwdefaults__, f.__doc__, f.__qualname__))
    return C.y, C().method()[0], C.__qualname__, C.__module__


@case((3,))
def comprehensions(n):
    x = 'outer'
    squares = [x * x for x in range(n)]
    pairs = {(a, b) for a in range(n) for b in range(n) if a < b}
    log.append({k: v for k, v in pairs})
    log.append(x)
    return squares, sorted(pairs), sum(i for i in range(n)), [[i for i in range(j)] for j in range(n)]


@case((0,), (1,))
def failing_comprehension(x):
    i = 'kept'
    try:
        return [1 // i for i in (2, x)]
    except ZeroDivisionError:
        return i


@case((0,), (1,), (2,))
def dying(x):
    a = Loud('a')
    b = Loud('b')
    log.append('made')
    a = Loud('second a')
    if x == 1:
        raise ValueError('dying')
    c = [Loud('in a list')]
    c = None
    if x == 2:
        try:
            raise ValueError(Loud('in an exception'))
        except ValueError:
            log.append('handler')
        log.append('behind')
    Loud('temporary').name
    log.append('end')


@case((Refuses(),), (1,), (0,))
def truth(x):
    if x and not x or x is None:
        return 1
    return 2 if x else 3


@case(((1, 2), 1), ([3], 0), ({}, 'k'))
def while_true(xs, i):
    seen = []
    while True:
        try:
            seen.append(xs[i])
            i += 1
        except IndexError:
            break
        except KeyError as e:
            raise RuntimeError(seen) from e
    return seen


@case((5,), (300,))
def recursing(n):
    return 0 if n == 0 else 1 + recursing(n - 1)


@case(())
def where_am_i():
    a = 1
    return globals() is sys.modules[__name__].__dict__ if False else sorted(globals()) == sorted(log.__class__ and globals()), vars(), dir()


class Lenient(dict):
    """Globals that know every name but one."""

    def __missing__(self, name):
        log.append(('missing', name))
        if name == 'unknown':
            raise KeyError(name)
        if name == 'broken':
            raise ValueError(name)
        return 'lenient ' + name


class Builtins:
    """Builtins that are no dict."""

    def __getitem__(self, name):
        log.append(('builtin', name))
        if name == 'unknown':
            raise KeyError(name)
        return __builtins__['len'] if name == 'len' else 'builtin ' + name


def elsewhere(function, names):
    function.make = lambda: type(function)(function.__code__, names())
    return function


@case((0,), (1,))
def lenient_globals(x):
    global stored
    stored = 1
    log.append((stored, len, anything))
    return broken if x else unknown


elsewhere(lenient_globals, lambda: Lenient(log=log, __builtins__=__builtins__))


@case((0,), (1,))
def own_builtins(x):
    log.append((len('ab'), anything))
    if x:
        import os
    return unknown


elsewhere(own_builtins, lambda: {'log': log, '__builtins__': Builtins()})


@case(())
def no_import_function():
    import os


elsewhere(no_import_function, lambda: {'__builtins__': {}})


@case(())
def no_build_class():
    class C:
        pass


elsewhere(no_build_class, lambda: {'__builtins__': {}})


@case((3,), (0,))
def frames_keep_locals(x):
    kept = Loud('kept')
    cell = Loud('in a cell')
    def inner():
        return cell
    return 1 // (x - 3) if x else inner().missing


@case(([3, 1, 2],), (5,))
def sorting(xs):
    return sorted(xs, key=lambda x: -x), [y for x in xs if (y := x * 2) > 2], y


@case((1,), (5,))
def chained(x):
    try:
        try:
            raise ValueError(1)
        except ValueError:
            raise KeyError(2)
        finally:
            log.append(repr(sys.exc_info()[1]))
            if x == 1:
                undefined
    except KeyError as e:
        log.append(repr(e.__context__))
    except NameError as e:
        log.append((repr(e.__context__), repr(e.__context__.__context__)))
        raise e from None


class Quiet:
    def __init__(self):
        self.held = []

    def __enter__(self):
        return self.held.append

    def __exit__(self, *exception):
        log.append((self.held, exception[0]))
        return exception[0] is KeyError


@case((KeyError('k'),), (ValueError('v'),), (None,))
def nested_with(e):
    with Quiet() as put:
        put(1)
        with Quiet() as put_too:
            put_too(2)
            if e:
                raise e
        log.append('between')
    return 'behind'


if sys.version_info >= (3, 12):
    exec(compile('''
@case((3,))
def type_parameters(n):
    def f[T: int, *Ts, **P](x: T) -> T:
        return x
    class C[A: (int, str)](list[int]):
        def m[B](self): return A
    type Alias[X] = list[X] | int
    log.append((f.__type_params__, f.__type_params__[0].__bound__, f.__type_params__[0].__module__, C.__type_params__,
                C.__type_params__[0].__constraints__, C.__bases__, C.__mro__, Alias.__value__, Alias.__type_params__, f(1)))
    return C().m()
''', 'interpreter_cases_3_12.py', 'exec'))

if sys.version_info >= (3, 13):
    exec(compile('''
@case(())
def type_defaults():
    def f[T = int](x: T): return x
    return f.__type_params__[0].__default__
''', 'interpreter_cases_3_13.py', 'exec'))

if sys.version_info >= (3, 14):
    exec(compile('''
@case((5, 'x'))
def templates(a, b):
    t = t'{a} and {b!r:>{a}} end'
    return t.strings, [(i.value, i.expression, i.conversion, i.format_spec) for i in t.interpolations]
''', 'interpreter_cases_3_14.py', 'exec'))
