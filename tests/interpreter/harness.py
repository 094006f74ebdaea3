"""Runs functions in CPython and in the interpreter of decoded bytecode, and compares everything that can be seen."""

import copy
import ctypes
import gc
import inspect
import os
import signal
import threading
import time
import traceback


def bind(function, arguments):
    code = function.__code__
    bound = inspect.signature(function).bind(*arguments)
    bound.apply_defaults()
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
    return tuple(bound.arguments[name] for name in code.co_varnames[:count])


def in_cpython(function, arguments):
    return function(*arguments)


def in_ours(function, arguments, step=-1):
    return interpret(function, bind(function, arguments), step)


HARNESS_FILE = in_ours.__code__.co_filename


def describe(exception, seen=()):
    if exception is None or exception in seen:
        return exception and '…'
    seen += (exception,)
    entries = []
    tb = exception.__traceback__
    while tb is not None:
        code = tb.tb_frame.f_code
        if code.co_filename != HARNESS_FILE:
            positions = list(code.co_positions())[tb.tb_lasti // 2]
            entries.append((code.co_qualname, tb.tb_lineno, positions))
        tb = tb.tb_next
    attributes = {name: getattr(exception, name, None) for name in ('name', 'path', 'name_from')}
    if attributes['name'] is not None or isinstance(exception, AttributeError):
        attributes['obj'] = shown(getattr(exception, 'obj', None))
    parts = [describe(e, seen) for e in exception.exceptions] if isinstance(exception, BaseExceptionGroup) else None
    return (type(exception).__name__, repr(exception.args), str(exception), attributes, parts, entries,
            describe(exception.__cause__, seen), describe(exception.__context__, seen), exception.__suppress_context__)


def fresh(arguments):
    def one(x):
        if inspect.isgenerator(x):
            frame = x.gi_frame
            return iterates(**{k: frame.f_locals[k] for k in ('count', 'fail')}) if frame else x
        if isinstance(x, BaseException):
            return copy.copy(x)
        try:
            return copy.deepcopy(x)
        except Exception:
            return x
    return tuple(map(one, arguments))


def outcome(run, function, arguments):
    arguments = fresh(arguments)
    function = getattr(function, 'make', lambda: function)()
    log.clear()
    try:
        result = run(function, arguments)
        end = 'returned', shown(result)
    except NotImplementedError as refusal:
        return 'refused', str(refusal)
    except BaseException as exception:
        end = 'raised', describe(exception)
        log.append('caught')
    result = None
    return end, shown(list(log)), shown(arguments), shown(sys.exc_info()[1])


def shown(x):
    import re
    return re.sub(r' at 0x[0-9a-f]+', '', repr(x))


def every_pair():
    for function, sets in cases:
        for arguments in sets:
            yield function, arguments


def disagreement(function, arguments, theirs, ours, what=''):
    if theirs == ours:
        return []
    lines = [f'{function.__qualname__}{arguments!r} {what}']
    if len(theirs) != len(ours):
        return lines + [f'   CPython: {theirs}', f'   ours:    {ours}']
    for a, b in zip(theirs, ours):
        if a != b:
            lines += [f'   CPython: {a}', f'   ours:    {b}']
    return lines


def every_case_agrees():
    failures = []
    for function, arguments in every_pair():
        theirs = outcome(in_cpython, function, arguments)
        ours = outcome(in_ours, function, arguments)
        failures += disagreement(function, arguments, theirs, ours)
    return failures


def frames_of_tracebacks():
    """A frame in a traceback has code, globals and locals, and is cleared as others are."""
    failures = []
    def seen(run):
        log.clear()
        try:
            run(frames_keep_locals, (3,))
        except ZeroDivisionError as e:
            tb = e.__traceback__
            while tb.tb_next:
                tb = tb.tb_next
            frame = tb.tb_frame
            found = [frame.f_code.co_qualname, frame.f_globals is globals(), shown(sorted(frame.f_locals.items()))]
            log.append('clearing')
            traceback.clear_frames(e.__traceback__)
            log.append('cleared')
            del frame
        log.append('end')
        return found, list(log)
    theirs, ours = seen(in_cpython), seen(in_ours)
    if theirs != ours:
        failures += [f'CPython: {theirs}', f'ours:    {ours}']
    return failures


def every_resumption_agrees():
    failures = []
    for function, arguments in every_pair():
        if function.__name__ in ('recursing', 'dying', 'frames_keep_locals', 'deleted'):
            continue
        expected = outcome(in_ours, function, arguments)
        for step in range(400):
            ours = outcome(lambda f, a: in_ours(f, a, step), function, arguments)
            failures += disagreement(function, arguments, expected, ours, f'at step {step}')
            if failures:
                return failures
    return failures


def use_the_method_cache():
    """Up to 3.11 each entry of CPython's cache of methods holds None until it is used. These Nones go now, not as the cases run."""
    classes = [type('Class', (), {}) for _ in range(16)]
    for number in range(5000):
        for cls in classes:
            getattr(cls, f'attribute_{number}', None)


def references_are_given_back():
    failures = []
    use_the_method_cache()
    for function, arguments in every_pair():
        if function.__name__ in ('imports', 'missing_import', 'functions', 'type_parameters', 'type_defaults'):
            continue
        for run in in_cpython, in_ours:
            try:
                for _ in range(3):
                    outcome(run, function, arguments)
            except BaseException:
                pass
        leaked(in_cpython, function, arguments)
        # Other threads may drop something meanwhile; a leak shows each time.
        for _ in range(3):
            theirs, ours = leaked(in_cpython, function, arguments), leaked(in_ours, function, arguments)
            if theirs == ours:
                break
        else:
            failures.append(f'{function.__qualname__}{arguments!r}: CPython leaves {theirs}, ours {ours}')
    return failures


def leaked(run, function, arguments):
    """The number of references that each call leaves to the arguments and to the objects that the code names."""
    calls = 40
    watched = [x for x in [function, function.__code__, function.__globals__, *function.__code__.co_consts, *arguments,
                           *(function.__closure__ or ())] if not isinstance(x, int)]
    before = objects = ()
    def quietly():
        try:
            run(getattr(function, 'make', lambda: function)(), fresh(arguments))
        except BaseException:
            pass
        log.clear()
    def counts():
        gc.collect()
        return [sys.getrefcount(x) for x in watched] + [len(gc.get_objects())]
    quietly()
    before = counts()
    for _ in range(calls):
        quietly()
    return [round((b - a) / calls) for a, b in zip(before, counts())]


def handled_exception_is_restored():
    failures = []
    def function():
        inside = repr(sys.exc_info()[1])
        try:
            raise KeyError('inner')
        except KeyError:
            inside += repr(sys.exc_info()[1]) + repr(sys.exc_info()[1].__context__)
        return inside + repr(sys.exc_info()[1])
    def generator(run):
        yield run(function, ())
        yield repr(sys.exc_info()[1])
        try:
            raise OSError('in the generator')
        except OSError:
            yield run(function, ())
        yield repr(sys.exc_info()[1])
    def drive(run):
        seen = []
        g = generator(run)
        try:
            raise ValueError('outer')
        except ValueError:
            seen.append(run(function, ()))
            seen.append(next(g))
        seen.append(next(g))
        try:
            raise TypeError('another')
        except TypeError:
            seen.append(next(g))
            seen.append(next(g))
        seen.append(repr(sys.exc_info()[1]))
        return seen
    theirs, ours = drive(in_cpython), drive(in_ours)
    if theirs != ours:
        failures += [f'CPython: {theirs}', f'ours:    {ours}']
    return failures


def interrupts_are_served():
    failures = []
    def spin(stop):
        n = 0
        while not stop:
            n = n + 1 if n < 100 else 0
        return n
    class Asynchronous(Exception):
        pass
    me = threading.get_ident()
    def soon(work):
        def later():
            time.sleep(0.05)
            work()
        thread = threading.Thread(target=later)
        thread.start()
        return thread
    thread = soon(lambda: ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(me), ctypes.py_object(Asynchronous)))
    start = time.monotonic()
    try:
        in_ours(spin, ([],))
    except Asynchronous as e:
        names = [entry.name for entry in traceback.extract_tb(e.__traceback__)]
        if names[-1] != 'spin':
            failures.append(f'the traceback ends in {names}')
    thread.join()
    stop = []
    thread = soon(lambda: stop.append(1))
    in_ours(spin, (stop,))
    thread.join()
    if time.monotonic() - start > 5:
        failures.append('it took too long')
    return failures


def recursion_ends():
    failures = []
    def forever(n):
        return again(n + 1)
    def again(n):
        global deepest
        deepest = n
        return in_ours(forever, (n,))
    forever.__globals__['again'] = again
    for _ in range(2):
        try:
            in_ours(forever, (0,))
            failures.append('it ended')
        except RecursionError as e:
            if 'maximum recursion depth exceeded' not in str(e):
                failures.append(str(e))
    return failures
