"""The base of the tests of Python functions: two functions of one source, of which one is specialized, and how many calls of
it ran compiled."""

import sys
import types

import typedcall

#: Whether a specialized function stays the same object.
IN_PLACE = sys.version_info >= (3, 12)


def twins(source, name=None, **names):
    """Two functions of the same source, each with globals of its own: the plain one and the specialized one."""
    return made(source, name, **names), specialized(made(source, name, **names))


def made(source, name=None, **names):
    """The function that a source defines last, or that of the name."""
    names = {'__name__': __name__, **names}
    before = set(names)
    exec(source, names)
    name = name or [key for key in names if key not in before][-1]
    return names[name]


def specialized(function):
    """The specialized function, which must be one."""
    found = typedcall.specialize(function)
    assert (found is function) is IN_PLACE, found
    assert IN_PLACE or found.__wrapped__ is function
    return found


def plain(function):
    """The function itself, of what stands for it."""
    return function if type(function) is types.FunctionType else function.__wrapped__


class Compiled:
    """Asserts that at least so large a share of the calls of a function, or of all functions, runs compiled; prints it."""

    def __init__(self, least, what='', calls=1):
        self.least, self.what, self.calls = least, what, calls

    def __enter__(self):
        self.before = counts()
        return self

    def __exit__(self, kind, error, traceback):
        if error is None:
            compiled, original = (now - before for now, before in zip(counts(), self.before))
            share = compiled / max(1, compiled + original)
            print(f'{self.what or "calls"}: {compiled} of {compiled + original} ran compiled, {share:.1%}')
            assert compiled + original >= self.calls, f'only {compiled + original} calls, not {self.calls}'
            assert share >= self.least, f'{share:.1%} of the calls ran compiled, not {self.least:.1%}'


class ByPython:
    """Asserts that no call runs compiled."""

    def __enter__(self):
        self.before = counts()

    def __exit__(self, kind, error, traceback):
        if error is None:
            compiled, original = (now - before for now, before in zip(counts(), self.before))
            assert compiled == 0, f'{compiled} calls ran compiled'


def counts():
    stats = typedcall.stats()
    return stats['compiled_calls'], stats['original_calls']


def outcome(call, *arguments, **keywords):
    """The result of a call, or the exception with its text."""
    try:
        result = call(*arguments, **keywords)
    except Exception as error:
        return 'raises', type(error), str(error)
    return 'returns', type(result), repr(result)
