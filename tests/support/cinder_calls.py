# Calls of tests/c/cinder_methods.c, and their results by Cinder's rules. `m` is the module.
import sys


class Text(str):
    pass


class Number(int):
    pass


class Index:
    def __index__(self):
        raise AssertionError("nothing is converted by calling")


def outcome(call):
    try:
        return call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


class Same:
    """Equal to a value of the same type and text only."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return type(self.value) is type(other) and repr(self.value) == repr(other)

    def __repr__(self):
        return repr(self.value)


spam, heap = m.Spam(), m.Heap()
marker = object()
many = (-128, 65535, marker, -2**63, 2**64 - 1, "text", 255, 2**31 - 1)

expected = {}


def expect(call, value, *args):
    expected.setdefault(call, []).append((args, value))


# Integers: ints and instances of subclasses, within the range of the type.
for bits, name in (8, "int8"), (16, "int16"), (32, "int32"), (64, "int64"), (64, "ssize"):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    beyond = "overflow" if bits < 64 else "Python int too large to convert to C ssize_t"
    for value in low, low + 1, -1, 0, 1, high - 1, high, high // 2:
        expect(f"m.echo_{name}", value, value)
        expect(f"m.echo_{name}", value, Number(value))
    for value in low - 1, high + 1, 2**64, -2**64, 2**200:
        expect(f"m.echo_{name}", f"OverflowError: {beyond}", value)
        expect(f"m.echo_{name}", f"OverflowError: {beyond}", Number(value))
for bits, name in (8, "uint8"), (16, "uint16"), (32, "uint32"), (64, "uint64"), (64, "size"):
    high = 2**bits - 1
    beyond = "overflow" if bits < 64 else "Python int too large to convert to C size_t"
    below = "overflow" if bits < 64 else "can't convert negative value to size_t"
    for value in 0, 1, high - 1, high, high // 2, high // 2 + 1:
        expect(f"m.echo_{name}", value, value)
        expect(f"m.echo_{name}", value, Number(value))
    for value in high + 1, 2**64, 2**200:
        expect(f"m.echo_{name}", f"OverflowError: {beyond}", value)
    for value in -1, Number(-1), -2**63, -2**200:
        expect(f"m.echo_{name}", f"OverflowError: {below}", value)
for name in "int8 int16 int32 int64 ssize uint8 uint16 uint32 uint64 size".split():
    expect(f"m.echo_{name}", 1, True)
    for wrong in None, 1.0, "1", b"1", Index(), [], 1j:
        expect(f"m.echo_{name}", f"TypeError: echo_{name}() argument 1 expected int", wrong)

# Objects and strings.
for value in None, 1, "text", marker, [], Text("a"), float:
    expect("m.echo_object", value, value)
for value in "", "text", "t\0x", "ä", "\udc80", "\U0001f600", Text("a"):
    for call in "m.echo_str", "m.maybe_str", "m.null_str", "spam.null_str", "heap.echo_str":
        expect(call, value, value)
for wrong in None, 1, b"text", marker:
    for call in "m.echo_str", "heap.echo_str":
        expect(call, "TypeError: echo_str() argument 1 expected str", wrong)
for wrong in 1, b"text", marker:
    expect("m.maybe_str", "TypeError: maybe_str() argument 1 expected str", wrong)
    expect("m.null_str", "TypeError: null_str() argument 1 expected str", wrong)

# Optional: None unchanged; if left out, the default, and without one a null pointer.
for call in "m.maybe_object", "spam.maybe_object", "m.maybe_str":
    expect(call, None)
    expect(call, None, None)
for call in "m.null_object", "m.null_str", "spam.null_str":
    expect(call, "NULL")
    expect(call, None, None)
for value in 1, "text", marker, None:
    expect("m.maybe_object", value, value)
    expect("m.null_object", value, value)
expect("m.maybe_object", "TypeError: maybe_object() takes at most 1 argument, got 2", 1, 2)
# A default is an object, checked and converted like an argument; None is not accepted for it.
expect("m.default_int", 7)
expect("m.default_int", 8, 8)
expect("m.default_int", "TypeError: default_int() argument 1 expected int", None)
expect("m.default_wrong", "TypeError: default_wrong() argument 1 expected str")
expect("m.default_wrong", "a", "a")
for call in "m.default_of_three", "spam.default_of_three":
    expect(call, (..., 1, "NULL"))
    expect(call, (2, 1, "NULL"), 2)
    expect(call, (2, 3, "NULL"), 2, 3)
    expect(call, (2, 3, None), 2, 3, None)
    expect(call, (None, 3, marker), None, 3, marker)
    expect(call, "TypeError: default_of_three() argument 2 expected int", 2, None)
    expect(call, "OverflowError: overflow", 2, 2**31, marker)
    expect(call, "TypeError: default_of_three() expected at most 3 arguments, got 4", 1, 2, 3, 4)
expect("m.required_first", ("a", None), "a")
expect("m.required_first", ("a", 1), "a", 1)
expect("m.required_first", "TypeError: required_first() argument 1 is missing")
expect("m.required_first", "TypeError: required_first() argument 1 expected str", 1)
expect("m.required_first", "TypeError: required_first() expected at most 2 arguments, got 3", "a", 1, 2)

# Results.
for call in "m.nothing", "spam.nothing", "m.no_error":
    expect(call, None)
expect("m.keep_nothing", None, marker)
for call in "m.error", "spam.error":
    expect(call, None, 0)
    for value in -1, 1, 2**31, -2**31:
        expect(call, f"KeyError: '{value}'", value)
expect("m.fail", "LookupError: by a null pointer")
expect("m.minus_one", -1)
expect("spam.__len__", -1)

# Wrong numbers of arguments: CPython itself raises for methods without parameters; for others the text has the method's
# name.
for call in "m.nothing", "m.no_error", "m.fail", "m.minus_one":
    expect(call, f"TypeError: {m.__name__}.{call[2:]}() takes no arguments (1 given)", 1)
expect("m.echo_object", f"TypeError: {m.__name__}.echo_object() takes exactly one argument (0 given)")
expect("m.echo_object", f"TypeError: {m.__name__}.echo_object() takes exactly one argument (2 given)", 1, 2)
expect("spam.echo_object", "TypeError: Spam.echo_object() takes exactly one argument (0 given)")
for call in "m.sum2", "spam.sum2", "m.Spam.of_class_two", "m.Spam.of_nobody", "spam.of_nobody", "m.added":
    name = {"m.added": "added"}.get(call, call.split(".")[-1])
    expect(call, 3, 1, 2)
    expect(call, 3, True, Number(2))
    expect(call, f"TypeError: {name}() takes exactly 2 arguments (0 given)")
    expect(call, f"TypeError: {name}() takes exactly 2 arguments (1 given)", 1)
    expect(call, f"TypeError: {name}() takes exactly 2 arguments (3 given)", 1, 2, 3)
    expect(call, f"TypeError: {name}() argument 2 expected int", 1, "2")
    expect(call, f"TypeError: {name}() argument 1 expected int", None, "2")
expect("m.eight", many, *many)
expect("m.eight", (0, 0, None, -1, 1, Text("a"), 3, -(2**31)), 0, 0, None, -1, 1, Text("a"), 3, -(2**31))
for position, wrong, error in [
    (0, 128, "OverflowError: overflow"),
    (1, -1, "OverflowError: overflow"),
    (3, 2**63, "OverflowError: Python int too large to convert to C ssize_t"),
    (4, -1, "OverflowError: can't convert negative value to size_t"),
    (5, None, "TypeError: eight() argument 6 expected str"),
    (6, 256, "OverflowError: overflow"),
    (7, 1.0, "TypeError: eight() argument 8 expected int"),
]:
    expect("m.eight", error, *many[:position], wrong, *many[position + 1:])
expect("m.eight", "TypeError: eight() takes exactly 8 arguments (7 given)", *many[:7])

# What is bound to a class.
for call in "m.Spam.of_class", "spam.of_class":
    expect(call, 5, 5)
    expect(call, "TypeError: of_class() argument 1 expected int", "5")
expect("m.Heap.of_class", 5, 5)
expect("m.Heap.of_class", "OverflowError: overflow", 500)


def differing(find=lambda call: eval(call)):
    """The calls that do not give what they must."""
    found = []
    for call, cases in expected.items():
        function = find(call)
        for args, value in cases:
            got = outcome(lambda: function(*args))
            if Same(value) != got:
                found.append((call, args, value, got))
    return found


def leaks(call, *args):
    """By how much a hundred calls change the reference counts of the arguments."""
    function = eval(call)
    outcome(lambda: function(*args))
    before = [sys.getrefcount(argument) for argument in args]
    for _ in range(100):
        outcome(lambda: function(*args))
    return [sys.getrefcount(argument) - count for argument, count in zip(args, before)]


def all_leaks():
    found = []
    for call, cases in expected.items():
        for args, value in cases:
            # Other threads use None and numbers too. A leak shows each time.
            changed = [leaks(call, *args) for _ in range(5)]
            if any(min(map(abs, changes)) > 50 for changes in zip(*changed)):
                found.append((call, args, changed))
    return found
