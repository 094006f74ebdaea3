"""Holds the lines of the standard library's tables against the running interpreter.

`check_line` calls a function with many arguments of each of its overloads, and returns what is not as the line says.
What runs Python code during a call is seen by a profile function (every Python function that is entered), by an audit
hook, and on 3.11 by a callback of the garbage collector, which runs at every allocation of a container meanwhile.
The arguments are those of `arguments.py`, which runs in the same namespace before.
"""

import builtins
import ctypes
import functools
import gc
import io
import itertools
import math
import operator
import random
import signal
import struct
import sys

TYPES = {kind.__name__: kind for kind in (str, bytes, list, tuple, dict, set, int, float)}
IMMUTABLE = (int, float, bool, str, bytes, tuple, type(None), range, frozenset)


# --- what runs Python ----------------------------------------------------------------------------------------------

entered = []
watching = False


def audit(event, args):
    if watching and event != "sys.setprofile":
        entered.append("audit hook: " + event)


sys.addaudithook(audit)


def profile(frame, event, arg):
    if event == "call":
        global watching
        # Asking a frame for its code is an event too.
        watching = False
        entered.append(frame.f_code.co_qualname)
        watching = True


def collected(phase, info):
    pass


COLLECTS_ANYWHERE = sys.version_info < (3, 12)


def call_watched(function, arguments, keywords):
    """The result or the exception of a call, and the names of the Python functions that it entered."""
    global watching
    entered.clear()
    result = raised = None
    if COLLECTS_ANYWHERE:
        gc.callbacks.append(collected)
        gc.set_threshold(1, 10**6, 10**6)
    else:
        gc.disable()
    # The frame becomes an object here, before the profile function first asks for it.
    sys._getframe()
    watching = True
    sys.setprofile(profile)
    try:
        result = function(*arguments, **keywords)
    except BaseException as error:
        sys.setprofile(None)
        raised = error
    sys.setprofile(None)
    watching = False
    if COLLECTS_ANYWHERE:
        gc.set_threshold(700, 10, 10)
        gc.callbacks.remove(collected)
    gc.enable()
    return result, raised, list(entered)


# --- one line ------------------------------------------------------------------------------------------------------

def find(name):
    owner, _, attribute = name.rpartition(".")
    if not owner:
        return getattr(builtins, name)
    return getattr(math if owner == "math" else TYPES[owner], attribute)


def same(one, other):
    if one is other or type(one) is not type(other):
        return one is other
    if isinstance(one, float):
        return struct.pack("d", one) == struct.pack("d", other)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def snapshot(arguments):
    # Watches equal nothing, so the text is compared, and the identity of objects that are not containers.
    return [(type(argument), repr(argument)) for argument in arguments]


def check_overload(name, kinds, names, result_kind, raises, effects, rng):
    """What is wrong with an overload: `kinds` of its parameters, `names` of those that are passed by name."""
    function = find(name)
    wrong = []
    successes = 0
    stdout = sys.stdout
    shown = f"{name}({', '.join(kinds)})"
    for makers in argument_lists(name, kinds, rng):
        arguments = [maker() for maker in makers]
        split = len(kinds) - len(names)
        positional, keywords = arguments[:split], dict(zip(names, arguments[split:]))
        pure = "pure" in effects
        before = snapshot(arguments) if pure else None
        sys.stdout = io.StringIO()
        try:
            if "no_python" in effects:
                result, raised, ran = call_watched(function, positional, keywords)
                if ran:
                    wrong.append(f"{shown}: is no_python, and ran {ran[:3]} for {arguments!r:.200}")
            else:
                result = raised = None
                try:
                    result = function(*positional, **keywords)
                except Exception as error:
                    raised = error
            if raised is not None:
                if raises == "never" and result_kind not in ("f64", "i32"):
                    wrong.append(f"{shown}: never raises, but {raised!r} for {arguments!r:.200}")
                elif pure and not isinstance(raised, MemoryError):
                    wrong.append(f"{shown}: is pure, but {raised!r} for {arguments!r:.200}")
                elif raises == "never" and not isinstance(raised, MemoryError):
                    wrong.append(f"{shown}: never raises, but {raised!r} for {arguments!r:.200}")
                continue
            successes += 1
            if not is_kind(result, result_kind):
                wrong.append(f"{shown}: gives {result_kind}, but {type(result)} for {arguments!r:.200}")
            if pure and snapshot(arguments) != before:
                wrong.append(f"{shown}: is pure, but changed {arguments!r:.200}")
            if pure:
                try:
                    again = function(*positional, **keywords)
                except Exception as error:
                    again = error
                if not same(result, again):
                    wrong.append(f"{shown}: is pure, but {result!r:.80} and then {again!r:.80} for {arguments!r:.200}")
                if not isinstance(result, IMMUTABLE):
                    wrong.append(f"{shown}: is pure, but gives a {type(result)}, which is not to be shared")
        finally:
            sys.stdout = stdout
    if not successes:
        wrong.append(f"{shown}: no call of it succeeded, so nothing is known of its result")
    return wrong


# --- the functions below -------------------------------------------------------------------------------------------

C_TYPES = {"f64": ctypes.c_double, "i32": ctypes.c_int}
EDGES = [0.0, 5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1e-200, 1e-20, 2.0**-27, 0.1, 0.25, 0.5,
         math.nextafter(0.5, 0), math.nextafter(1, 0), 1.0, math.nextafter(1, 2), 1.5, 2.0, math.e, 3.0, math.pi,
         math.pi / 2, 4.0, 10.0, 22.0, 100.0, 171.5, 700.0, 709.78, 709.79, 710.5, 745.2, 1023.5, 1024.0, 1074.0, 1e10,
         2.0**52, 2.0**53, 2.0**53 + 2, 1e22, 1e100, 1e308, 1.7976931348623157e308, math.inf, math.nan]
EDGES += [-edge for edge in EDGES]
EDGE_INTS = [0, 1, -1, 10, -10, 52, 1022, 1023, 1024, -1022, -1023, -1074, -1075, -2000, 2000, 2**31 - 1, -(2**31)]


def number(rng, kind):
    if kind == "i32":
        return rng.choice([rng.randint(-1200, 1200), rng.randint(-(2**31), 2**31 - 1), rng.choice(EDGE_INTS)])
    match rng.randrange(5):
        case 0: return struct.unpack("d", rng.randbytes(8))[0]
        case 1: return rng.uniform(-1, 1)
        case 2: return rng.uniform(-800, 800)
        case 3: return math.copysign(10 ** rng.uniform(-20, 20), rng.random() - 0.5)
        case _: return rng.choice(EDGES)


def check_below(name, kinds, address, finite, count, rng):
    """Where the C function's result is not the original's, bit for bit, though it promises to be."""
    original = find(name)
    below = ctypes.CFUNCTYPE(ctypes.c_double, *(C_TYPES[kind] for kind in kinds))(address)
    edges = itertools.product(*(EDGES if kind == "f64" else EDGE_INTS for kind in kinds)) if len(kinds) < 3 else []
    count = count * CALLS // 600
    drawn = ([number(rng, kind) for kind in kinds] for _ in range(count))
    wrong = []
    good = 0
    for arguments in itertools.chain(edges, drawn):
        direct = below(*arguments)
        if finite and not math.isfinite(direct):
            continue
        good += 1
        try:
            expected = original(*arguments)
        except Exception as error:
            expected = error
        if type(expected) is not float or struct.pack("d", direct) != struct.pack("d", expected):
            wrong.append(f"{name}{tuple(arguments)}: {expected!r}, but {direct!r} below")
    if good < count // 10:
        wrong.append(f"{name}: only {good} results below are to be used")
    return wrong


# --- signals -------------------------------------------------------------------------------------------------------

def check_signals(line):
    """Where a function that is `no_python` runs a signal's handler. To be called on the main thread."""
    name, overloads, _ = line
    log = []
    previous = signal.signal(signal.SIGUSR1, lambda number, frame: log.append("handler"))
    trip = ctypes.pythonapi.PyErr_SetInterruptEx
    wrong = []
    try:
        for kinds, names, _, _, effects in overloads:
            if "no_python" not in effects or names:
                continue
            for makers in argument_lists(name, kinds, random.Random(f"{name} {SEED}"), CALLS // 6):
                arguments = [maker() for maker in makers]
                log.clear()
                # No bytecode comes in between, so the order shows whether the function or the code after it runs the
                # handler.
                steps = [functools.partial(trip, int(signal.SIGUSR1)), functools.partial(find(name), *arguments),
                         functools.partial(log.append, "after")]
                try:
                    list(map(operator.call, steps))
                except Exception:
                    continue
                if log[0] == "handler":
                    wrong.append(f"{name}({', '.join(kinds)}): is no_python, and looked for signals for {arguments!r:.200}")
    finally:
        signal.signal(signal.SIGUSR1, previous)
    return wrong


# --- the whole -----------------------------------------------------------------------------------------------------

def check_line(line, count):
    """`line` is an entry: its name, its overloads, and its function below."""
    name, overloads, below = line
    # A new seed for each line, so that its arguments do not depend on other lines.
    rng = random.Random(f"{name} {SEED}")
    try:
        find(name)
    except AttributeError:
        return [f"{name}: there is no such function"]
    wrong = []
    for kinds, names, result, raises, effects in overloads:
        wrong += check_overload(name, kinds, names, result, raises, effects, rng)
    if below:
        wrong += check_below(name, overloads[0][0], *below, count, rng)
    return wrong


def public():
    """The names of all public functions and methods, and what else is beside them."""
    owners = [("", vars(builtins)), ("math.", vars(math))]
    owners += [(name + ".", vars(kind)) for name, kind in TYPES.items()]
    for prefix, names in owners:
        for name, value in list(names.items()):
            is_exception = isinstance(value, type) and issubclass(value, BaseException)
            if not name.startswith("_") and not is_exception:
                yield prefix + name
