"""Extensions whose metadata is in other layouts: adopted by the name of the layout, and Cinder's made callable."""

import ctypes
import importlib.machinery
import importlib.util
import os
import sysconfig
import types
import unittest
import warnings

import typedcall
from support import Hits, NoHits, agree, build, child, ints, outcome, raises

INCLUDE = sysconfig.get_path('include')


def path_of(source, name, *flags):
    """Compiles an extension of the tests in Rust as a module of this name."""
    if not os.path.exists(os.path.join(INCLUDE, 'Python.h')):
        raise unittest.SkipTest('there are no headers of Python')
    return build(os.path.join('..', 'c', source), name + '.so', '-std=gnu11', f'-DMODULE={name}', '-I' + INCLUDE,
                 '-I' + typedcall.get_include(), *flags)


def load(name, path):
    loader = importlib.machinery.ExtensionFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def pypy(name):
    return load(name, path_of('pypy_methods.c', name, '-include', 'typedcall_pypy.h'))


def issue546(name):
    path = path_of('issue546_methods.c', name)
    underlying = ctypes.CDLL(path).underlying
    underlying.argtypes, underlying.restype = [], ctypes.c_void_p
    return load(name, path), underlying()


def cinder_flags():
    return '-I' + os.path.join(typedcall.get_include(), 'cinder'), '-include', 'typedcall_cinder.h', '-Wno-unused'


def test_an_extension_in_pypys_dialect_is_adopted_by_name():
    module = pypy('dialect_pypy')
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        assert typedcall.adopt(module) == {}
    # Nothing is guessed: the warning can only say that the flag is set.
    assert {str(warning.message).partition(': ')[2].partition(',')[0] for warning in caught} == {
        'ml_flags: the METH_TYPED flag is set'}
    assert typedcall.specialize(module.inc) is module.inc
    found = typedcall.adopt(module, dialect='pypy')
    assert found['inc'] == '(i64) -> i64' and found['pick'].endswith('raises minus_one') and 'plain' not in found
    assert typedcall.adopt(module, dialect='pypy') == found
    inc = typedcall.specialize(module.inc, strict=True)
    with Hits(500):
        for value in ints(2000, 61):
            agree(module.inc, inc, value)
    for value in ('x', None, 1.5, True):
        agree(module.inc, inc, value)
    pick = typedcall.specialize(module.pick, strict=True)
    assert agree(module.pick, pick, 7)[0] == 'raises' and agree(module.pick, pick, -1)[0] == 'returns'
    names = typedcall.install(module)
    assert {'inc', 'add', 'pick'} <= set(names) and 'plain' not in names
    with Hits(1):
        assert module.add(1.5, 2.5) == 4.0
    assert set(typedcall.uninstall(module)) == set(names)


def test_what_is_wrong_in_the_dialect_is_a_warning_at_the_line_that_asked():
    module = load('dialect_broken', path_of('pypy_methods.c', 'dialect_broken', '-include', 'typedcall_pypy.h', '-DBROKEN'))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        found = typedcall.adopt(module, dialect='pypy')
    assert 'inc' in found and 'unknown' not in found
    texts = [str(warning.message) for warning in caught]
    assert any(text.startswith('unknown: arg_types') for text in texts), texts
    assert {warning.filename for warning in caught} == {__file__}


def test_the_numbers_of_issue_546_are_what_their_table_says():
    module, address = issue546('dialect_546')
    table = {1: ('(x: i64) -> i64', address), 2: '(str) -> str raises null', 3: '(object) -> object',
             4: '(object, object) -> tuple raises null'}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        found = typedcall.adopt(module, dialect='issue546', types=types.MappingProxyType(table))
    assert found == {'inc': '(x: i64) -> i64', 'upper': '(str) -> str raises null', 'same': '(object) -> object',
                     'pair': '(object, object) -> tuple raises null'}
    assert ['upper_pair: type: 5 is not in the table of types'] == [str(warning.message) for warning in caught]
    inc = typedcall.specialize(module.inc, strict=True)
    with Hits(500):
        for value in ints(2000, 62):
            agree(module.inc, inc, value)
    with NoHits():
        for value in ('x', None, 1.5):
            agree(module.inc, inc, value)
    assert module.upper('x') == typedcall.specialize(module.upper)('x') == 'X'


def test_wrong_tables_and_dialects_are_told():
    module, address = issue546('dialect_wrong')
    error = raises(ValueError, typedcall.adopt, module, dialect='jython')
    assert 'jython' in str(error) and 'pypy, issue546, cinder' in str(error)
    for options in ({'dialect': 'issue546'}, {'dialect': 'pypy', 'types': {}}, {'types': {1: '() -> void'}}):
        assert 'types=' in str(raises(ValueError, typedcall.adopt, module, **options))
    for meaning, kind, text in (
            ('(i64) -> i64', typedcall.Error, 'types[1]'), ('(x', typedcall.Error, 'types[1]'),
            (('(i64) -> i64 | (f64) -> f64', address), typedcall.Error, '2 overloads, but 1 functions'),
            ('(type:fractions.Fraction) -> object', typedcall.Error, 'say object'),
            (('(i64) -> i64', 0), TypeError, 'the address'), (('(i64) -> i64', 'here'), TypeError, 'the address'),
            ((3,), TypeError, 'a str'), ((), TypeError, 'types'), (3, TypeError, 'not 3'), (['(str) -> str'], TypeError, 'types=')):
        error = raises(kind, typedcall.adopt, module, dialect='issue546', types={1: meaning})
        assert text in str(error), (meaning, error)
    for number in (2**31, 2**70, 'one', None):
        raises((TypeError, OverflowError), typedcall.adopt, module, dialect='issue546', types={number: '(str) -> str'})
    assert module.inc(1) == 2
    raises(TypeError, typedcall.adopt, 3, dialect='pypy')


def test_an_extension_written_for_cinder_works_as_soon_as_the_package_is_there():
    path = path_of('cinder_methods.c', 'dialect_cinder', *cinder_flags())
    # It imports the package itself.
    done = child('''
import importlib.machinery, importlib.util, sys
loader = importlib.machinery.ExtensionFileLoader('dialect_cinder', sys.argv[1])
module = importlib.util.module_from_spec(importlib.util.spec_from_loader('dialect_cinder', loader))
loader.exec_module(module)
assert module.echo_int64(-5) == -5 and module.echo_str('x') == 'x'
print('typedcall' in sys.modules, 'ctypes' in sys.modules)
''', path)
    assert done.stdout == 'True False\n'
    module = load('dialect_cinder', path)
    assert outcome(module.echo_int8, 'x') == ('raises', TypeError, 'echo_int8() argument 1 expected int')
    assert outcome(module.echo_int8, 128)[1] is OverflowError
    assert module.maybe_object() is not module
    assert typedcall.adopt(module) == {}
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', typedcall.MetadataWarning)
        found = typedcall.adopt(module, dialect='cinder')
    assert 'i64' in found['echo_int64'] and 'str' in found['echo_str'], found
    echo = typedcall.specialize(module.echo_int64, strict=True)
    with Hits(500):
        for value in ints(2000, 63):
            agree(module.echo_int64, echo, value)


TABLE = '''
#include <Python.h>
#include "typedcall_cinder.h"
static int64_t next_one(PyObject *self, int64_t x) { (void)self; return x + 1; }
Ci_Py_TYPED_SIGNATURE(next_one, Ci_Py_SIG_INT64, &Ci_Py_Sig_INT64, NULL);
PyMethodDef table[] = {{"next_one", (PyCFunction)&next_one_def, Ci_METH_TYPED, "One more."}, {NULL, NULL, 0, NULL}};
static PyMethodDef const wrong[] = {{"next_one", (PyCFunction)&next_one_def, Ci_METH_TYPED, NULL}, {NULL, NULL, 0, NULL}};
const void *constant(void) { return wrong; }
static PyModuleDef def = {PyModuleDef_HEAD_INIT, "by_hand", NULL, 0, table, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_by_hand(void) { return PyModule_Create(&def); }
'''


def test_a_table_of_cinders_is_made_ready_by_its_address():
    if not os.path.exists(os.path.join(INCLUDE, 'Python.h')):
        raise unittest.SkipTest('there are no headers of Python')
    source = os.path.join(os.path.dirname(path_of('pypy_methods.c', 'folder', '-include', 'typedcall_pypy.h')), 'by_hand.c')
    with open(source, 'w') as file:
        file.write(TABLE)
    path = build(source, 'by_hand.so', '-I' + INCLUDE, '-I' + typedcall.get_include(), '-DTYPEDCALL_CINDER_BY_HAND',
                 '-Wno-unused')
    raises(Exception, load, 'by_hand', path)
    library = ctypes.CDLL(path)
    table = ctypes.addressof(ctypes.c_char.in_dll(library, 'table'))
    assert typedcall.ready_cinder_table(table) == ['next_one']
    assert typedcall.ready_cinder_table(table) == []
    module = load('by_hand', path)
    assert module.next_one(41) == 42 and module.next_one.__doc__ == 'One more.'
    assert outcome(module.next_one, 'x') == ('raises', TypeError, 'next_one() argument 1 expected int')
    library.constant.restype = ctypes.c_void_p
    assert 'const' in str(raises(typedcall.Error, typedcall.ready_cinder_table, library.constant()))
    for wrong in (0, 'table', None, -1):
        raises(TypeError, typedcall.ready_cinder_table, wrong)
