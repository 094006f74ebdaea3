"""What a stub says of itself: the module, names, text and signature of its definition, and who finds it by these."""

import ctypes
import doctest
import functools
import gc
import inspect
import pydoc
import types
import typing
import weakref

import stubs
import typedcall
from stubs import KINDS
from support import child, fixture, prototype, raises, refused

ATTRIBUTES = ("__name__", "__qualname__", "__module__", "__doc__", "__text_signature__")


def test_a_stub_says_what_its_original_says():
    for name, kind in KINDS.items():
        if kind.original is None or "definition" in name or "ctypes" in name:
            continue
        for attribute in ATTRIBUTES:
            expected, found = (getattr(function, attribute, "none") for function in (kind.original, kind.stub))
            assert found == expected, (name, attribute, found, expected)
        assert inspect.getmodule(kind.stub) is inspect.getmodule(kind.original), name
        assert inspect.unwrap(kind.stub) is kind.stub
        try:
            expected = inspect.signature(kind.original)
        except ValueError:
            raises(ValueError, inspect.signature, kind.stub)
        else:
            assert inspect.signature(kind.stub) == expected, name


def test_whatever_else_an_original_says_its_stub_says_too():
    for name, kind in KINDS.items():
        if kind.original is None or type(kind.original) is not type(kind.stub):
            continue
        assert dir(kind.original) == dir(kind.stub), name
        for attribute in dir(kind.original):
            expected, found = getattr(kind.original, attribute), getattr(kind.stub, attribute)
            # An attribute that the type has for all its functions says nothing of this one.
            if type(expected) not in (types.MethodWrapperType, types.BuiltinMethodType):
                assert found == expected, (name, attribute, found, expected)


def test_a_definition_says_where_it_stands_and_what_it_takes():
    stub = stubs.add_long
    # From 3.13 on the compiler removes the indentation of docstrings.
    text = typedcall.original(stub).__wrapped__.__doc__
    assert [getattr(stub, attribute) for attribute in ATTRIBUTES] == ["add_long", "add_long", "stubs", text, "(a, b, /)"]
    assert inspect.cleandoc(text) == "The sum.\n\n>>> add_long(2, 3)\n5"
    assert str(inspect.signature(stub)) == "(a, b, /)" and inspect.getmodule(stub) is stubs
    assert repr(stub) == "<built-in function add_long>"
    # As many positional arguments as the signature has.
    inspect.signature(stub).bind(*KINDS["definition"].arguments)
    raises(TypeError, inspect.signature(stub).bind, a=1, b=2)


def test_a_built_in_of_a_module_has_no_longer_name():
    for stub in (stubs.Sums.add_double, stubs.local_definition()):
        assert stub.__qualname__ == stub.__name__ == "add_double" and stub.__module__ == "stubs"


def test_the_original_of_a_definition_carries_the_rest():
    for stub, name in ((stubs.add_long, "add_long"), (stubs.Sums.add_double, "Sums.add_double")):
        original = typedcall.original(stub)
        assert original.__qualname__ == name and original.__module__ == "stubs" and original.__doc__ == stub.__doc__
        assert inspect.isfunction(original.__wrapped__) and inspect.unwrap(original) is original.__wrapped__
        assert original.__annotations__ == original.__wrapped__.__annotations__
        assert typing.get_type_hints(original)["return"] in (ctypes.c_long, ctypes.c_double)
        # Specializing again gives the same.
        again = typedcall.specialize(original, strict=True)
        assert [getattr(again, each) for each in ATTRIBUTES] == [getattr(stub, each) for each in ATTRIBUTES]


def test_a_definition_without_a_stub_says_the_same():
    class Point(ctypes.Structure):
        _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_int)]

    @typedcall.specialize(library=stubs.library)
    def swapped(point: Point) -> Point:
        """The other way round."""

    refused(swapped, "Point")
    assert (swapped.__module__, swapped.__name__, swapped.__doc__) == (__name__, "swapped", "The other way round.")
    assert list(inspect.signature(swapped).parameters) == ["point"] and inspect.getmodule(swapped).__name__ == __name__


def test_a_definition_that_is_dropped_goes_with_all_that_it_says():
    def define():
        @typedcall.specialize(library=stubs.library)
        def add_long(a: ctypes.c_long, b: ctypes.c_long) -> ctypes.c_long:
            # A cycle: the definition's closure holds the stub.
            return add_long

        definition = typedcall.original(add_long).__wrapped__
        assert definition.__closure__[0].cell_contents is add_long
        return weakref.ref(definition), weakref.ref(add_long)

    references = [reference for _ in range(5) for reference in define()]
    gc.collect()
    assert [reference() for reference in references] == [None] * 10


def test_a_definition_of_no_arguments_and_without_a_text():
    @typedcall.specialize(library=stubs.library)
    def answer() -> ctypes.c_int: ...

    assert str(inspect.signature(answer)) == "()" and answer.__doc__ is None and answer() == 42


def test_a_text_that_begins_as_a_signature_does():
    def add_long(a: ctypes.c_long, b: ctypes.c_long) -> ctypes.c_long: ...

    for text in ("add_long(x)\n--\n\nA sum.", "add_long(x) adds", "()", "\n", "Größe €"):
        add_long.__doc__ = text
        stub = typedcall.specialize(add_long, library=stubs.library)
        assert stub.__doc__ == text and stub.__text_signature__ == "(a, b, /)", (stub.__doc__, text)


def test_a_function_of_a_library_has_the_signature_of_its_prototype():
    library = fixture()
    for function, expected in (
        (prototype(library.add_long, ctypes.c_long, ctypes.c_long, ctypes.c_long), "(arg1, arg2, /)"),
        (prototype(library.answer, ctypes.c_int), "()"),
        (prototype(library.first_int, ctypes.c_int, ctypes.POINTER(ctypes.c_int)), "(arg, /)"),
    ):
        stub = typedcall.specialize(function, strict=True)
        assert str(inspect.signature(stub)) == expected
        assert (stub.__module__, stub.__doc__, stub.__name__) == (function.__module__, function.__doc__,
                                                                  function.__name__)


def test_what_is_set_on_a_function_of_a_library_is_kept():
    function = prototype(fixture().add_long, ctypes.c_long, ctypes.c_long, ctypes.c_long)
    function.__doc__, function.__module__ = "The sum.", "elsewhere"
    for text, expected in (("(left, right, /)", "(left, right, /)"), ("nonsense", "(arg1, arg2, /)"), (5, "(arg1, arg2, /)"),
                           ("(a,\nb)", "(arg1, arg2, /)")):
        function.__text_signature__ = text
        stub = typedcall.specialize(function, strict=True)
        assert (stub.__doc__, stub.__module__, stub.__text_signature__) == ("The sum.", "elsewhere", expected), text


def test_what_makes_functions_of_a_type_says_what_the_type_says():
    class Binary(ctypes._CFuncPtr):
        """Two numbers."""

        _flags_, _restype_, _argtypes_ = 1, ctypes.c_long, (ctypes.c_long, ctypes.c_long)

    for kind in (Binary, ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long, ctypes.c_long)):
        make = typedcall.specialize(kind)
        for attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
            assert getattr(make, attribute) == getattr(kind, attribute), attribute
        add_long = make(("add_long", stubs.library))
        assert add_long(2, 3) == 5 and add_long.__name__ == "add_long" and add_long.__module__ == __name__
        assert str(inspect.signature(add_long)) == "(arg1, arg2, /)"


def test_a_bound_function_is_its_callers():
    assert stubs.added.__module__ == "stubs" and inspect.getmodule(stubs.added) is stubs
    assert [getattr(stubs.added, each) for each in ATTRIBUTES] == ["added", "added", "stubs", "The sum.", "(arg1, /, b)"]
    assert typedcall.bind(1, "(i64) -> i64", "f").__module__ == __name__
    assert typedcall.bind(1, "(i64) -> i64", "f", module="elsewhere").__module__ == "elsewhere"
    # Code that is in no module.
    assert eval("bind(1, '(i64) -> i64', 'f')", {"bind": typedcall.bind, "__builtins__": {}}).__module__ is None


def test_wrappers_around_a_stub_look_like_it():
    for name, kind in KINDS.items():
        @functools.wraps(kind.stub)
        def wrapper(*arguments):
            return kind.stub(*arguments)

        for attribute in ("__name__", "__qualname__", "__doc__"):
            assert getattr(wrapper, attribute) == getattr(kind.stub, attribute), name
        assert inspect.unwrap(wrapper) is kind.stub, name
        wrapper(*kind.arguments)
        if kind.stub.__text_signature__:
            assert str(inspect.signature(wrapper)) == str(inspect.signature(kind.stub)), name


def test_doctests_are_found_and_run():
    found = {test.name: test for test in doctest.DocTestFinder().find(stubs) if test.examples}
    assert {"stubs.add_long", "stubs.Sums.add_double"} == set(found), sorted(found)
    runner = doctest.DocTestRunner(verbose=False)
    for test in found.values():
        runner.run(test)
    assert (runner.failures, runner.tries) == (0, 2)


def test_doctests_of_what_is_switched_off_are_found_too():
    code = """
import doctest, stubs_disabled as module
found = [test.name for test in doctest.DocTestFinder().find(module) if test.examples]
assert found == ['stubs_disabled.add_long'], found
"""
    child(code, TYPEDCALL_DISABLE="1")


def test_help_shows_definitions():
    text = pydoc.plain(pydoc.render_doc(stubs))
    for shown in ("add_long(a, b, /)", "add_double(a, b, /)", "added(arg1, /, b)", "answer()", "    The sum."):
        assert shown in text, (shown, text)
    page = pydoc.html.page("stubs", pydoc.html.document(stubs))
    for shown in ('<a name="-add_long"><strong>add_long</strong></a>(a, b, /)', '<a name="Sums-add_double">'):
        assert shown in page, (shown, page)
    text = pydoc.plain(pydoc.render_doc(stubs.add_long))
    assert "built-in function add_long in module stubs" in text and "add_long(a, b, /)" in text, text
