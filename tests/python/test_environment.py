"""The TYPEDCALL_* variables."""

from support import child

CODE = '''
import ctypes, pickle, sys, typedcall, support
from support import prototype, fixture
typed = support.extension()
library = fixture()
function = prototype(library.add_long, ctypes.c_long, ctypes.c_long, ctypes.c_long)
'''


def test_disabled_everything_is_as_it_was():
    done = child(CODE + '''
assert typedcall.specialize(function) is function
assert typedcall.specialize(typed.inc) is typed.inc
assert typedcall.install(library) == [] and typedcall.install(typed) == []
assert typedcall.uninstall(library) == [] and typedcall.uninstall(typed) == []
why_not = typedcall.explain(function).why_not
assert 'TYPEDCALL_DISABLE' in why_not, why_not
assert typedcall.original(function) is function
stats = typedcall.stats()
assert (stats['stubs'], stats['shapes'], stats['hits']) == (0, 0, 0), stats

@typedcall.specialize(library=library)
def add_double(a: ctypes.c_double, b: ctypes.c_double) -> ctypes.c_double: ...
assert add_double(1, 2) == 3.0
kind = typedcall.specialize(ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long, ctypes.c_long))
assert kind(('add_long', library))(1, 2) == 3
print('done')
''', TYPEDCALL_DISABLE='1')
    assert (done.stdout, done.stderr) == ('done\n', '')


def test_zero_and_nothing_disable_nothing():
    for value in ('', '0'):
        done = child(CODE + 'support.specialized(function); print("done")', TYPEDCALL_DISABLE=value)
        assert done.stdout == 'done\n'


def test_verified_calls_are_right():
    done = child(CODE + '''
stub = typedcall.specialize(typed.inc, strict=True)
for value in range(1000):
    assert stub(value) == value + 1
support.agree(typed.inc, stub, 'x')
stub = support.specialized(function)
assert stub(1, 2) == 3
print('done')
''', TYPEDCALL_VERIFY='1')
    assert done.stdout == 'done\n', done.stderr


def test_the_log_goes_to_stderr():
    lengths = []
    for level in ('warn', 'info', 'debug', 'trace'):
        done = child(CODE + 'support.specialized(function)(1, 2); typedcall.specialize(typed.inc)(1); print("done")',
                     TYPEDCALL_LOG=level)
        assert done.stdout == 'done\n'
        lengths.append(len(done.stderr))
    assert lengths == sorted(lengths) and lengths[0] == 0 and lengths[-1] > lengths[0], lengths


def test_an_unknown_level_is_no_error_in_a_program():
    done = child(CODE + 'support.specialized(function); print("done")', TYPEDCALL_LOG='loud')
    assert done.stdout == 'done\n'


def test_without_variables_nothing_is_printed():
    done = child(CODE + 'support.specialized(function)(1, 2); typedcall.adopt(typed)')
    assert (done.stdout, done.stderr) == ('', '')
