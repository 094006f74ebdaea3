"""Every function of libm on doubles: ctypes and the stub agree bit for bit."""

from ctypes import CDLL, c_double, c_int, c_long

from elf import exports, file_of
from libm_table import (DOUBLE_INT, DOUBLE_LONG, DOUBLE_SUFFIXES, INT_DOUBLE, ONE_DOUBLE, THREE_DOUBLES, TO_INT,
                        TO_LONG,
                        TWO_DOUBLES, functions, is_known)
from support import Hits, floats, ints, prototype, same_floats, same_ints, specialized

COUNT = 10_000
libm = CDLL('libm.so.6')
XS, YS, ZS = (floats(COUNT, seed) for seed in (1, 2, 3))
SMALL_INTS = [value % 400 - 200 for value in ints(COUNT, 4)]


def compare(names, same, result, arguments, columns):
    compared = 0
    for function in functions(libm, names, DOUBLE_SUFFIXES):
        prototype(function, result, *arguments)
        with Hits(COUNT):
            same(function, specialized(function), *columns)
        compared += 1
    return compared


def test_the_table_has_every_function_that_libm_exports():
    names = exports(file_of('libm.so'))
    assert len(names) > 500
    assert sorted(name for name in names if not is_known(name)) == []


def test_functions_of_one_double_agree():
    assert compare(ONE_DOUBLE, same_floats, c_double, [c_double], [XS]) >= 40


def test_functions_of_two_doubles_agree():
    assert compare(TWO_DOUBLES, same_floats, c_double, [c_double] * 2, [XS, YS]) >= 20


def test_functions_of_three_doubles_agree():
    assert compare(THREE_DOUBLES, same_floats, c_double, [c_double] * 3, [XS, YS, ZS]) == 1


def test_functions_from_double_to_int_agree():
    assert compare(TO_INT, same_ints, c_int, [c_double], [XS]) >= 1
    assert compare(TO_LONG, same_ints, c_long, [c_double], [XS]) >= 3


def test_functions_of_doubles_and_ints_agree():
    assert compare(DOUBLE_INT, same_floats, c_double, [c_double, c_int], [XS, SMALL_INTS]) >= 1
    assert compare(DOUBLE_LONG, same_floats, c_double, [c_double, c_long], [XS, SMALL_INTS]) >= 1
    assert compare(INT_DOUBLE, same_floats, c_double, [c_int, c_double], [SMALL_INTS, XS]) == 2


def test_a_double_is_taken_from_an_int_as_ctypes_takes_it():
    function = prototype(libm.sqrt, c_double, c_double)
    columns = [[value for value in ints(COUNT, 5)]]
    same_floats(function, specialized(function), *columns)
