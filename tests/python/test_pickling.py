"""Pickling and copying: by reference, and specialized again when it is loaded."""

import copy
import math
import operator
import pickle
from ctypes import c_long

import typedcall
from support import agree, child, extension, fixture, prototype, raises, specialized

typed = extension()
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def test_a_stub_of_a_typed_method_is_pickled_by_reference():
    for original in (typed.inc, typed.Thing.paired):
        stub = typedcall.specialize(original, strict=True)
        for protocol in PROTOCOLS:
            again = pickle.loads(pickle.dumps(stub, protocol))
            assert typedcall.original(again) is original and typedcall.explain(again).why_not is None
            assert again is not original


def test_static_and_class_methods_are_pickled_by_reference():
    for original in (typed.Thing.inc, typed.Thing.made):
        stub = typedcall.specialize(original, strict=True)
        again = pickle.loads(pickle.dumps(stub))
        assert again(5) == original(5) and typedcall.explain(again).why_not is None


def test_a_bound_method_is_pickled_as_its_original_is():
    text = 'abc'
    assert pickle.loads(pickle.dumps(text.upper))() == 'ABC'
    thing = typed.Thing()
    stub = typedcall.specialize(thing.paired)
    for protocol in PROTOCOLS[2:]:
        expected, found = [], []
        for callable_object, result in ((thing.paired, expected), (stub, found)):
            try:
                again = pickle.loads(pickle.dumps(callable_object, protocol))
                result.append(again(7)[1])
            except Exception as error:
                result.append(type(error))
        assert expected == found


def test_a_stub_is_specialized_again_in_another_process():
    data = pickle.dumps(typedcall.specialize(typed.inc, strict=True))
    code = '''
import pickle, sys
from support import extension
extension()
import typedcall
stub = pickle.loads(bytes.fromhex(sys.argv[1]))
assert typedcall.explain(stub).why_not is None and typedcall.original(stub) is not stub
assert stub(41) == 42 and typedcall.stats()['hits'] >= 1
'''
    child(code, data.hex())


def test_the_pickle_itself_imports_the_package():
    data = pickle.dumps(typedcall.specialize(typed.inc, strict=True))
    assert b'typedcall' in data


def test_a_stub_of_a_foreign_function_raises_what_ctypes_raises():
    function = prototype(fixture().add_long, c_long, c_long, c_long)
    stub = specialized(function)
    for protocol in PROTOCOLS:
        expected = raises(Exception, pickle.dumps, function, protocol)
        found = raises(type(expected), pickle.dumps, stub, protocol)
        assert str(found) == str(expected)


def test_all_other_functions_are_pickled_as_ever():
    for value in (len, math.sqrt, operator.add, str.join, [].append, 'x'.join, dict.fromkeys, object.__reduce_ex__,
                  int.from_bytes, typed.untyped, typed.inc, typed.Thing.paired, typedcall.specialize):
        for protocol in PROTOCOLS:
            try:
                data = pickle.dumps(value, protocol)
            except Exception as error:
                assert not isinstance(error, typedcall.Error), (value, error)
                continue
            assert b'typedcall' not in data or value is typedcall.specialize, (value, data)
            again = pickle.loads(data)
            assert again == value or type(again) is type(value)


def test_pickles_of_other_functions_are_the_same_bytes_with_and_without_the_package():
    code = '''
import pickle, math, sys
if sys.argv[1] == 'with':
    import typedcall
values = [len, math.sqrt, str.join, 'x'.join, [1].append, dict.fromkeys, int.from_bytes, bytes.maketrans]
def dumped(value, protocol):
    try:
        return pickle.dumps(value, protocol)
    except Exception as error:
        return repr(error)
print([dumped(value, protocol) for value in values for protocol in range(6)])
'''
    assert child(code, 'with').stdout == child(code, 'without').stdout


def test_copies_are_the_stub_itself():
    for stub in (typedcall.specialize(typed.inc, strict=True),
                 specialized(prototype(fixture().add_long, c_long, c_long, c_long))):
        assert copy.copy(stub) is stub and copy.deepcopy(stub) is stub
        assert copy.deepcopy({'stub': [stub]})['stub'][0] is stub


def test_a_stub_that_was_installed_pickles_by_its_name():
    names = typedcall.install(typed)
    try:
        assert 'inc' in names
        for protocol in PROTOCOLS:
            again = pickle.loads(pickle.dumps(typed.inc, protocol))
            agree(typed.inc, again, 41)
            assert typedcall.explain(again).why_not is None
    finally:
        typedcall.uninstall(typed)


def test_multiprocessing_pickles_method_descriptors():
    from multiprocessing.reduction import ForkingPickler
    stub = typedcall.specialize(typed.Thing.paired, strict=True)
    assert typedcall.original(pickle.loads(ForkingPickler.dumps(stub))) is typed.Thing.paired
    assert pickle.loads(ForkingPickler.dumps(str.upper)) is str.upper and pickle.loads(ForkingPickler.dumps(len)) is len
