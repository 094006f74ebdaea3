# Leaves a function before each instruction that it executes, in turn, and lets CPython finish a copy of its frame: everything must be as
# without (tests/interpreter/frames.rs). It runs with the cases and the harness, under the harness's file name.
import collections, types

class Stop(BaseException): pass

class Interruption(Exception): pass

def who():
    frame = sys._getframe(1)
    return frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno, sorted(frame.f_locals)

@case((3,))
def looks_back(n):
    for i in range(n):
        for pair in [(i, 1.5), (None, 'x')]:
            log.append((pair, who()[1]))
            for j in (i, True, None):
                if j is None: continue
                log.append((j, who()))
    while n > 0:
        n -= 1
        try:
            if n == 1: break
        finally: log.append(('finally', n, repr(sys.exc_info()[1])))
    else: log.append('else')
    return who(), i, pair

@case((0,), (1,), (2,), (3,))
def in_handlers(n):
    try:
        try:
            if n == 0: raise ValueError(n)
            if n == 1: 1 // 0
            if n == 2: {}['k']
        except ValueError as e:
            log.append((repr(e), repr(sys.exc_info()[1]), who()))
            try: raise TypeError('inner')
            except TypeError as e2: log.append((repr(e2.__context__), repr(sys.exc_info()[1])))
            log.append(repr(sys.exc_info()[1]))
        except (ZeroDivisionError, KeyError): log.append('again'); raise
        else: log.append('else')
        finally: log.append(('finally', n, repr(sys.exc_info()[1])))
    except ZeroDivisionError as z: log.append(('outer', repr(z.__context__), len(log)))
    return 'end'

@case((True,), (False,))
def in_withs(fails):
    with Manager() as a, Manager(swallow=True) as b:
        log.append(who())
        for i in range(2):
            with Manager(swallow=True):
                if i == 0: continue
                if fails: raise KeyError(i)
        with Manager(): log.append((a, b)); a.nope
    with Manager(): return 'returned', [*(x for x in 'ab'), *[y for y in range(i)]]

@case(())
def nests():
    try:
        for i in range(2):
            try:
                try:
                    try: raise KeyError(i)
                    finally: log.append('f1')
                finally:
                    log.append('f2')
                    if i == 0: raise ValueError('x')
            except ValueError as e: log.append(repr(e.__context__))
    except* KeyError as eg: log.append(repr(eg))
    try: raise
    except RuntimeError as e: log.append(str(e))
    def inner(): return i, cell
    cell = 5
    try: first_in_range
    except NameError as e: log.append((str(e), inner()))
    del cell
    try: inner()
    except NameError as e: log.append(str(e))
    return [(lambda q=i: q + j)() for j in range(3)], {i: j for i, j in zip('ab', (1, 2))}, f'{i!r:>5}', max(1, 2, key=lambda v: -v)

def twin(function):
    """The same function with code of its own, which may be instrumented."""
    made = types.FunctionType(function.__code__.replace(), function.__globals__, function.__name__, function.__defaults__,
                              function.__closure__)
    made.__kwdefaults__ = function.__kwdefaults__
    made.__qualname__ = function.__qualname__
    return made

def ending(run):
    try: end = 'returned', shown(run())
    except BaseException as exception: end = 'raised', describe(exception)
    return end, shown([entry for entry in log if type(entry) is not tuple or entry[:1] != ('died',)]), shown(sys.exc_info()[1])

def attempt(function, arguments, number, raises):
    """The end of a copy of the frame, left before the instruction of that number; None if there are fewer. With `raises`, the
    instruction has raised an exception; the second result is then what CPython does with it."""
    arguments = fresh(arguments)
    function = getattr(function, 'make', lambda: function)()
    traced, (starts, raised) = twin(function), points(function)
    count, found = 0, []
    log.clear()
    def trace(frame, event, _):
        nonlocal count
        if frame.f_code is not traced.__code__: return None
        frame.f_trace_opcodes = True
        if event != 'opcode': return trace
        offset = frame.f_lasti
        if offset not in (raised if raises else starts): return trace
        count += 1
        if count <= number: return trace
        sys.settrace(None)
        before = handled(None)
        handled(before)
        if raises == 'here': found.append(offset); raise Interruption
        if raises: run = lambda: go(function, *raised[offset][:1], words(frame, raised[offset][1]), Interruption())
        else: run = lambda: go(function, starts[offset][0], words(frame, starts[offset][1]))
        found.append((offset, ending(run)))
        handled(before)
        raise Stop
    def run():
        sys.settrace(trace)
        try: return traced(*arguments)
        finally: sys.settrace(None)
    sys._getframe().f_trace_opcodes = True
    outside = handled(None)
    handled(outside)
    end = ending(run)
    handled(outside)
    if not found: return None
    return (found[0], end) if raises == 'here' else found[0]

def plainly(function, arguments):
    arguments = fresh(arguments)
    function = getattr(function, 'make', lambda: function)()
    log.clear()
    return ending(lambda: function(*arguments))

def leaks(function, arguments, raises, last):
    """The references that the exits of a function leave, at every eleventh place."""
    watched = [each for each in [function, function.__code__, function.__globals__, *function.__code__.co_consts,
                                 *(function.__closure__ or ())] if not isinstance(each, (int, type(None)))]
    def again():
        for number in range(0, last, 11): attempt(function, arguments, number, raises)
        log.clear()
    def counts():
        gc.collect()
        return [sys.getrefcount(each) for each in watched] + [len(gc.get_objects()) - len(kept)]
    kept = []
    again()
    # Something else may keep an object for a while; what leaks leaks each time.
    for _ in range(3):
        before = counts()
        kept.append(before)
        again()
        after = counts()
        if all(new <= old for old, new in zip(before, after)): return []
    return [f'{function.__name__}{arguments}: {before} references become {after}']

def left_everywhere(raises):
    """The failures, and a summary."""
    failures, seen, functions, checked, start = [], collections.Counter(), 0, set(), left()
    for function, arguments in every_pair():
        if function.__name__ in ('recursing', 'deleted'): continue
        functions += 1
        for _ in range(3): theirs = plainly(function, arguments)
        for number in range(100000):
            if raises: expected = attempt(function, arguments, number, 'here')
            ours = attempt(function, arguments, number, raises)
            if ours is None: break
            if raises:
                if expected is None or expected[0] != ours[0]: failures.append(f'{function.__name__}: {expected} {ours}'); break
                theirs = expected[1]
            opname = dis.opname[getattr(function, 'make', lambda: function)().__code__.co_code[ours[0]]]
            seen[opname] += 1
            failures += disagreement(function, arguments, theirs, ours[1], f'at {ours[0]}, {opname}')
        if function not in checked and function.__name__ not in ('imports', 'missing_import', 'functions', 'type_parameters', 'type_defaults'):
            checked.add(function)
            failures += leaks(function, arguments, raises, number)
        if left() != start: failures.append(f'{function.__name__}: {start} of the stack was left, now {left()}')
        if len(failures) > 40: break
    print(functions, 'calls,', sum(seen.values()), 'exits at', len(seen), 'kinds of instructions')
    return failures
