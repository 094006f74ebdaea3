"""C that calls back into Python, called through a stub."""

import ctypes
import gc
import sys
import threading
from ctypes import CFUNCTYPE, POINTER, PYFUNCTYPE, c_int, c_long, c_size_t, c_void_p, pythonapi

import typedcall
from support import Hits, agree, fixture, prototype, refused, specialized

library = fixture()
Unary = CFUNCTYPE(c_int, c_int)
Compare = CFUNCTYPE(c_int, POINTER(c_int), POINTER(c_int))


def test_a_callback_runs_python():
    stub = specialized(prototype(library.apply, c_int, Unary, c_int))
    calls = []

    def callback(x):
        calls.append(x)
        return 3 * x

    kept = Unary(callback)
    with Hits(2):
        assert stub(kept, 5) == 15
        assert stub(kept, 7) == 21
    assert calls == [5, 7]


def test_a_callback_may_be_called_often_and_make_garbage():
    stub = specialized(prototype(library.apply_often, c_long, Unary, c_int))
    kept = Unary(lambda x: len([[] for _ in range(x % 10)]) and gc.collect(0) * 0 + x or x)
    with Hits(1):
        assert stub(kept, 1000) == sum(range(1000))


def test_a_callback_calls_the_stub_again():
    stub = specialized(prototype(library.apply, c_int, Unary, c_int))

    def callback(x):
        return 1 if x <= 1 else x * stub(kept, x - 1)

    kept = Unary(callback)
    with Hits(10):
        assert stub(kept, 10) == 3628800


def test_sorting_with_a_comparison_in_python():
    stub = specialized(prototype(library.sort_ints, None, POINTER(c_int), c_size_t, Compare))
    values = (c_int * 100)(*[(7 * index) % 101 for index in range(100)])
    with Hits(1):
        stub(values, 100, Compare(lambda a, b: a[0] - b[0]))
    assert list(values) == sorted(values)


def test_an_exception_in_a_callback_is_reported_as_ever():
    function = prototype(library.apply, c_int, Unary, c_int)
    stub = specialized(function)
    reported = []
    hook = sys.unraisablehook
    sys.unraisablehook = lambda what: reported.append((type(what.exc_value), str(what.exc_value)))
    try:
        kept = Unary(lambda x: 1 // x)
        # The result is arbitrary memory.
        assert type(function(kept, 0)) is type(stub(kept, 0)) is int
    finally:
        sys.unraisablehook = hook
    assert reported == [(ZeroDivisionError, reported[0][1])] * 2


def test_none_and_functions_of_libraries_are_callbacks_too():
    function = prototype(library.apply, c_int, Unary, c_int)
    stub = specialized(function)
    # ctypes accepts no None for a function type.
    agree(function, stub, None, 5)
    agree(function, stub, abs, 5)
    agree(function, stub, Compare(lambda a, b: 0), 5)
    agree(function, stub, library.answer, 5)
    agree(function, stub, Unary(lambda x: -x), 5)
    get = prototype(library.get_twice, Unary)
    assert agree(function, stub, get(), 21)[1] == (int, '42')
    function = prototype(library.apply, c_int, c_void_p, c_int)
    stub = specialized(function)
    assert stub(None, 5) == function(None, 5) == -1
    agree(function, stub, get(), 21)


def test_a_function_that_a_function_returns_can_be_specialized():
    get = prototype(library.get_twice, Unary)
    twice = get()
    stub = specialized(twice)
    with Hits(1):
        assert stub(21) == 42
    through = typedcall.specialize(get)
    assert type(through()) is Unary and through()(4) == 8


def test_a_callback_itself_is_left_to_ctypes():
    refused(Unary(lambda x: x))


def test_a_callback_drops_the_stub_that_called_it():
    box = [specialized(prototype(fixture().apply, c_int, Unary, c_int))]

    def callback(x):
        box.clear()
        gc.collect()
        return x

    assert box[0](Unary(callback), 5) == 5
    assert box == []


def test_a_callback_changes_the_prototype_of_its_caller():
    function = prototype(fixture().apply, c_int, Unary, c_int)
    stub = specialized(function)

    def callback(x):
        function.restype = ctypes.c_short
        function.argtypes = (Unary, c_long)
        gc.collect()
        return 70_000

    kept = Unary(callback)
    # The running call keeps the prototype that it started with.
    assert stub(kept, 5) == 70_000
    assert stub(kept, 5) == function(kept, 5) == 70_000 - 65_536


def test_a_callback_from_a_thread_of_c_finds_its_python():
    stub = specialized(prototype(library.apply, c_int, Unary, c_int))
    names = []
    kept = Unary(lambda x: names.append(threading.current_thread().name) or x)
    threads = [threading.Thread(target=stub, args=(kept, 1), name=f'caller {index}') for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names) == ['caller 0', 'caller 1', 'caller 2']


def test_pydll_checks_for_an_exception_after_the_call():
    function = prototype(ctypes.PyDLL(None).PyErr_SetString, None, ctypes.py_object, ctypes.c_char_p)
    stub = typedcall.specialize(function)
    for call in (function, stub):
        try:
            call(LookupError, b'from C')
        except LookupError as error:
            assert str(error) == 'from C'
        else:
            raise AssertionError('nothing was raised')


def test_pythonapi_with_objects():
    library = ctypes.PyDLL(None)
    value = ['an', 'object']
    function = prototype(library.PyObject_Repr, ctypes.py_object, ctypes.py_object)
    stub = specialized(function)
    with Hits(1):
        assert stub(value) == repr(value)
    for given in (None, 5, ctypes.py_object(5), ctypes.py_object(), object):
        agree(function, stub, given)
    function = prototype(library.PyNumber_Long, ctypes.py_object, ctypes.py_object)
    stub = specialized(function)
    assert stub('12') == 12
    agree(function, stub, 'no number')
    assert pythonapi is not library


def test_a_pyfunctype_over_a_c_function_keeps_the_gil():
    address = ctypes.cast(library.apply, c_void_p).value
    function = PYFUNCTYPE(c_int, Unary, c_int)(address)
    stub = specialized(function)
    with Hits(1):
        assert stub(Unary(lambda x: x + 1), 5) == 6
