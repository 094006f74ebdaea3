"""A function that is given back to CPython is as fast as before: its callers are specialized for it again."""

import dis
import sys
import types

import typedcall
from functions import IN_PLACE, ByPython, Compiled, made, plain, specialized

CALLER = '''
def caller(n):
    for i in range(n):
        function(i)
'''


def calls(caller):
    """The name of the instruction with which the caller calls the function, as the interpreter has specialized it."""
    return [each.opname for each in dis.get_instructions(caller, adaptive=True) if each.opname.startswith('CALL')
            and each.argval == 1][-1]


if IN_PLACE:
    def test_callers_are_specialized_again():
        plain_caller = made(CALLER, function=made('def function(x): return x'))
        plain_caller(1000)
        expected = calls(plain_caller)
        assert 'PY' in expected, expected
        function = specialized(made('def function(x): return x'))
        caller = made(CALLER, function=function)
        with Compiled(0.99, 'before it is given back', 1000):
            caller(1000)
        assert calls(caller) != expected
        typedcall.uninstall(function)
        with ByPython():
            caller(1000)
        assert calls(caller) == expected
        # And back again.
        typedcall.specialize(function)
        with Compiled(0.99, 'specialized again', 1000):
            caller(1000)

    def test_callers_that_were_specialized_before():
        function = made('def function(x, y=1): return x, y')
        caller = made(CALLER, function=function)
        caller(1000)
        expected = calls(caller)
        for _ in range(3):
            typedcall.specialize(function)
            with Compiled(0.99, 'of a caller that was specialized before', 1000):
                caller(1000)
            typedcall.uninstall(function)
            caller(1000)
            assert calls(caller) == expected

    def test_a_function_that_has_changed_is_given_back_as_it_is():
        for change in (lambda f: setattr(f, '__defaults__', (5,)), lambda f: setattr(f, '__defaults__', None),
                       lambda f: setattr(f, '__code__', (lambda x, y=2, *z: ('new', x, y)).__code__),
                       lambda f: setattr(f, '__kwdefaults__', {'y': 5})):
            function, reference = (made('def function(x, y=1): return x, y') for _ in range(2))
            callers = [made(CALLER.replace('function(i)', 'result = function(i)') + '    return result\n', 'caller',
                            function=each) for each in (function, reference)]
            found = []
            for caller, each in zip(callers, (function, reference)):
                caller(1000)
                if each is function:
                    typedcall.specialize(function)
                    caller(1000)
                change(each)
                if each is function:
                    typedcall.uninstall(function)
                results = []
                for _ in range(3):
                    try:
                        results.append(caller(1000))
                    except TypeError as error:
                        results.append(str(error))
                found.append(results)
            assert found[0] == found[1], found


def test_a_refused_function_costs_nothing():
    # What is refused at its first call is given back.
    function = typedcall.specialize(made('def function(x):\n    b = eval("x")\n    return b'))
    for number in range(3):
        assert function(number) == number
    if typedcall.explain(function).state == 'left' and IN_PLACE:
        before = typedcall.stats()['original_calls']
        function(1)
        assert typedcall.stats()['original_calls'] == before


def test_a_function_is_a_function_again():
    function = specialized(made('def function(x): return x'))
    function(1)
    original = typedcall.original(function)
    assert type(original) is types.FunctionType and original is plain(function)
    with ByPython():
        assert original(5) == 5
    assert sys.getrefcount(original) < 10
