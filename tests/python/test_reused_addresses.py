"""Facts about a dead object must not be used for a new object at the same address: classes of ctypes' arguments, results and
prototypes, functions, modules' functions, names that are bound."""

import ctypes
import gc
import types

import typedcall
from support import Hits, agree, fixture, prototype, raises, specialized


def test_classes_of_arguments():
    function = prototype(fixture()['sum_ints'], ctypes.c_long, ctypes.POINTER(ctypes.c_int), ctypes.c_long)
    stub = specialized(function)
    seen, reused, kinds = {}, 0, set()
    bases = [(ctypes.c_int * 3,), (ctypes.c_short * 3,), (ctypes.Structure,), (object,), (ctypes.c_int,)]
    for number in range(200):
        base = bases[number * 7 % len(bases)]
        fields = {'_fields_': [('x', ctypes.c_int)]} if base[0] is ctypes.Structure else {}
        # One of many that has the address of a class of another base, if there is one.
        candidates = [type(base[0])('Argument', base, fields) for _ in range(20)]
        kind = next((one for one in candidates if seen.get(id(one), base) is not base), candidates[0])
        reused += seen.get(id(kind), base) is not base
        seen[id(kind)] = base
        kinds.add(agree(function, stub, kind(), 1)[0])
        del kind, candidates
        gc.collect()
    # Without these the test proves nothing.
    assert reused >= 10, reused
    assert kinds == {'returns', 'raises'}


def test_functions_and_prototypes():
    # A function that dies leaves its address, and that of its prototype, to the next one.
    library, seen, reused = fixture(), set(), 0
    for number in range(300):
        name, kind = [('echo_int', ctypes.c_int), ('add_long', ctypes.c_long)][number % 2]
        count = 1 if name == 'echo_int' else 2
        # One of many candidates that has an address which was another's, if there is one.
        candidates = [library[name] for _ in range(30)]
        function = next((one for one in candidates if id(one) in seen), candidates[0])
        prototype(function, kind, *[kind] * count)
        reused += id(function) in seen
        del candidates
        seen.add(id(function))
        with Hits(1):
            assert typedcall.specialize(function)(*[21] * count) == 21 * count
        raises(ctypes.ArgumentError, typedcall.specialize(function), *['x'] * count)
        del function
    assert reused >= 10, reused


def test_modules():
    # A record of installed functions belongs to the module that it was made for.
    seen, reused = set(), 0
    for number in range(200):
        module = types.ModuleType(f'module{number}')
        module.function = prototype(fixture()['echo_int'], ctypes.c_int, ctypes.c_int)
        assert typedcall.uninstall(module) == []
        reused += id(module) in seen
        seen.add(id(module))
        assert typedcall.install(module) == ['function'] and module.function(5) == 5
        del module
        gc.collect()
    assert reused >= 10, reused
