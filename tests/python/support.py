"""The base of the tests: libraries to call, arguments for the calls, and the comparison of two calls.

The tests need only the standard library. A test that can't run on this system raises `unittest.SkipTest`.
"""

import array
import atexit
import ctypes
import importlib
import os
import random
import shutil
import struct
import subprocess
import sys
import sysconfig
import tempfile
import types
import unittest

import typedcall

HERE = os.path.dirname(os.path.abspath(__file__))
_built = {}


def build(source, name=None, *flags):
    """Compiles a C file that lies beside this one to a shared library, once a process, and returns its path."""
    compiler = shutil.which(os.environ.get('CC', 'cc'))
    if compiler is None:
        raise unittest.SkipTest('there is no C compiler')
    key = source, name, flags
    if key not in _built:
        folder = tempfile.mkdtemp(prefix='typedcall-tests-')
        owner = os.getpid()
        # A forked child leaves the removal to its parent.
        atexit.register(lambda: os.getpid() == owner and shutil.rmtree(folder, ignore_errors=True))
        path = os.path.join(folder, name or source.removesuffix('.c') + '.so')
        subprocess.run([compiler, '-O1', '-shared', '-fPIC', '-Wall', '-Werror', *flags, '-o', path,
                        os.path.join(HERE, source), '-lm'], check=True)
        _built[key] = path
    return _built[key]


def fixture(kind=ctypes.CDLL):
    """A library object of its own for fixture.c: functions without prototypes."""
    return kind(build('fixture.c'))


def extension(name='typed', *flags, source='typed.c'):
    """Imports an extension module with typed methods, made of a C file with the headers that the package has."""
    include = sysconfig.get_path('include')
    if not os.path.exists(os.path.join(include, 'Python.h')):
        raise unittest.SkipTest('there are no headers of Python')
    path = build(source, name + '.so', f'-DMODULE={name}', '-I' + include, '-I' + typedcall.get_include(), *flags)
    # By name and path, so that others can import it too: pickles name it.
    if os.path.dirname(path) not in sys.path:
        sys.path.append(os.path.dirname(path))
    return importlib.import_module(name)


def prototype(function, result, *arguments):
    """The function, with a prototype."""
    function.restype = result
    function.argtypes = arguments
    return function


def specialized(function, **options):
    """A stub of the function, which must be one."""
    stub = typedcall.specialize(function, **options)
    why_not = typedcall.explain(stub).why_not
    assert why_not is None, f'{function!r} was not specialized: {why_not}'
    assert type(stub) is types.BuiltinFunctionType, stub
    assert typedcall.original(stub) is function, typedcall.original(stub)
    return stub


def refused(function, *words, **options):
    """Asserts that the function has no stub, for a reason that has the words in it, and returns the reason."""
    assert typedcall.specialize(function, **options) is function
    why_not = typedcall.explain(function).why_not
    assert why_not, f'{function!r}: {why_not!r}'
    for word in words:
        assert word in why_not, f'{function!r}: {word!r} is not in {why_not!r}'
    try:
        typedcall.specialize(function, strict=True, **options)
    except typedcall.Error as error:
        assert why_not == str(error), (why_not, str(error))
    else:
        raise AssertionError(f'strict=True raised nothing for {function!r}')
    return why_not


def hits():
    return typedcall.stats()['hits']


class Hits:
    """Asserts that at least so many calls inside go the fast way, or that none does."""

    def __init__(self, least):
        self.least = least

    def __enter__(self):
        self.before = hits()

    def __exit__(self, kind, error, traceback):
        if error is None:
            grown = hits() - self.before
            assert grown >= self.least, f'{grown} hits, not {self.least}; {typedcall.stats()}'


class NoHits(Hits):
    def __init__(self):
        super().__init__(0)

    def __exit__(self, kind, error, traceback):
        if error is None:
            grown = hits() - self.before
            assert grown == 0, f'{grown} hits'


def describe(value):
    """The facts that must agree for two results to be the same: exact type and value, floats and C data by their bits."""
    if type(value) is float:
        return 'float', struct.pack('<d', value)
    if isinstance(value, (ctypes._SimpleCData, ctypes.Structure, ctypes.Union, ctypes.Array, ctypes._Pointer,
                          ctypes._CFuncPtr)):
        return type(value), bytes(value)
    if type(value) in (tuple, list):
        return type(value), [describe(item) for item in value]
    return type(value), repr(value)


def outcome(call, *arguments, **keywords):
    try:
        result = call(*arguments, **keywords)
    except Exception as error:
        return 'raises', type(error), str(error)
    return 'returns', describe(result)


def agree(function, stub, *arguments, **keywords):
    """Asserts that both make the same of the arguments, and returns it."""
    expected = outcome(function, *arguments, **keywords)
    found = outcome(stub, *arguments, **keywords)
    assert found == expected, f'{function!r}{arguments!r} {keywords!r}\n  ctypes {expected}\n  stub   {found}'
    return expected


def raises(kind, call, *arguments, **keywords):
    """The error that the call raises, which must be of this kind."""
    try:
        result = call(*arguments, **keywords)
    except kind as error:
        return error
    raise AssertionError(f'{call!r} returned {result!r}')


def same_floats(function, stub, *columns):
    """Asserts that two functions of floats agree bit for bit, also in the bits of NaNs."""
    expected = array.array('d', map(function, *columns)).tobytes()
    found = array.array('d', map(stub, *columns)).tobytes()
    if expected != found:
        for row in zip(*columns):
            agree(function, stub, *row)
        raise AssertionError(f'{function!r} depends on more than its arguments')


def same_ints(function, stub, *columns):
    expected = list(map(function, *columns))
    found = list(map(stub, *columns))
    assert set(map(type, found)) == set(map(type, expected)) == {int}
    if expected != found:
        for row in zip(*columns):
            agree(function, stub, *row)
        raise AssertionError(f'{function!r} depends on more than its arguments')


SPECIAL_FLOATS = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, 10.0, 0.1, -0.1, 1e-5, -1e-5, 1e5, 1e16, 1e22, 1e300, -1e300,
    1e-300, 710.0, -746.0, 88.8, -104.0, 2.0**31, -2.0**31, 2.0**52 + 0.5, 2.0**53, -2.0**53, 2.0**62, 2.0**63,
    -2.0**63, 2.0**64, float('inf'), float('-inf'), float('nan'), -float('nan'), 5e-324, -5e-324,
    2.2250738585072014e-308, 1.7976931348623157e308, 3.4028234663852886e38, 3.5e38, 1.401298464324817e-45,
    1.1754943508222875e-38, 7e-46, 3.141592653589793, 1.5707963267948966, 0.9999999999999999, 1.0000000000000002,
    struct.unpack('<d', struct.pack('<Q', 0x7ff8_0000_dead_beef))[0],
    struct.unpack('<d', struct.pack('<Q', 0xfff8_0000_0000_0001))[0],
]


def floats(count, seed):
    """Special floats, any bits, and those of a size that functions like."""
    source = random.Random(seed)
    found = list(SPECIAL_FLOATS)
    while len(found) < count:
        found.append(source.uniform(-1, 1) if len(found) % 4 == 0 else
                     source.uniform(-1e3, 1e3) if len(found) % 4 == 1 else
                     source.gauss(0, 10) if len(found) % 4 == 2 else
                     struct.unpack('<d', source.getrandbits(64).to_bytes(8, 'little'))[0])
    source.shuffle(found)
    return found[:count]


SPECIAL_INTS = sorted({sign * (2**power + step) for power in (0, 5, 7, 8, 15, 16, 29, 30, 31, 32, 59, 60, 61, 62, 63,
                                                              64, 65,
                                                             90, 128) for step in (-2, -1, 0, 1, 2) for sign in (1,
                                                                                                                 -1)})


def ints(count, seed):
    """Special ints, and any of one to 70 bits, of both signs."""
    source = random.Random(seed)
    found = list(SPECIAL_INTS)
    while len(found) < count:
        value = source.getrandbits(source.randint(1, 70))
        found.append(-value if source.random() < 0.5 else value)
    source.shuffle(found)
    return found[:count]


def child(code, *arguments, check=True, **environment):
    """Runs Python code in a process of its own, with this one's import path; returns what it did."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(typedcall.__file__)))
    path = os.pathsep.join([HERE, package, *filter(None, [os.environ.get('PYTHONPATH')])])
    kept = {name: value for name, value in os.environ.items() if not name.startswith('TYPEDCALL_')}
    done = subprocess.run([sys.executable, '-c', code, *arguments], capture_output=True, text=True, timeout=300,
                          env={**kept, 'PYTHONPATH': path, **environment})
    if check:
        assert done.returncode == 0, f'exit code {done.returncode}\n{done.stdout}\n{done.stderr}'
    return done
