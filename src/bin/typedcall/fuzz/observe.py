"""What can be seen of a call, as plain data: equal for calls that a program can't tell apart."""

import gc
import re
import struct
import sys
import types

# Programs rebind builtins.
abs, len = abs, len
ADDRESS = re.compile(r'0x[0-9a-f]+')
PROGRAM = '<fuzz program>'


def text(value):
    return ADDRESS.sub('0x', value)


class Describe:
    """What values are. Objects that were described before, numbers too, are described as the same ones."""

    def __init__(self):
        self.seen = {}
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
        if kind is str:
            return text(value)
        if kind is bytes or isinstance(value, (types.BuiltinFunctionType, types.ModuleType)) or kind is tuple and not value:
            return kind.__name__, text(repr(value))
        if isinstance(value, type):
            return 'class', value.__module__, value.__qualname__, [base.__name__ for base in value.__bases__]
        self.name(value, len(self.seen))
        if isinstance(value, BaseException):
            return self.exception(value)
        return kind.__qualname__, *self.content(value), *self.attributes(value)

    def content(self, value):
        if isinstance(value, float):
            return 'nan' if value != value else (float.__repr__(value), struct.pack('<d', value)),
        if isinstance(value, int):
            return int.__repr__(value),
        if isinstance(value, str):
            return str.__str__(value),
        if isinstance(value, (list, tuple)):
            return [self(item) for item in (list if isinstance(value, list) else tuple).__iter__(value)],
        if isinstance(value, dict):
            return [(self(key), self(item)) for key, item in dict.items(value)],
        if isinstance(value, (set, frozenset)):
            return sorted(map(repr, value)),
        if isinstance(value, types.FunctionType):
            cells = [self(cell.cell_contents) if holds(cell) else '<empty>' for cell in value.__closure__ or ()]
            return value.__qualname__, value.__module__, self(value.__defaults__), value.__code__.co_varnames, cells
        if isinstance(value, types.MethodType):
            return self(value.__func__), self(value.__self__)
        if isinstance(value, types.CellType):
            return self(value.cell_contents) if holds(value) else '<empty>',
        slots = getattr(type(value), '__slots__', None)
        return [self(getattr(value, name, '<unbound>')) for name in slots] if slots else [],

    def attributes(self, value):
        try:
            attributes = object.__getattribute__(value, '__dict__')
        except AttributeError:
            return
        for name, item in attributes.items():
            yield name, self(item)

    def exception(self, error):
        try:
            words = text(str(error))
        except BaseException as problem:
            words = f'no text: {type(problem).__name__}'
        extra = [(name, self(getattr(error, name))) for name in ('name', 'obj', 'value', '__notes__') if hasattr(error, name)]
        lines = self.traceback(error.__traceback__)
        if sys.version_info < (3, 12) and isinstance(error, UnboundLocalError) and lines:
            # 3.11 makes one instruction of a store and a load; then the line is that of the store.
            lines[-1] = lines[-1][0], lines[-1][-1]
        return (type(error).__qualname__, words, self(error.args), extra, lines,
                self(error.__cause__), self(error.__context__), error.__suppress_context__)

    def traceback(self, entry):
        """Function, position and local variables of its entries, but those of the comparison."""
        found = []
        while entry is not None:
            frame = entry.tb_frame
            code = frame.f_code
            if code.co_filename == PROGRAM:
                position = list(code.co_positions())[entry.tb_lasti // 2]
                found.append((code.co_qualname, entry.tb_lineno, position, [(name, self(item)) for name, item in sorted(frame.f_locals.items())]))
            entry = entry.tb_next
        return found


def holds(cell):
    try:
        cell.cell_contents
    except ValueError:
        return False
    return True


def is_shared(value):
    """Whether the interpreter itself, and the comparison, hold references to it, now more and now fewer."""
    return (value is None or isinstance(value, (bool, type, types.ModuleType, types.BuiltinFunctionType, types.FunctionType, str, bytes))
            or type(value) is int and abs(value) <= 1024 or type(value) is tuple and not value)


class Observer:
    """Calls a function of a program and sees what it does. Each call has its own log; what a log holds is described at once."""

    def __init__(self):
        self.log = []

    def note(self, *what):
        describe = Describe()
        self.log.append([describe(item) for item in what])
        return what[-1] if what else None

    def call(self, function, arguments, names):
        """What can be seen of a call. `names` are the globals of the program."""
        self.log.clear()
        watched = [value for value in arguments if not is_shared(value)]
        watched += [item for value in watched if type(value) in (list, tuple) for item in value if not is_shared(item)]
        before = [sys.getrefcount(value) for value in watched]
        error = None
        try:
            result = True, function(*arguments)
        except BaseException as raised:
            # Without this frame, which would be in a cycle with its exception.
            result = False, raised.with_traceback(raised.__traceback__.tb_next)
        if result[0]:
            while_alive = [sys.getrefcount(value) - count for value, count in zip(watched, before)]
        else:
            while_alive = 'the traceback holds them'
        describe = Describe()
        for index, argument in enumerate(watched):
            describe.name(argument, f'argument {index}')
        seen = {'outcome': ('returns' if result[0] else 'raises', describe(result[1])), 'log': list(self.log),
                'handled exception': describe(sys.exception() if hasattr(sys, 'exception') else sys.exc_info()[1]),
                'counts while the result lives': while_alive}
        self.log.clear()
        describe.seen = {key: name for key, name in describe.seen.items() if not str(name).startswith('argument')}
        seen['arguments'] = [describe(argument) for argument in watched]
        seen['globals'] = [(name, describe(names[name])) for name in ('G', 'H', 'K', 'D', 'TICKS', 'P') if name in names]
        del describe, result
        after = [sys.getrefcount(value) - count for value, count in zip(watched, before)]
        if any(after):
            gc.collect()
            after = [sys.getrefcount(value) - count for value, count in zip(watched, before)]
        seen['counts afterwards'] = after
        seen['log of the end'] = list(self.log)
        self.log.clear()
        return seen
