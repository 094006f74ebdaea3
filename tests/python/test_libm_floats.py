"""Every function of libm on floats of 32 bits: ctypes and the stub agree bit for bit."""

from ctypes import CDLL, c_float, c_int, c_long

from libm_table import (DOUBLE_INT, DOUBLE_LONG, FLOAT_SUFFIXES, INT_DOUBLE, ONE_DOUBLE, THREE_DOUBLES, TO_INT, TO_LONG,
                        TWO_DOUBLES, functions)
from support import Hits, floats, ints, prototype, same_floats, same_ints, specialized

COUNT = 10_000
libm = CDLL('libm.so.6')
XS, YS, ZS = (floats(COUNT, seed) for seed in (11, 12, 13))
SMALL_INTS = [value % 400 - 200 for value in ints(COUNT, 14)]


def compare(names, same, result, arguments, columns):
    compared = 0
    for function in functions(libm, names, FLOAT_SUFFIXES):
        prototype(function, result, *arguments)
        with Hits(COUNT):
            same(function, specialized(function), *columns)
        compared += 1
    return compared


def test_functions_of_one_float_agree():
    assert compare(ONE_DOUBLE, same_floats, c_float, [c_float], [XS]) >= 40


def test_functions_of_two_floats_agree():
    assert compare(TWO_DOUBLES, same_floats, c_float, [c_float] * 2, [XS, YS]) >= 20


def test_functions_of_three_floats_agree():
    assert compare(THREE_DOUBLES, same_floats, c_float, [c_float] * 3, [XS, YS, ZS]) == 1


def test_functions_from_float_to_int_agree():
    assert compare(TO_INT, same_ints, c_int, [c_float], [XS]) >= 1
    assert compare(TO_LONG, same_ints, c_long, [c_float], [XS]) >= 3


def test_functions_of_floats_and_ints_agree():
    assert compare(DOUBLE_INT, same_floats, c_float, [c_float, c_int], [XS, SMALL_INTS]) >= 1
    assert compare(DOUBLE_LONG, same_floats, c_float, [c_float, c_long], [XS, SMALL_INTS]) >= 1
    assert compare(INT_DOUBLE, same_floats, c_float, [c_int, c_float], [SMALL_INTS, XS]) == 2
