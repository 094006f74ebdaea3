"""A second interpreter in the process can't have the package, and is told so."""

from support import child

CODE = '''
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
import typedcall, support, ctypes
stub = support.specialized(support.prototype(support.fixture().add_long, ctypes.c_long, ctypes.c_long, ctypes.c_long))
inside = """
import sys
sys.path[:] = %r
try:
    import typedcall
except ImportError as error:
    print(type(error).__name__ + ':', error, flush=True)
else:
    print('imported', flush=True)
""" % sys.path
for _ in range(2):
    kinds = [{}] if sys.version_info >= (3, 13) else [{'isolated': True}, {'isolated': False}]
    for options in kinds:
        interpreter = interpreters.create(*(['legacy'] if sys.version_info >= (3, 13) else []), **options)
        failed = interpreters.run_string(interpreter, inside)
        assert failed is None, failed
        interpreters.destroy(interpreter)
assert stub(1, 2) == 3
print('still works')
'''


def test_a_second_interpreter_gets_an_import_error_that_says_what_to_do():
    lines = child(CODE).stdout.splitlines()
    assert lines[-1] == 'still works' and len(lines) >= 3, lines
    for line in lines[:-1]:
        assert line.startswith('ImportError: ') and 'interpreter' in line and len(line) > 60, line


def test_an_isolated_interpreter_too():
    lines = child(CODE.replace("'legacy'", "'isolated'")).stdout.splitlines()
    assert lines[-1] == 'still works', lines
    for line in lines[:-1]:
        assert line.startswith('ImportError: '), line
