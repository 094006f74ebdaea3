"""Reducers that an application registers for built-in functions and method descriptors stay in force."""

from support import child

HEAD = """
import copyreg, io, pickle, sys, types
from support import extension
typed = extension()
import typedcall
FUNCTION, METHOD = types.BuiltinFunctionType, types.MethodDescriptorType
calls = []
def reducer(name):
    def reduce(function):
        calls.append((name, function.__name__))
        return function.__reduce__()
    return reduce
def specialize(*functions):
    return [typedcall.specialize(function, strict=True) for function in functions]
def pickled(function, dumps=pickle.dumps):
    del calls[:]
    data = dumps(function)
    stub = typedcall.original(function) is not function
    assert (b'typedcall' in data) is stub, (function, data)
    assert pickle.loads(data) == function
    # The reduction of a method contains `getattr`.
    return [name for name, called in calls if called == function.__name__]
"""


def test_a_reducer_from_before_is_asked_for_all_but_stubs():
    child(HEAD + """
copyreg.pickle(FUNCTION, reducer('functions'))
copyreg.pickle(METHOD, reducer('methods'))
stubs = specialize(typed.inc, typed.Thing.paired)
assert pickled(print) == pickled(len) == pickled(typed.half) == ['functions'], calls
assert pickled(str.upper) == pickled(typed.Thing.paired) == ['methods'], calls
assert [pickled(stub) for stub in stubs] == [[], []]
""")


def test_a_reducer_from_after_is_asked_once_more_is_specialized():
    child(HEAD + """
stubs = specialize(typed.inc, typed.Thing.paired)
copyreg.pickle(FUNCTION, reducer('functions'))
copyreg.pickle(METHOD, reducer('methods'))
# Until then, only the application's.
del calls[:]
pickle.dumps(print), pickle.dumps(str.upper)
assert [call for call in calls if call[1] != 'getattr'] == [('functions', 'print'), ('methods', 'upper')]
stubs += specialize(typed.half, typed.Thing.twice)
assert pickled(print) == ['functions'] and pickled(str.upper) == ['methods']
assert [pickled(stub) for stub in stubs] == [[]] * 4
# An existing stub is enough.
copyreg.pickle(FUNCTION, reducer('again'))
specialize(stubs[0])
assert pickled(print) == ['again'] and pickled(stubs[0]) == []
""")


def test_a_reducer_that_calls_the_one_before_it():
    child(HEAD + """
specialize(typed.inc)
before = copyreg.dispatch_table[FUNCTION]
def application(function):
    calls.append(('application', function.__name__))
    return before(function)
for _ in range(3):
    copyreg.pickle(FUNCTION, application)
    stub, = specialize(typed.half)
    assert pickled(print) == ['application'] and pickled(stub) == []
""")


def test_a_reducer_that_the_application_removes_or_replaces():
    child(HEAD + """
first, second = reducer('first'), reducer('second')
copyreg.pickle(FUNCTION, first)
stub, = specialize(typed.inc)
assert pickled(print) == ['first']
copyreg.pickle(FUNCTION, second)
assert pickled(print) == ['second']
specialize(typed.half)
assert pickled(print) == ['second'] and pickled(stub) == []
del copyreg.dispatch_table[FUNCTION]
assert pickled(print) == []
specialize(typed.add)
assert pickled(print) == [] and pickled(stub) == []
# A reducer that was there for a time.
saved = copyreg.dispatch_table[FUNCTION]
copyreg.dispatch_table[FUNCTION] = second
specialize(stub)
assert pickled(print) == ['second'] and pickled(stub) == []
copyreg.dispatch_table[FUNCTION] = saved
assert pickled(print) == [] and pickled(stub) == []
""")


def test_the_same_for_multiprocessing():
    child(HEAD + """
from multiprocessing.reduction import ForkingPickler
dumps = lambda function: bytes(ForkingPickler.dumps(function))
ForkingPickler.register(FUNCTION, reducer('functions'))
ForkingPickler.register(METHOD, reducer('methods'))
stubs = specialize(typed.inc, typed.Thing.paired)
assert pickled(print, dumps) == ['functions'] and pickled(str.upper, dumps) == ['methods']
assert [pickled(stub, dumps) for stub in stubs] == [[], []]
ForkingPickler.register(FUNCTION, reducer('after'))
ForkingPickler.register(METHOD, reducer('after'))
stubs += specialize(typed.half, typed.Thing.twice)
assert pickled(print, dumps) == pickled(str.upper, dumps) == ['after']
assert [pickled(stub, dumps) for stub in stubs] == [[]] * 4
# Other pickles do not use these.
assert pickled(print) == pickled(str.upper) == []
""")


def test_multiprocessings_own_table_gets_no_entry_for_what_it_had_none():
    child(HEAD + """
from multiprocessing.reduction import ForkingPickler
dumps = lambda function: bytes(ForkingPickler.dumps(function))
before = set(ForkingPickler._extra_reducers)
copyreg.pickle(FUNCTION, reducer('common'))
stubs = specialize(typed.inc, typed.Thing.paired, typed.Thing().twice)
assert set(ForkingPickler._extra_reducers) == before and FUNCTION not in before and METHOD in before
# So the common table is asked, as before.
assert pickled(print, dumps) == ['common'] and [pickled(stub, dumps) for stub in stubs[:2]] == [[], []]
""")


def test_multiprocessing_that_is_imported_later():
    child(HEAD + """
stub, = specialize(typed.Thing.paired)
from multiprocessing.reduction import ForkingPickler
assert pickle.loads(ForkingPickler.dumps(stub)) is typed.Thing.paired
specialize(stub)
assert typedcall.explain(pickle.loads(ForkingPickler.dumps(stub))).is_stub
""")


def test_nothing_is_registered_before_a_stub_needs_it():
    child(HEAD + """
before = dict(copyreg.dispatch_table)
typedcall.specialize(len), typedcall.specialize(str.upper), typedcall.adopt(typed), typedcall.explain(typed.inc)
typedcall.bind(1, '(i64) -> i64', 'bound')
assert copyreg.dispatch_table == before
specialize(typed.inc)
assert set(copyreg.dispatch_table) - set(before) == {FUNCTION}
specialize(typed.Thing.paired)
assert set(copyreg.dispatch_table) - set(before) == {FUNCTION, METHOD}
""")


def test_pickles_of_other_functions_are_the_same_bytes_with_and_without_stubs():
    code = HEAD + """
import math
if sys.argv[1] == 'with':
    stubs = specialize(typed.inc, typed.Thing.paired, typed.Thing.made, typed.Thing().twice)
values = [print, len, getattr, math.sqrt, str.upper, str.join, 'x'.join, [1].append, dict.fromkeys, int.from_bytes,
          bytes.maketrans, object.__reduce_ex__, typed.inc, typed.untyped, typed.Thing.paired, typed.Thing.inc, sys.stdin.read]
def dumped(value, protocol, pickler):
    file = io.BytesIO()
    try:
        pickler(file, protocol).dump(value)
        return file.getvalue()
    except Exception as error:
        return repr(error)
print([dumped(value, protocol, pickler) for value in values for protocol in range(6)
       for pickler in (pickle.Pickler, pickle._Pickler)])
"""
    with_stubs, without = child(code, "with").stdout, child(code, "without").stdout
    assert with_stubs == without and "typedcall" not in without and "inc" in without
