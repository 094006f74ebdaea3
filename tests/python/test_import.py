"""The cost of importing the package, and the modules that it imports."""

import os
import tempfile

import typedcall
from support import child, extension


def test_importing_takes_at_most_ten_milliseconds_and_compiles_nothing():
    code = '''
import sys, time
start = time.process_time()
import typedcall
took = time.process_time() - start
stats = typedcall.stats()
assert (stats['shapes'], stats['stubs'], stats['code_bytes']) == (0, 0, 0), stats
print(1000 * took)
'''
    with tempfile.TemporaryDirectory() as folder:
        # As after an installation: the first run compiles the files, once.
        child('import sys; sys.dont_write_bytecode = False; import typedcall', PYTHONPYCACHEPREFIX=folder)
        times = sorted(float(child(code, PYTHONPYCACHEPREFIX=folder).stdout) for _ in range(10))
    # Processor time, since the machine may be busy. The least time is the cost.
    assert times[0] <= 10, times


def test_importing_brings_no_ctypes():
    # Others may have been imported when the interpreter started.
    done = child('''
import sys
before = set(sys.modules)
import typedcall
print([name for name in ("ctypes", "_ctypes", "pickle", "inspect", "typing") if name in set(sys.modules) - before])
''')
    assert done.stdout == '[]\n'


def test_a_typed_method_needs_no_ctypes():
    child('''
import sys
folder = sys.argv[1]
sys.path.append(folder)
import typed, typedcall
assert typedcall.specialize(typed.inc, strict=True)(1) == 2
assert typedcall.explain(len).why_not
assert 'ctypes' not in sys.modules
''', os.path.dirname(extension().__file__))


def test_ctypes_may_be_imported_before_or_after():
    for code in ('import ctypes, typedcall', 'import typedcall, ctypes'):
        child(code + '''
f = ctypes.CDLL(None).labs
f.argtypes, f.restype = [ctypes.c_long], ctypes.c_long
stub = typedcall.specialize(f, strict=True)
assert stub(-5) == 5 and stub is not f
''')


def test_the_public_names_are_documented():
    for name in typedcall.__all__:
        assert getattr(typedcall, name).__doc__, name
    assert {'specialize', 'adopt', 'install', 'uninstall', 'bind', 'signature', 'original', 'explain', 'stats',
            'get_include', 'Error', 'MetadataWarning'} <= set(typedcall.__all__)


def test_the_headers_are_there():
    assert {'typedcall.h', 'typedcall_read.h'} <= set(os.listdir(typedcall.get_include()))


def test_the_package_says_that_it_is_typed():
    folder = os.path.dirname(typedcall.__file__)
    assert {'py.typed', '__init__.pyi'} <= set(os.listdir(folder))


def test_it_may_be_imported_again_after_it_was_forgotten():
    child('''
import sys, typedcall
first = typedcall._native
for name in [name for name in sys.modules if name.startswith('typedcall')]:
    del sys.modules[name]
import typedcall
import ctypes
f = ctypes.CDLL(None).labs
f.argtypes = [ctypes.c_long]
assert typedcall.specialize(f)(-1) == 1
''')
