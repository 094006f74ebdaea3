"""Threads: who runs while a function of C blocks, and whether stubs are made and called by many at once."""

import ctypes
import gc
import sys
import threading
import time
from ctypes import CFUNCTYPE, POINTER, c_int, c_long

import typedcall
from support import Hits, build, fixture, prototype, specialized


def waits(call):
    """Whether another thread runs while the call waits for it, at most half a second."""
    flag = c_int(0)
    started = threading.Event()

    def other():
        started.wait()
        flag.value = 1

    thread = threading.Thread(target=other)
    thread.start()
    interval = sys.getswitchinterval()
    # Threads switch only when the lock is given up.
    sys.setswitchinterval(1000)
    try:
        started.set()
        # If set() already let the other thread run, the flag is down again for the call.
        flag.value = 0
        return call(ctypes.byref(flag), 500) >= 0 if thread.is_alive() else waits(call)
    finally:
        sys.setswitchinterval(interval)
        thread.join()


def blocking(kind=ctypes.CDLL):
    return prototype(fixture(kind).wait_for, c_int, POINTER(c_int), c_int)


def test_others_run_while_a_function_blocks():
    assert waits(blocking())
    stub = specialized(blocking())
    with Hits(1):
        assert waits(stub)


def test_nobody_runs_while_a_function_of_pydll_blocks():
    assert not waits(blocking(ctypes.PyDLL))
    stub = specialized(blocking(ctypes.PyDLL))
    with Hits(1):
        assert not waits(stub)


def test_nobody_runs_where_the_gil_is_to_be_kept():
    stub = specialized(blocking(), release_gil=False)
    with Hits(1):
        assert not waits(stub)
    # The other way of calling the same function is unchanged.
    assert waits(specialized(blocking()))


def test_release_gil_as_ctypes_does_is_the_default():
    assert waits(specialized(blocking(), release_gil=None))
    assert waits(specialized(blocking(), release_gil=True))


def test_a_function_of_pydll_keeps_the_gil_though_asked_to_release_it():
    assert not waits(typedcall.specialize(blocking(ctypes.PyDLL), release_gil=True))


def test_many_threads_block_at_once():
    stub = specialized(prototype(fixture().doze, c_int, c_int))
    threads = [threading.Thread(target=stub, args=(100,)) for _ in range(10)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - start < 0.8


def test_threads_call_while_others_make_and_drop_stubs():
    add = specialized(prototype(fixture().add_long, c_long, c_long, c_long))
    stop = threading.Event()
    wrong = []

    def caller(seed):
        while not stop.is_set():
            for step in range(200):
                if add(seed, step) != seed + step:
                    wrong.append((seed, step))

    def maker():
        while not stop.is_set():
            stub = typedcall.specialize(prototype(fixture()['add_long'], c_long, c_long, c_long))
            if stub(1, 2) != 3:
                wrong.append('made')

    def changer():
        function = prototype(fixture()['echo_long'], c_long, c_long)
        stub = typedcall.specialize(function)
        while not stop.is_set():
            for kind in (c_int, c_long):
                function.restype = kind
                if stub(2**40 + 1) != (1 if kind is c_int else 2**40 + 1):
                    wrong.append('changed')

    build('fixture.c')
    threads = [threading.Thread(target=caller, args=(1000 * seed,)) for seed in range(3)]
    threads += [threading.Thread(target=maker), threading.Thread(target=maker), threading.Thread(target=changer)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_prototype_changed_during_a_blocking_call():
    """The call under way began with the old one; its function, library and types stay alive."""
    function = prototype(fixture().doze, c_int, c_int)
    stub = specialized(function)
    results = []
    thread = threading.Thread(target=lambda: results.append(stub(100)))
    thread.start()
    time.sleep(0.03)
    function.restype = None
    function.argtypes = [c_long]
    del function, stub
    gc.collect()
    thread.join()
    assert results == [0]


def test_a_callback_takes_the_gil_that_the_stub_released():
    library = fixture()
    unary = CFUNCTYPE(c_int, c_int)
    stub = specialized(prototype(library.apply_often, c_long, unary, c_int))
    callback = unary(lambda x: x)
    results = []
    threads = [threading.Thread(target=lambda: results.append(stub(callback, 2000))) for _ in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert results == [sum(range(2000))] * 4


def test_a_callback_under_a_stub_that_keeps_the_gil():
    unary = CFUNCTYPE(c_int, c_int)
    stub = specialized(prototype(fixture().apply, c_int, unary, c_int), release_gil=False)
    with Hits(1):
        assert stub(unary(lambda x: x + 1), 1) == 2
