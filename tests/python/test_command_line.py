"""`python -m typedcall`: inspect, explain, bench."""

import json
import os
import tempfile

from support import child, extension

typed = extension()


def run(*arguments, check=True):
    code = 'import runpy, sys; sys.argv[0] = "typedcall"; runpy.run_module("typedcall", run_name="__main__")'
    return child(f'import sys; sys.path.append({os.path.dirname(typed.__file__)!r}); {code}', *arguments, check=check)


def run_with(source, *arguments, check=True):
    """The command line, with this source for the module `given`."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'given.py'), 'w') as file:
            file.write(source)
        code = 'import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_module("typedcall", run_name="__main__")'
        return child(code, folder, *arguments, check=check)


def test_inspect_lists_typed_methods():
    lines = run('inspect', 'typed').stdout.splitlines()
    assert any(line.startswith('inc ') and 'i64' in line for line in lines), lines
    assert any('Thing.paired' in line for line in lines) and not any('untyped' in line for line in lines)


def test_inspect_lists_the_prototypes_of_libraries():
    lines = run('inspect', 'ctypes').stdout.splitlines()
    assert any(line.startswith('memmove ') and 'u64' in line for line in lines), lines


def test_inspect_says_why_some_prototypes_stay():
    lines = run_with('''
import ctypes
library = ctypes.CDLL(None)
library.abs
strlen = library.strlen
strlen.argtypes, strlen.restype = [ctypes.c_char_p], ctypes.c_size_t
strlen.errcheck = lambda result, function, arguments: result
''', 'inspect', 'given').stdout.splitlines()
    assert any(line.startswith('strlen ') and '(c_char_p) -> c_ulong' in line and 'errcheck' in line
               for line in lines), lines
    # There is no prototype yet.
    assert not any('abs' in line for line in lines), lines


def test_inspect_lists_the_prototypes_of_a_library_in_a_module():
    source = 'import ctypes\nlibc = ctypes.CDLL(None)\nlibc.abs.argtypes = [ctypes.c_int]\n'
    assert run_with(source, 'inspect', 'given.libc').stdout == 'abs  (i32) -> i32 [nogil]\n'
    assert run_with(source, 'inspect', 'given').stdout == 'libc.abs  (i32) -> i32 [nogil]\n'
    done = run_with(source, 'inspect', 'given.libc.abs', check=False)
    assert done.returncode == 1 and 'neither a module nor a ctypes library' in done.stderr


def test_a_module_that_raises_is_an_error_in_a_line():
    for source, text in (('\nraise ValueError("one\\ntwo")', 'ValueError: one two'), ('1 +', 'SyntaxError'),
                         ('import sys; sys.exit(3)', 'SystemExit: 3'), ('import no_such', 'no_such')):
        for arguments in (('inspect', 'given'), ('explain', 'given.name')):
            done = run_with(source, *arguments, check=False)
            assert (done.returncode, done.stdout, done.stderr.count('\n')) == (1, '', 1), done
            assert text in done.stderr and "can't import given" in done.stderr, done


def test_inspect_says_that_there_is_nothing():
    assert 'neither typed methods nor ctypes functions' in run('inspect', 'keyword').stdout


def test_explain_tells_what_is_made_of_a_function():
    text = run('explain', 'typed.inc').stdout
    assert 'inc' in text and 'i64' in text and 'IR' in text
    text = run('explain', 'typed.Thing.paired').stdout
    assert 'Thing.paired' in text
    text = run('explain', 'ctypes.memset', '--asm').stdout
    assert 'ret' in text


def test_explain_tells_why_nothing_is_made():
    assert 'not specialized' in run('explain', 'math.sqrt').stdout


def test_what_is_not_there_is_an_error_in_a_line():
    for arguments in (('inspect', 'no_such_module'), ('explain', 'no_such_module.name'), ('explain',
                                                                                          'math.no_such_name')):
        done = run(*arguments, check=False)
        assert done.returncode == 1 and done.stderr.count('\n') == 1 and 'no_such' in done.stderr, done


def test_wrong_usage_is_told():
    for arguments in ((), ('sing',), ('inspect',), ('bench', '--rounds', '0'), ('bench', '--rounds', 'x')):
        done = run(*arguments, check=False)
        assert done.returncode == 2 and 'usage' in done.stderr and '_positive' not in done.stderr, done


def test_bench_prints_every_way():
    text = run('bench', '--rounds', '2', '--calls', '500').stdout
    for way in ('ctypes', 'GIL released', 'release_gil=False', 'C loop'):
        assert way in text, text
    json.loads(run('bench', '--rounds', '2', '--calls', '500', '--json').stdout)
