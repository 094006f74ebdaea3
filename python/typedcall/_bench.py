"""Times the same C functions called through ctypes, through stubs, and from C."""

import ctypes
import ctypes.util
import json
import platform
import timeit

import typedcall
from typedcall import _native

# Library, function, C type for the stub and for ctypes, argument. Each function returns the type that it takes.
_FUNCTIONS = [
    ("c", "labs", "i64", ctypes.c_long, -12345),
    ("m", "fabs", "f64", ctypes.c_double, -2.5),
]
_WAYS = {
    "ctypes": "ctypes",
    "stub": "stub, GIL released as ctypes does",
    "stub_gil": "stub, release_gil=False",
    "c": "C loop",
}


def run(options):
    """Times all functions, and prints the figures."""
    results = [_measure(*function, options) for function in _FUNCTIONS]
    if options.json:
        about = {"version": typedcall.__version__, "python": platform.python_version(), "machine": platform.machine(),
                 "rounds": options.rounds, "calls": options.calls}
        print(json.dumps({**about, "functions": results}, indent=2))
        return 0
    for result in results:
        print(f"{result['function']}({result['argument']})")
        for way, title in _WAYS.items():
            nanoseconds = result["ns"][way]
            ratio = result["ns"]["ctypes"] / nanoseconds
            print(f"  {title:<36} {nanoseconds:8.1f} ns a call  {ratio:6.1f} x")
        if result["why_not"]:
            print(f"  not specialized: {result['why_not']}")
    print("the best of each way's rounds, which take turns; but for C's, the interpreter's loop is in the figures")
    return 0


def _measure(library, name, kind, ctype, argument, options):
    def function():
        foreign = ctypes.CDLL(ctypes.util.find_library(library))[name]
        foreign.argtypes, foreign.restype = [ctype], ctype
        return foreign

    plain = function()
    address = ctypes.cast(plain, ctypes.c_void_p).value
    callables = {
        "ctypes": plain,
        "stub": typedcall.specialize(function()),
        "stub_gil": typedcall.specialize(function(), release_gil=False),
    }
    calls, seconds = options.calls, {way: [] for way in _WAYS}
    # Each timer has code of its own, so the interpreter adapts each loop to the function that this loop calls.
    timers = {way: timeit.Timer("f(x)", "f = function; x = argument", globals={"function": f, "argument": argument})
              for way, f in callables.items()}
    for _ in range(options.rounds):
        for way, timer in timers.items():
            seconds[way].append(timer.timeit(calls))
        seconds["c"].append(_native.time_calls(address, kind, argument, calls))
    nanoseconds = {way: min(times) / calls * 1e9 for way, times in seconds.items()}
    return {
        "function": name,
        "argument": argument,
        "ns": nanoseconds,
        "speedup": {way: nanoseconds["ctypes"] / value for way, value in nanoseconds.items()},
        "why_not": typedcall.explain(callables["stub"]).why_not,
    }
