"""Constructs inside of each other as nobody writes them, and more of everything than fits into one byte."""

import linecache
import warnings

from objects import *

FUNCTIONS = ['lambda: 1', 'fail', 'lambda: fail(KeyError, 2)', 'lambda: fail(Quiet)', 'lambda: 0']
GROUPS = ['lambda: 1', 'fail', 'lambda: fail(ExceptionGroup, "g", [Trouble(1), KeyError(2)])', 'lambda: fail(Quiet)',
          'lambda: fail(ExceptionGroup, "g", [ExceptionGroup("h", [Trouble(1)]), KeyError(2), ValueError(3)])',
          'lambda: fail(BaseExceptionGroup, "g", [Quiet(1), KeyError(2)])', 'lambda: fail(KeyError, 1)',
          'lambda: fail(ExceptionGroup, "g", [OSError(1)])', 'lambda: fail(StopIteration, 3)']


def return_in_everything(f, g):
    for x in (1, 2, 3):
        try:
            with Manager() as m:
                try:
                    y = f()
                    if y:
                        return x, y
                    continue
                except KeyError as e:
                    note(e)
                    break
                finally:
                    note('inner')
                    z = g()
                    if z == 0:
                        continue
        except Trouble as e:
            note(type(e), e.__context__)
            if x == 2:
                return e
        else:
            note('else')
        finally:
            note('outer', x)
            if x == 3:
                break
    else:
        return 'exhausted'
    return 'broken'


def finally_swallows(f, g):
    while True:
        try:
            try:
                return f()
            finally:
                return g()
        finally:
            break
    return 'swallowed'


def continue_in_finally_of_with(f):
    found = []
    for suppress in (True, False, True):
        try:
            with Manager(suppress=suppress), Manager('second', suppress=not suppress):
                found.append(f())
                continue
        finally:
            found.append('f')
            continue
    return found


def handler_in_handler_in_finally(f, g):
    try:
        try:
            f()
        except Trouble:
            try:
                g()
            except Trouble:
                try:
                    raise
                finally:
                    note(sys_exc())
        finally:
            try:
                g()
            except KeyError as e:
                note(e.__context__)
    except Exception as last:
        return last


def sys_exc():
    import sys
    return sys.exc_info()[1]


def groups(f):
    try:
        f()
    except* Trouble as e:
        note('trouble', e.exceptions, str(e))
    except* (KeyError, ValueError) as e:
        note('key', e.exceptions)
    else:
        note('else')
    finally:
        note('finally')
    return 'end'


def groups_raise(f, g):
    try:
        f()
    except* Trouble as e:
        g()
    except* KeyError:
        raise
    except* OSError as e:
        raise ValueError('new') from e
    return 'end'


def groups_nested(f, g):
    try:
        try:
            f()
        except* KeyError as e:
            try:
                g()
            except* Trouble:
                note('inner trouble')
    except* Trouble as e:
        note('outer', e)
    return 'end'


def groups_in_loop(f, g):
    n = 0
    while n < 2:
        n += 1
        try:
            f()
        except* Trouble as e:
            for x in e.exceptions:
                if isinstance(x, Trouble):
                    n += 1
                    continue
                break
            # Not kept, since an exception's traceback keeps the arguments alive.
            x = len([y for y in e.exceptions if g()])
        finally:
            note(n)
    return n


def groups_bad_class(f, kind):
    try:
        f()
    except* kind as e:
        note(e)


def match_everything(x):
    match x:
        case {'a': [int(n) | float(n), *rest], **others} if n or rest:
            return 'map', n, rest, others
        case {'a': str() as s, 'b': (None | True) as b}:
            return 'str', s, b
        case Point(x=0 | 1 as px, y=[y0, Point(a, b)]):
            return 'nested', px, y0, a, b
        case Point(1, y=z):
            return 'p', z
        case Point() as p if p.x:
            return p.x
        case [[a, b], [c, *d], *e] | [a, b, [c, *d], *e]:
            return a, b, c, d, e
        case [*_, int() | str() as last] if (w := last):
            return 'last', w
        case int(real=r, imag=0) if r > 5:
            return r
        case str('abc') | bytes(b'abc'):
            return 'abc'
        case -1 | 2.5 | 1 + 2j | -1 - 1j:
            return 'number'
        case dict() | list() | tuple() as c:
            return 'container', c
        case {}:
            return 'mapping'
        case []:
            return 'empty'
    return 'none'


def match_in_loop_in_try(xs):
    found = []
    for x in xs:
        try:
            match x:
                case 1:
                    continue
                case 2:
                    break
                case [y, z]:
                    found.append((y, z))
                case {'k': v, **rest}:
                    found.append((v, rest))
                case Slots(x=v):
                    found.append(v)
                case int(a, b):
                    pass
                case _ if x.name:
                    found.append('name')
        except (AttributeError, TypeError) as e:
            found.append(str(e))
        finally:
            found.append('f')
    else:
        found.append('else')
    return found


def match_too_many(x):
    match x:
        case Point(a, b, c):
            return 1


def match_twice(x):
    match x:
        case Point(a, x=b):
            return 1


def match_not_class(x, kind):
    match x:
        case kind(y):
            return y
        case kind():
            return kind


def walrus(a, b):
    if (n := a) and (m := (n, b)) or (m := n):
        return n, m, [k := n, k], (k, (j := k))
    while (a := b) is not a:
        pass
    return {(q := a): q}, f'{(w := a)!r:>{(v := 5)}}', w, v


def walrus_in_comprehensions(xs):
    total = [y := x for x in xs if (z := x)]
    any((hit := x) == 2 for x in xs)
    return total, y, z, hit


def f_strings(a, b):
    return (f'{a}{b!r}{a!s:>4}{b!a}{{}}{a=}', f'{a:{b}}', f'{f"{a:{3}}"!r:^{10}}', f'{[x for x in (a, b)]}', f'{(lambda: a)()}',
            f'{a if b else f"{b}{b=!r}"}')


def comprehensions_in_class(a):
    class C:
        x = [i for i in range(a)]
        y = {k: v for k, v in zip(x, x)}
        z = [(lambda: (i, a))() for i in x if i]
        w = [[j for j in range(i)] for i in x]
        if a:
            del x
        try:
            x
        except NameError as e:
            n = str(e)
        for q in range(2):
            pass
    return sorted((k, v) for k, v in vars(C).items() if not k.startswith('__') and len(k) == 1), C.__name__


def comprehension_in_lambda(xs, a):
    f = lambda ys: [x + a for x in ys if (lambda z: z)(x)]
    a = 2
    return f(xs), [(lambda: x)() for x in xs], [f() for f in [lambda: x for x in xs]]


def nonlocal_and_del(a):
    x = a

    def inner(y):
        nonlocal x, a
        if y:
            del x
        else:
            x = a
        a = [a]
        return a

    result = [inner(a)]
    try:
        result.append(x)
        del x
        result.append(inner(1))
    except NameError as e:
        result.append(str(e))
        inner(0)
        result.append(x)
        inner(1)
    return result, x


def deleted_in_comprehension(xs, c):
    y = 1
    if c:
        del y
    try:
        return [y for y in xs], y
    except NameError as e:
        return str(e), [(y, z) for y in xs for z in [y for y in xs]]


def starred(a, b):
    x, *y, (z, *w) = *a, b
    print_me = note(*a, *b, k, *a) if (k := x) else note(*a)
    return [*a, *b, x], {*a, *(1, 2)}, (*y, *w), {**dict(u=1), 'v': z, **{'u': 2}}


def starred_calls(f, a, b):
    return f(*a, 1, *a, k=2, **b, j=3, **b)


def starred_subscript(a, b):
    return a[*b], a[1, *b, 2:3]


def decorated(f, a):
    @f
    @note
    @(lambda g: note('last', g))
    def inner(x: note('annotation') = note('default', a), *, k: int = 3) -> note('result'):
        """Doc."""
        return x, k

    @f
    class Made:
        y: note('class annotation') = a

    return inner, Made


def annotated(a):
    x: note('never') = a
    y: int
    (z): note('once') = 1
    note(a).attribute: note('attribute')
    a[note('key')]: note('item')
    return x


def global_at_odd_places(a):
    def inner():
        global ODD
        ODD = a
        return ODD

    if a:
        global EVEN
        for EVEN in range(3):
            pass
        with Manager() as EVEN:
            import math as EVEN
        try:
            fail()
        except Trouble as EVEN:
            note(EVEN)
        try:
            EVEN
        except NameError as e:
            note(str(e))
        [EVEN := 5 for _ in (1,)]
        def EVEN(): pass
        EVEN, *EVEN = a, 2
        del EVEN
    return inner()


def del_everything(a, b):
    x, (y, [z]) = a, (b, [a])
    del x, (y, [z]), a[0], b.name
    del a[1:2], a[:]
    return x


def chained(a, b, c):
    return a < b < c != a, a is b is not c, a in b in c, not a < b > c


def chained_assignments(a, b):
    x = y, z = a.name, a[b] = b
    a.name += a[b]
    a[b] @= a
    a[1:2] += [3]
    return x, y, z


def conditional_everything(a, b, c):
    return (a and b or c) if not (a or b) and c else (b if a else c if b else (a, b)) or not (a and not b)


def assert_in_finally(a, b):
    try:
        assert a, b
    finally:
        assert b, (a, b)


def raise_strange(a, b):
    try:
        raise a from b
    except Trouble as e:
        return e.__cause__, e.__suppress_context__
    finally:
        note('finally')


def raise_in_loop(f):
    last = None
    for n in range(3):
        try:
            try:
                f()
            except Exception as e:
                raise OtherTrouble(n) from last
        except OtherTrouble as e:
            last = e
    return last


def bare_raise(f):
    try:
        f()
    except Trouble:
        try:
            fail(KeyError)
        except KeyError:
            pass
        raise
    raise


def with_many(f, a):
    with (Manager('a', leave=a), Manager('b', suppress=True) as (x), Manager('c', leave=KeyError)):
        f()
        return x
    return 'suppressed'


def with_targets(m, a):
    with m as a.name, m as a[0], m as (x, *y):
        return x, y


def else_everywhere(f, xs):
    for x in xs:
        try:
            f()
        except Trouble:
            continue
        else:
            if x:
                break
    else:
        return 'no break'
    while x:
        x = 0
        try:
            continue
        finally:
            note(x)
    else:
        return 'while'


def loop_targets(xs, a):
    for a[0] in xs:
        pass
    for a.name, *a[1] in xs:
        pass
    for (x, y), in xs:
        pass
    return a


def deep_loops(n):
    total = 0
    for a in range(n):
        for b in range(n):
            for c in range(n):
                for d in range(n):
                    try:
                        for e in range(n):
                            if e == 1:
                                break
                            total += 1
                        else:
                            continue
                        if d == 1:
                            break
                    finally:
                        total += 10
                else:
                    continue
                break
    return total, [v for v in (n,) if v]


def unbound(a, f):
    if a:
        x = 1
    try:
        f()
        x += 1
    except UnboundLocalError as e:
        return str(e)
    except Exception as x:
        pass
    return x


def unused(a):
    1
    'text'
    a
    ...
    (a, a)
    [a]
    a.name
    a[0]
    -a
    a < a
    a if a else a
    lambda: a
    {a}


def slices(a, b):
    a[b:] = a[:b]
    a[::2], a[b:1:-1]
    del a[b:b], a[::b]
    return a[:], a[b:...], a[None:b, ::b] if b else a[b:b:b]


def imports(a):
    import os.path, sys as s
    import os.path as p
    from os import path as q, sep
    try:
        from os import no_such_name
    except ImportError as e:
        note(str(e)[:40], e.name)
    try:
        import no_such_module.sub
    except ImportError as e:
        note(str(e), e.name)
    try:
        from . import sibling
    except ImportError as e:
        note(str(e))
    return p is q, os.path is q, sep


def recursion(n, f):
    try:
        return recursion(n - 1, f) if n else f()
    except Trouble as e:
        raise OtherTrouble(n)
    finally:
        note(n)


def defaults_everywhere(a, /, b=1, *c, d, e=note('made'), **f):
    return a, b, c, d, e, f


def wide_unpacking(xs):
    a, b, c, d, e, *f, g = xs
    return f


def class_in_function_in_class(a):
    class Outer:
        a = 'class'

        def method(self):
            class Inner:
                x = a
                y = __class__

                def who(self):
                    return __class__, super().__repr__
            return Inner

        b = a
        c = lambda self: a

    return Outer.b, Outer().c(), Outer().method().x, Outer().method()().who()[0].__name__


def super_everywhere(a):
    class Base:
        def __init__(self, x=0):
            self.x = x

        @property
        def p(self):
            return 'p', self.x

        @classmethod
        def k(cls, *args):
            return cls.__name__, args

        def m(self, *args, **kwargs):
            return args, kwargs

    class Derived(Base):
        def __init__(self, x):
            super().__init__(x)
            super(Derived, self).__init__(x=x)

        @property
        def p(self):
            return super().p

        @classmethod
        def k(cls, *args):
            return super().k(1, *args)

        def m(self, *args, **kwargs):
            return super().m(*args, k=2, **kwargs), super().m(1), super().m, super(Derived, self).m(q=1)

        def deleted(self):
            del self
            return super().m()

        def rebound(self):
            self = Derived(5)
            return super().p

        def missing(self):
            return super().missing

        def in_cell(self):
            return [super(Derived, self).p for _ in (1, 2)], (lambda: self)().x

    d = Derived(a)
    found = [d.p, d.k(a), Derived.k(), d.m(a, z=3)[:2], d.in_cell()]
    for f in (d.deleted, d.rebound, d.missing):
        try:
            found.append(f())
        except Exception as e:
            found.append((type(e), str(e)))
    return found


def big(name, lines, arguments='a, b'):
    """A function written by a program. With a loop, lest it is compiled anew for each of its many guards."""
    lines = ['for _ in (): pass', *lines]
    source = '\n'.join([f'def {name}({arguments}):', *(f'    {line}' for line in lines), ''])
    filename = f'<{name}>'
    linecache.cache[filename] = len(source), None, source.splitlines(True), filename
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', SyntaxWarning)
        exec(compile(source, filename, 'exec'), globals())


COUNT = 300
names = [f'v{n}' for n in range(COUNT)]
big('many_constants', [f'x = {1000 + n}; note(x) if a == {n}.5 else a' for n in range(COUNT)] + ['return x'])
big('many_locals', [f'{name} = a' for name in names] + [f'del {names[280]}, {names[0]}', f'{names[290]}, *{names[291]} = b',
                    f'return {names[285]}, {names[290]}, {names[280] if 0 else names[291]}, ({names[0]} if b else {names[280]})'])
big('many_cells', [f'{name} = a' for name in names] + [f'def f(): return {", ".join(names)}', f'del {names[270]}', 'return f()'])
big('many_names', [f'if b: a.{name}' for name in names] + [f'a.{names[299]}()', f'a.{names[298]} = {names[299]}_global'])
big('many_arguments', ['return v0, v299, v150'], ', '.join(names))
big('call_with_many', [f'return f({", ".join(["a"] * COUNT)})[0][298:]'], 'f, a')
big('call_with_many_keywords', [f'return sorted(f({", ".join(f"{name}=a" for name in names)})[1].items())[298:]'], 'f, a')
big('many_keywords', ['return v0, v299, v150'], '*, ' + ', '.join(f'{name}={n}' for n, name in enumerate(names)))
big('long_jump', ['for x in a:', '    if x == 2:', '        continue', '    try:', '        if x == b: break'] +
    ['        y = x + b; y = y + b; y = [y, x][0]'] * 1200 +
    ['    except TypeError as e:', '        return str(e)', '    finally:', '        note(x)', 'else:', '    return "else"', 'return y'])
big('long_tuple', [f'x = [{", ".join(["a"] * 600)}]', f'y = ({", ".join(["b"] * 600)})', f'{", ".join(["z"] * 600)} = x', 'return x, y, z'])
big('deep_expression', [f'return {"(" * 60}a{" + b)" * 60}'])
big('deep_stack', [f'return {"[a, b, " * 60}1{"]" * 60}'])
big('many_branches', ['x = 0'] + [f'if a == {n}: x = {n}' + (f'\nelif b: x += {n}'.replace('\n', '\n    ')) for n in range(300)] + ['return x'])
big('deep_try', ['    ' * n + 'try:' for n in range(6)] + ['    ' * 6 + 'a()'] +
    [line for n in reversed(range(6)) for line in
     (f'{"    " * n}except {"KeyError" if n % 2 else "Trouble"} as e: raise OtherTrouble({n})', f'{"    " * n}finally: note({n})')] +
    ['return b'])
big('deep_with', ['    ' * n + f'with Manager({n}, suppress={n % 3 == 0}):' for n in range(18)] + ['    ' * 18 + 'return a()', 'return b'])
big('deep_match', ['match a:', f'    case {"[" * 30}x{"]" * 30}: return x', f'    case [y, *_]: return y'])
big('long_match', ['match a:', *(f'    case {n} | "{n}": return {n}, b' for n in range(300))])
big('long_chain', [f'return {" < ".join(["a"] * 100)}'])
big('long_f_string', ['return f"' + '{a}{b!r:>3}' * 300 + '"'])
big('unicode', ['ä = a', 'µ = b', 'def ñ(): return ä, µ', 'a.ﬁ = ä', 'a.ﬁ', 'return ñ()'])

CASES = {
    return_in_everything: grid(FUNCTIONS, FUNCTIONS),
    finally_swallows: grid(FUNCTIONS, FUNCTIONS),
    continue_in_finally_of_with: FUNCTIONS,
    handler_in_handler_in_finally: grid(FUNCTIONS, FUNCTIONS),
    groups: GROUPS,
    groups_raise: grid(GROUPS, GROUPS),
    groups_nested: grid(GROUPS, GROUPS),
    groups_in_loop: grid(GROUPS, FUNCTIONS),
    groups_bad_class: grid(GROUPS, ['ExceptionGroup', 'int', '5', '(KeyError, Trouble)', '(KeyError, ExceptionGroup)', '()', 'Quiet']),
    match_everything: ANY + ['{"a": [1, 2], "z": 3}', '{"a": [0]}', '{"a": "s", "b": True, 1: 2}', '{"a": "s", "b": 1}', '{"a": [1.5]}',
                             'MissingDict(a=[1, 2])', 'Point(0, [1, Point(2, 3)])', 'Point(True, [1, Point(2, 3)])', 'Point(1, 2)',
                             'Point(7)', 'Point(0)', '[[1, 2], [3, 4, 5], 6]', '[1, 2, [3], 4]', '"abc"', 'b"abc"', 'Str("abc")',
                             '2.5', '1+2j', '-1-1j', '-1', '9', 'List([3])', 'range(3)', 'bytearray(b"abc")', 'Int(9)', 'Dict()'],
    match_in_loop_in_try: ['[1, [3, 4], 2, 3]', '[{"k": 1, 2: 3}, Slots(1, 2), None]', '[Slots.__new__(Slots), 5]', '[5, 1]', '5',
                           '[Raises()]', '[Noisy(), Point(1), fail]', 'Counter(1, [1, 2], Trouble)', 'Counter(2, Trouble)'],
    match_too_many: ['Point(1, 2)', '1'],
    match_twice: ['Point(1, 2)', '1'],
    match_not_class: grid(['1', '"a"', 'Point(1, 2)', 'Raises()'], ['int', 'str', '5', 'Point', 'object', 'None', 'list[int]', 'type(note)']),
    walrus: grid(['0', '1', 'Noisy()', 'Raises()', '[]'], ['0', '"5"', '[1]', 'Noisy()']),
    walrus_in_comprehensions: ITERABLES,
    f_strings: grid(['1', '"text"', 'Noisy()', 'Raises()', '[]', '1.5'], ['5', '">8"', 'Noisy()', 'Raises()', '""', '[1]']),
    comprehensions_in_class: ['0', '1', '3', '"a"'],
    comprehension_in_lambda: grid(ITERABLES, ['1', '"a"']),
    nonlocal_and_del: ['0', '1', '[]', 'Noisy()', 'Raises()', 'Dying("d")'],
    deleted_in_comprehension: grid(ITERABLES, ['0', '1']),
    starred: grid(ITERABLES, ITERABLES),
    starred_calls: grid(['Callable()', 'note', 'dict', 'fail', '5', 'Noisy()'], ['()', '[1]', '5', 'Counter(1, Trouble)'],
                        ['{}', '{"z": 1}', '{"k": 1}', 'Mapping(z=1)', '{1: 2}', '5', 'Raises()', 'Mapping(j=1)']),
    starred_subscript: grid(['Noisy()', '{(1, 2): 3}', 'Raises()', '[1]'], ['(1, 2)', '[]', '5']),
    decorated: grid(['note', 'Callable()', 'fail', 'lambda x: x'], ['1', '[]']),
    annotated: ['1', 'Noisy()', 'Raises()'],
    global_at_odd_places: ['0', '1', '[1]'],
    del_everything: grid(['[1, 2, 3]', 'Noisy()', '[]', '{0: 1}'], ['Noisy()', 'Point(1)', 'Raises()']),
    chained: grid(['0', '1', 'nan', '[1]', 'Noisy()', 'Raises()', '"a"'], ['0', '[1, [1]]', '"ab"', 'Noisy()', 'Noisy("f", False)'], ['1', '[[1, [1]]]', 'Raises()', 'Noisy()']),
    chained_assignments: grid(['Noisy()', 'Raises()', '[]', 'Point(1)'], ['(1, 2)', '[1]', '5', '"ab"']),
    conditional_everything: grid(['0', '1', 'Noisy()', 'Noisy("f", False)', 'Raises()'], ['0', '1', 'Noisy("g", False)', 'Raises()'], ['0', '[]', 'Noisy("h")']),
    assert_in_finally: grid(['0', '1', 'Raises()', '(1,)'], ['0', '"text"', '()', '(1, 2)', 'Raises()', 'Trouble("t")']),
    raise_strange: grid(ERRORS, ERRORS),
    raise_in_loop: FUNCTIONS,
    bare_raise: FUNCTIONS,
    with_many: grid(FUNCTIONS, ['None', 'Trouble', 'Quiet']),
    with_targets: grid(['Manager()', 'NoExit()', 'NoEnter()', '5', 'Manager("ab", suppress=True)'], ['Noisy()', '[]', 'Raises()', 'Point(1)']),
    else_everywhere: grid(FUNCTIONS + ['after(2)'], ['[]', '[0, 1]', '[0]', 'Counter(0, Trouble)', '5']),
    loop_targets: grid(['[]', '[[1]]', '[[(1, 2)]]', '5', '"ab"'], ['Noisy()', '[1, 2]', 'Raises()']),
    deep_loops: ['0', '1', '2', '3', '"a"'],
    unbound: grid(['0', '1'], FUNCTIONS),
    unused: ['1', '[1]', 'Noisy()', 'Raises()', 'Point(1)'],
    slices: grid(['[1, 2, 3]', 'Noisy()', 'Raises()', '"abc"', 'List([1, 2])'], ['0', '1', '-1', '2**70', 'None', '"a"', 'Int(1)', 'Raises()']),
    imports: ['1'],
    recursion: grid(['0', '3'], FUNCTIONS),
    defaults_everywhere: ['1, d=2', '1, 2, 3, 4, d=5, g=6', '1', '', '1, a=2, d=3', '1, b=2, d=3, e=4', '1, 2, b=3, d=4', '*[1, 2], **{"d": 1, "ä": 2}', '1, d=2, **{"a": 3}'],
    wide_unpacking: ITERABLES + ['range(6)', 'range(5)', 'range(20)', '"abcdefg"'],
    class_in_function_in_class: ['1', '[]'],
    super_everywhere: ['1', '"a"'],
    many_constants: ['1, 2', '2.5, 3'],
    many_locals: grid(['1', '[]'], ['[1, 2]', '[]', '5']),
    many_cells: ['1, 2'],
    many_names: grid(['Noisy()', 'Raises()', '5'], ['0', '1']),
    many_arguments: ['*range(300)', '*range(299)', '*range(301)', '**{f"v{n}": n for n in range(300)}', '*range(299), v0=1'],
    call_with_many: grid(['Callable()', 'Noisy()', 'Raises()', 'fail'], ['1', '[]']),
    call_with_many_keywords: grid(['Callable()', 'Noisy()', 'Raises()', 'fail'], ['1', '[]']),
    many_keywords: ['', 'v299=5', '1', 'v300=1', '**{f"v{n}": n for n in range(1, 301)}'],
    long_jump: ['[1, 2, 3], 1', '[1, 2], 5', '[], 1', '[1, "a"], 5', '5, 1'],
    long_tuple: ['1, []'],
    deep_expression: ['1, 2', '"a", 2', '"a", "b"', '[], [1]'],
    deep_stack: ['1, []'],
    many_branches: ['0, 0', '0, 1', '299, 0', '299, 5', 'Int(5), []'],
    deep_try: [f'{f}, 1' for f in FUNCTIONS],
    deep_with: [f'{f}, 1' for f in FUNCTIONS],
    deep_match: ['[1, 2], 1', '[' * 30 + '7' + ']' * 30 + ', 1', '[' * 31 + ']' * 31 + ', 1'],
    long_match: ['0, 1', '"299", 2', '300, 1', '[], 1', 'Raises(), 1'],
    long_chain: ['1, 1', 'Noisy(), 1', 'Raises(), 1'],
    long_f_string: ['1, 2', '"ä", 1.5', 'Noisy(), Raises()'],
    unicode: ['Noisy(), 1', '5, 1'],
}
