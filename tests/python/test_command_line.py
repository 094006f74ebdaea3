"""`python -m typedcall`: what it lists, explains and measures."""

import contextlib
import io
import json
import os
import sys
import tempfile

from support import extension
from typedcall.__main__ import main

PROTOTYPES = '''
import ctypes
library = ctypes.CDLL(None)
library.labs.argtypes, library.labs.restype = [ctypes.c_long], ctypes.c_long
library.abs
strlen = library.strlen
strlen.argtypes, strlen.restype = [ctypes.c_char_p], ctypes.c_size_t
strlen.errcheck = lambda result, function, arguments: result
'''


def run(*arguments):
    """The exit code, and what was written to stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as exit:
            code = exit.code
    return code, out.getvalue(), err.getvalue()


@contextlib.contextmanager
def prototypes(name):
    """A module of that name with a library in it."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, name + '.py'), 'w') as file:
            file.write(PROTOTYPES)
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            sys.path.remove(folder)
            sys.modules.pop(name, None)


def test_inspect_lists_typed_methods():
    code, out, err = run('inspect', extension().__name__)
    assert (code, err) == (0, '')
    lines = [line.split(None, 1) for line in out.splitlines()]
    assert ['inc', '(x: i64) -> i64 [no_python]'] in lines, out
    assert 'untyped' not in out


def test_inspect_lists_prototypes_and_why_some_stay():
    with prototypes('listed'):
        code, out, err = run('inspect', 'listed')
    assert (code, err) == (0, '')
    lines = out.splitlines()
    assert any(line.startswith('library.labs ') and '(i64) -> i64' in line for line in lines), out
    assert any(line.startswith('strlen ') and '(c_char_p) -> c_ulong' in line and 'errcheck' in line
               for line in lines), out
    # There is no prototype yet.
    assert 'library.abs' not in out


def test_inspect_says_that_there_is_nothing():
    code, out, err = run('inspect', 'keyword')
    assert (code, err) == (0, '') and 'neither typed methods nor ctypes functions' in out


def test_explain_tells_what_a_function_becomes():
    with prototypes('explained'):
        code, out, err = run('explain', 'explained.library.labs')
        assert (code, err) == (0, '')
        assert out.startswith('labs\n') and 'signature: (i64) -> i64' in out and 'CallCFunction' in out
        assert 'machine code' not in out
        code, out, err = run('explain', 'explained.library.labs', '--asm', '--clif')
        assert 'machine code:' in out and 'CLIF:' in out and 'block0' in out


def test_explain_tells_why_a_function_stays():
    for name, reason in (('math.sin', 'no typed metadata'), ('os.path.join', 'written in Python')):
        code, out, err = run('explain', name)
        assert (code, err) == (0, '') and 'not specialized: ' in out and reason in out, out


def test_names_that_are_not_there_are_said_in_a_line():
    for arguments in (('inspect', 'no_such_module'), ('explain', 'no_such_module.name'), ('explain', 'math.no_such'),
                      ('explain', 'os.path.no_such.name')):
        code, out, err = run(*arguments)
        assert (code, out) == (1, '') and err.startswith('typedcall: ') and 'no_such' in err, err
        assert err.count('\n') == 1, err


def test_bench_compares_all_ways():
    code, out, err = run('bench', '--rounds', '2', '--calls', '200')
    assert (code, err) == (0, '')
    assert all(text in out for text in ('labs', 'fabs', 'ctypes', 'stub', 'release_gil=False', 'C loop')), out


def test_bench_writes_json():
    code, out, err = run('bench', '--json', '--rounds', '1', '--calls', '100')
    assert (code, err) == (0, '')
    figures = json.loads(out)
    assert [function['function'] for function in figures['functions']] == ['labs', 'fabs']
    for function in figures['functions']:
        assert set(function['ns']) == {'ctypes', 'stub', 'stub_gil', 'c'}
        assert all(value > 0 for value in function['ns'].values()) and function['why_not'] is None


def test_wrong_arguments_end_with_code_2():
    for arguments in ((), ('nonsense',), ('bench', '--rounds', '0'), ('bench', '--calls', 'many')):
        assert run(*arguments)[0] == 2, arguments
