"""Compares implementations of Python functions: CPython's own, and others.

An implementation is a function that takes a Python function and gives a callable in its place, or None where it refuses it.
Each case of a function is called in each implementation, once as it is and once while another exception is handled. What is
compared is all that can be seen: the result, with types, identities and the bits of floats; or the exception, with its type,
text, arguments, attributes, cause, context and the lines of its traceback; what became of the arguments; the log; the global
variables; the handled exception; the reference counts of the arguments while the result lives and afterwards; and the memory
that stays allocated.

One thing differs and is left out: in CPython the frames in a traceback keep the local variables alive.
"""

import collections
import gc
import os
import re
import struct
import sys
import types

import objects

ADDRESS = re.compile(r'0x[0-9a-f]+')
# The number of cases of a function that are called again to see whether memory grows.
ROUNDS, CASES_PER_ROUND = 200, 40


class Describe:
    """What values are, as plain data; equal for values that a program can't tell apart."""

    def __init__(self, hidden):
        self.hidden = hidden
        self.seen = {}
        self.tracebacks = 0
        # Nothing may die before the end, or another object could get its address.
        self.alive = []

    def name(self, value, name):
        self.seen[id(value)] = name
        self.alive.append(value)

    def __call__(self, value):
        kind = type(value)
        if value is None or value is True or value is False or kind is int and -5 <= value <= 1024:
            return repr(value)
        if id(value) in self.seen:
            return 'same as', self.seen[id(value)]
        if kind is int or kind is bytes:
            return kind.__name__, value
        if kind is str:
            return ADDRESS.sub('0x', value)
        if isinstance(value, type):
            return self.type(value)
        if isinstance(value, (int, float, complex, str, bytes, bytearray)):
            if hasattr(kind, '__dict__') and kind.__module__ != 'builtins':
                self.name(value, len(self.seen))
            return self.scalar(value, kind)
        if value != () if kind is tuple else not isinstance(value, (types.BuiltinFunctionType, types.ModuleType)):
            self.name(value, len(self.seen))
        if isinstance(value, BaseException):
            return self.exception(value)
        return self.type_name(kind), *self.content(value, kind), *self.attributes(value)

    def scalar(self, value, kind):
        if isinstance(value, float):
            plain = 'nan' if value != value else struct.pack('<d', value)
        else:
            plain = ADDRESS.sub('0x', kind.__mro__[-2].__repr__(value))
        return self.type_name(kind), plain, *self.attributes(value)

    def content(self, value, kind):
        if isinstance(value, (list, tuple)):
            return [self(item) for item in kind.__mro__[-2].__iter__(value)]
        if isinstance(value, dict):
            return [(self(key), self(item)) for key, item in dict.items(value)]
        if isinstance(value, (set, frozenset)):
            return sorted((self(item) for item in value), key=repr)
        if isinstance(value, types.FunctionType):
            code = value.__code__
            cells = [cell.cell_contents if holds(cell) else '<empty>' for cell in value.__closure__ or ()]
            return (value.__qualname__, value.__module__, value.__doc__, self(value.__defaults__), self(value.__kwdefaults__),
                    code.co_varnames[:code.co_argcount + code.co_kwonlyargcount], code.co_flags & 0x3ff, self(cells))
        if isinstance(value, types.MethodType):
            return self(value.__func__), self(value.__self__)
        if isinstance(value, types.CellType):
            return self(value.cell_contents) if holds(value) else '<empty>',
        if isinstance(value, (types.BuiltinFunctionType, types.ModuleType)):
            return value.__name__,
        if hasattr(kind, '__slots__') and kind.__module__ == 'objects':
            return [self(getattr(value, name, '<unbound>')) for name in kind.__slots__]
        return ADDRESS.sub('0x', object.__repr__(value)),

    def attributes(self, value):
        try:
            attributes = object.__getattribute__(value, '__dict__')
        except AttributeError:
            return
        if isinstance(value, types.ModuleType):
            return
        for name, item in attributes.items():
            yield name, self(item)

    def type_name(self, kind):
        return f'{kind.__module__}.{kind.__qualname__}'

    def type(self, kind):
        if kind.__module__ == 'builtins' or getattr(sys.modules.get(kind.__module__), kind.__qualname__, None) is kind:
            return 'class', self.type_name(kind)
        self.name(kind, len(self.seen))
        # The contents of `__static_attributes__` and the like depend on the compiler.
        names = [name for name in vars(kind) if not name.startswith('__') or callable(getattr(kind, name))]
        return 'class', self.type_name(kind), [self(base) for base in kind.__bases__], sorted(names)

    def exception(self, error):
        extra = [(name, self(getattr(error, name))) for name in ('name', 'path', 'obj', 'value', 'errno', 'code', '__notes__')
                 if hasattr(error, name)]
        return (self.type_name(type(error)), text_of(error), self(error.args), extra, self.lines(error.__traceback__),
                self(error.__cause__), self(error.__context__), error.__suppress_context__, *self.attributes(error))

    def lines(self, traceback):
        """Where it passed: function and line, of the compared functions and of what they call."""
        found = []
        self.tracebacks += traceback is not None
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if not self.hidden(code):
                found.append((os.path.basename(code.co_filename), code.co_name, traceback.tb_lineno))
            traceback = traceback.tb_next
        return found


def holds(cell):
    try:
        cell.cell_contents
    except ValueError:
        return False
    return True


def text_of(error):
    try:
        return ADDRESS.sub('0x', str(error))
    except BaseException as e:
        return f'no text: {type(e).__name__}'


def is_shared(value):
    """Whether the interpreter itself, and the test, hold references to it, now more and now fewer."""
    return (value is None or isinstance(value, (bool, type, types.ModuleType, types.BuiltinFunctionType, str, bytes))
            or type(value) is int and abs(value) <= 1024 or type(value) is tuple and not value
            or value is Ellipsis or value is NotImplemented)


def call(function, arguments, keywords, handled):
    """Whether it returned, what it gave or raised, and whether the handled exception is the same as before."""
    try:
        result = True, function(*arguments, **keywords)
    except BaseException as error:
        # Without this frame, which would be in a cycle with its exception.
        result = False, error.with_traceback(error.__traceback__.tb_next)
    return *result, sys.exc_info()[1] is handled


def call_while_handling(function, arguments, keywords):
    try:
        raise LookupError('handled')
    except LookupError as handled:
        handled.__traceback__ = None
        return call(function, arguments, keywords, handled)


def counts(watched):
    return [sys.getrefcount(value) for value in watched]


def changes(before, watched):
    return [new - old for new, old in zip(counts(watched), before)]


def observe(function, names, case, handling, hidden):
    """All that can be seen of a call; `names` are the function's globals, which are put back."""
    objects.LOG.clear()
    # The arguments of the last call may be in cycles, and keep the constants of the case alive; they are in the young
    # generation.
    gc.collect(0)
    arguments, keywords = case()
    watched = [value for value in (*arguments, *keywords.values()) if not is_shared(value)]
    watched += [item for value in watched if isinstance(value, (list, tuple)) for item in value if not is_shared(item)]
    globals_before = dict(names)
    before = counts(watched)
    if handling:
        returned, value, same_handled = call_while_handling(function, arguments, keywords)
    else:
        returned, value, same_handled = call(function, arguments, keywords, None)
    while_alive = changes(before, watched) if returned else None
    # Its frames keep their callers' frames, and so whoever calls in the place of CPython.
    in_traceback = any(isinstance(value, BaseException) and value.__traceback__ for value in watched)
    # The interpreter of the test changes its own globals, by importing.
    globals_after = {name: item for name, item in names.items() if name not in globals_before or
                     globals_before[name] is not item}
    deleted = [name for name in globals_before if name not in names]
    names.update(globals_before)
    for name in globals_after.keys() - globals_before.keys():
        del names[name]

    describe = Describe(hidden)
    for index, argument in enumerate(watched):
        describe.name(argument, f'argument {index}')
    log = list(objects.LOG)
    described = describe(value)
    seen = {
        'outcome': ('returns' if returned else 'raises', described),
        'handled exception': same_handled,
        'log': [tuple(map(describe, entry)) for entry in log],
        'globals': ([(name, describe(item)) for name, item in globals_after.items()], deleted),
        # Except the frames of tracebacks.
        'counts while the result lives': None if describe.tracebacks or in_traceback else while_alive,
    }
    # The arguments as objects, without the fact that they are arguments.
    describe.seen.clear()
    seen['arguments'] = describe((arguments, keywords))
    # Only the frames of the call are left.
    for argument in watched:
        if isinstance(argument, BaseException):
            argument.__traceback__ = None
    del describe, value, described, globals_after, log
    objects.LOG.clear()
    after = changes(before, watched)
    if any(after):
        gc.collect()
        after = changes(before, watched)
        # They are old now, and would survive a collection of the young generation.
        del watched, arguments, keywords
        gc.collect()
    seen['counts afterwards'] = after
    objects.LOG.clear()
    return seen


def growth(function, names, cases):
    """How many blocks of memory the calls leave allocated each time, at the least."""
    least = None
    keep = dict(names)
    for _ in range(ROUNDS):
        gc.collect()
        before = sys.getallocatedblocks()
        for case in cases:
            arguments, keywords = case()
            try:
                function(*arguments, **keywords)
            except BaseException:
                pass
            del arguments, keywords
            objects.LOG.clear()
            for name in names.keys() - keep.keys():
                del names[name]
            names.update(keep)
        gc.collect()
        grown = sys.getallocatedblocks() - before
        least = grown if least is None else min(least, grown)
        # Caches fill now and then; a leak shows in each round.
        if least <= 0:
            break
    return least


class Report:
    """What was compared, and what differs."""

    def __init__(self):
        self.functions = 0
        self.calls = 0
        self.exceptions = 0
        self.differences = []
        self.failed = collections.Counter()
        self.refused = []

    def differs(self, where, text):
        self.failed[where] += 1
        # The first failures of a function say the most.
        if self.failed[where] <= 3:
            self.differences.append(f'{where}, {text}')


def compiled_cases(module, texts):
    """Functions that make the arguments of each case."""
    namespace = {**vars(objects), **vars(module), 'arguments_of': lambda *args, **kwargs: (args, kwargs)}
    return [(text, eval(compile(f'lambda: arguments_of({text})', '<case>', 'eval'), namespace)) for text in texts]


def compare(module, implementations, hidden=lambda code: False, report=None):
    """Compares all functions of a module of the corpus. The first implementation says what is right.

    `implementations`: gives for a Python function callables by name, or None for those that refuse it; `hidden`: whether a
    code object is a part of an implementation, which is not to be looked for in tracebacks."""
    report = report or Report()
    gc.disable()
    for function, texts in module.CASES.items():
        report.functions += 1
        names = function.__globals__
        where = f'{module.__name__}.{function.__name__}'
        callables = implementations(function)
        for name in [name for name, implemented in callables.items() if implemented is None]:
            report.refused.append(f'{where} by {name}')
            del callables[name]
        expected_name, *others = callables
        cases = compiled_cases(module, texts)
        # Existing objects are frozen, so that each collection need not visit them.
        gc.collect()
        gc.freeze()
        for text, case in cases:
            for handling in (False, True):
                expected = observe(callables[expected_name], names, case, handling, hidden)
                report.calls += 1
                report.exceptions += expected['outcome'][0] == 'raises'
                for name in others:
                    found = observe(callables[name], names, case, handling, hidden)
                    for aspect, value in expected.items():
                        if found[aspect] != value:
                            while_handling = ' while an exception is handled' if handling else ''
                            report.differs(where, f'({text}){while_handling}: {aspect}\n  {expected_name}: {value}\n  {name}: '
                                                  f'{found[aspect]}')
        some = [case for _, case in cases[::len(cases) // CASES_PER_ROUND + 1]]
        expected = growth(callables[expected_name], names, some)
        for name in others:
            found = growth(callables[name], names, some)
            if found > max(expected, 0):
                report.differs(where, f'{len(some)} calls leave {found} blocks of memory, in {expected_name} {expected}')
    gc.enable()
    return report
