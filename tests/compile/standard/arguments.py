"""The arguments that the standard library's functions are called with: of every kind that a signature names, subclasses,
and objects whose special methods are written in Python. `checks.py` runs in the same namespace.
"""

import itertools
import math
import os

# Other arguments, and more of them, are drawn if these are set.
CALLS = int(os.environ.get("TYPEDCALL_STANDARD_CALLS", "600"))
SEED = os.environ.get("TYPEDCALL_STANDARD_SEED", "0")


class Watch:
    """Whose special methods are written in Python, and work."""

    def __init__(self, number=3): self.number = number
    def __hash__(self): return hash("key")
    def __eq__(self, other): return False
    def __lt__(self, other): return True
    def __gt__(self, other): return False
    def __index__(self): return self.number
    def __int__(self): return self.number
    def __float__(self): return 0.5
    def __complex__(self): return 1j
    def __bool__(self): return True
    def __len__(self): return 2
    def __iter__(self): return iter(["a", "b"])
    def __reversed__(self): return [2, 1]
    def __getitem__(self, key): return {0: "a", 1: "b"}[key]
    def __contains__(self, item): return False
    def __repr__(self): return "Watch()"
    def __str__(self): return "watch"
    def __format__(self, spec): return "formatted"
    def __bytes__(self): return b"bytes"
    def __abs__(self): return "abs"
    def __round__(self, digits=None): return "round"
    def __floor__(self): return "floor"
    def __ceil__(self): return "ceil"
    def __trunc__(self): return 7
    def __divmod__(self, other): return "divmod"
    __rdivmod__ = __divmod__
    def __pow__(self, other, mod=None): return "pow"
    __rpow__ = __pow__
    def __add__(self, other): return self
    __radd__ = __add__
    def __mul__(self, other): return self
    __rmul__ = __mul__
    def __call__(self, *args): return args
    def __next__(self): return 1
    def __aiter__(self): return AsyncIterator()
    def __dir__(self): return ("b", "a")
    def __getattr__(self, name): return name if not name.startswith("__") else object.__getattribute__(self, name)


class Named:
    """With attributes."""

    def __init__(self): self.key = self.a = self.hello = 3


class AsyncIterator:
    def __aiter__(self): return self
    def __anext__(self): return "awaitable"


class Str(str):
    def __eq__(self, other): return str.__eq__(self, other)
    def __hash__(self): return str.__hash__(self)
    def __str__(self): return self
    def __repr__(self): return Str("repr")
    def __format__(self, spec): return Str("format")
    def upper(self): return 3
    def lower(self): return 3
    def encode(self, *args): return 3
    def __iter__(self): return iter("ab")
    def __len__(self): return 2


class Texts:
    """Whose texts are of subclasses."""

    def __str__(self): return Str("str")
    def __repr__(self): return Str("repr")
    def __format__(self, spec): return Str("format")
    def __bytes__(self): return Bytes(b"bytes")


class Bytes(bytes):
    def __eq__(self, other): return bytes.__eq__(self, other)
    def __hash__(self): return bytes.__hash__(self)
    def __bytes__(self): return self
    def __iter__(self): return iter([1, 2])


class Int(int):
    def __index__(self): return int(self)
    def __int__(self): return int.__int__(self)
    def __abs__(self): return Int(5)
    def __float__(self): return 2.5
    def __eq__(self, other): return int.__eq__(self, other)
    def __hash__(self): return int.__hash__(self)
    def __lt__(self, other): return int.__lt__(self, other)
    def __round__(self, digits=None): return self
    def __trunc__(self): return self


class Float(float):
    def __float__(self): return float.__float__(self)
    def __eq__(self, other): return float.__eq__(self, other)
    def __hash__(self): return float.__hash__(self)


class List(list):
    def __iter__(self): return list.__iter__(self)
    def __len__(self): return list.__len__(self)


class Tuple(tuple):
    def __iter__(self): return tuple.__iter__(self)


class Dict(dict):
    def __getitem__(self, key): return dict.__getitem__(self, key)
    def __missing__(self, key): return "missing"
    def keys(self): return dict.keys(self)


class Set(set):
    def __iter__(self): return set.__iter__(self)


class Meta(type):
    def __instancecheck__(cls, other): return True
    def __subclasscheck__(cls, other): return True


class WithMeta(metaclass=Meta):
    pass


class Pretends:
    """Whose class is looked up in Python."""

    @property
    def __class__(self): return int


class Dropped:
    """Whose destructor is written in Python."""

    def __del__(self): self.__class__


class Colliding:
    """Of one hash, and of no equality but identity, which is found out in Python."""

    def __hash__(self): return 1
    def __eq__(self, other): return self is other


def sparse():
    """A dict that is copied key by key, for most of it is gone, with keys that are compared then."""
    made = {Colliding(): number for number in range(40)}
    for key in list(made)[:-6]:
        del made[key]
    return made


BIG = (2**63 - 1, 2**63, -(2**63), -(2**64) - 1, 10**30, 1 << 14000, 1 - (1 << 14000))
SMALL = (0, 1, -1, 2, 3, 5, 7, 33, 97, 100, 255, 256, 257, -5, -100)
TEXTS = ("", "a", "key", "hello", "Hello World", "ab\ncd\r\n", "  x ", "ß", "Ωß", "дом", "中文", "\ud800", "😀!",
         "123", "0x1p3", "1.5", "nan", "a,b,,c", "{}", "{0}-{1}", "%s", "utf-8", "ascii", "ignore", "little", "big", "x" * 50,
         "١٢٣", "a\0b", "0a ff", ".2f", "d", ",")
DATA = (b"", b"a", b"hello", b"Hello World", b"ab\ncd\r\n", b"  x ", b"123", b"\xff\x00", b"\xc3\x9f", b",", b"a,b,,c",
        b"x" * 50, bytes(range(256)))
FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 1e-300, 5e-324, 1e300, -1e300, 1e16, 2.0**62, 0.1, math.pi,
          math.inf, -math.inf, math.nan, 123456.789, 3.0)

# Functions that make fresh arguments, for each kind.
POOLS = {
    "int": [lambda value=value: value for value in SMALL + BIG],
    "float": [lambda value=value: value for value in FLOATS],
    "bool": [lambda: True, lambda: False],
    "None": [lambda: None],
    "str": [lambda value=value: value for value in TEXTS],
    "bytes": [lambda value=value: value for value in DATA],
    "list": [
        lambda: [], lambda: [1, 2, 3], lambda: ["a", "b"], lambda: ["only"], lambda: [b"a", b"b"],
        lambda: [3.5, 1, True],
        lambda: [Watch(), Watch()], lambda: [Dropped(), Dropped()], lambda: [Str("s")], lambda: [Str("s"), "t"],
        lambda: [[1, 2], [3, 4]], lambda: [("a", 1), ("b", 2)], lambda: list(range(200)),
        lambda: [Bytes(b"x"), bytearray(b"y")],
        lambda: [1, "a", None],
    ],
    "tuple": [
        lambda: (), lambda: (1, 2, 3), lambda: ("a", "b"), lambda: ("only",), lambda: (Str("s"),), lambda: (Watch(), 1),
        lambda: (b"h", b"x"), lambda: ("he", "x"), lambda: (int, str), lambda: (Dropped(),), lambda: (3.0, 4.0),
        lambda: ([1], [2]), lambda: (Str("he"), Str("")), lambda: (1.5, "a"),
    ],
    "dict": [
        lambda: {}, lambda: {"key": 1}, lambda: {1: "one", 2: "two"}, lambda: {Watch(): Dropped(), "a": 2}, sparse,
        lambda: {97: "x", 98: None, 104: 4}, lambda: {"a": "b", "c": Str("d")}, lambda: dict.fromkeys(range(60)),
        lambda: {Str("key"): Dropped()},
    ],
    "type:builtins.set": [
        lambda: set(), lambda: {1, 2, 3}, lambda: {"key", "a"}, lambda: {Watch(), Dropped()}, lambda: set(range(50)),
        lambda: set(sparse()),
    ],
    "type:builtins.frozenset": [lambda: frozenset(), lambda: frozenset("key"), lambda: frozenset([Watch()])],
    "type:builtins.type": [lambda: int, lambda: bool, lambda: str, lambda: Watch, lambda: Str, lambda: type,
                           lambda: object,
                           lambda: list, lambda: float, lambda: Pretends, lambda: type("Fresh", (), {})],
    "str+": [lambda: Str("hello"), lambda: Str("")],
    "bytes+": [lambda: Bytes(b"hello"), lambda: Bytes(b"")],
}
POOLS["type:builtins.type+"] = POOLS["type:builtins.type"] + [lambda: WithMeta, lambda: Meta]
POOLS["object"] = sum(POOLS.values(), []) + [
    Watch, lambda: Watch(0), Texts, Pretends, lambda: Int(3), lambda: Float(1.5), lambda: List("ab"),
    lambda: Tuple("ab"),
    lambda: Dict(a=1), lambda: Set("ab"), lambda: bytearray(b"hello"), lambda: memoryview(b"hello"), lambda: 3 + 4j,
    lambda: range(5), lambda: slice(2), lambda: iter([1, 2]), lambda: (item for item in "ab"), lambda: len,
    lambda: print,
    lambda: (lambda *args: 3), lambda: object(), AsyncIterator, lambda: {"key": 1}.items(), Dropped, lambda: Int(0),
    lambda: NotImplemented, lambda: type(math)("fresh"),
]

# The arguments for functions that would run for ever, or fill the memory, with arbitrary objects.
LIMITED = {
    "math.factorial": SMALL, "math.comb": SMALL, "math.perm": SMALL, "pow": SMALL, "round": SMALL,
    "bytes": SMALL, "bytearray": SMALL,
}
# Arguments that chance hardly finds.
HINTS = {
    "bytes": [("text", "utf-8")],
    "delattr": [(Named(), "key")],
    "getattr": [(Named(), "key"), (Named(), "key", 3)],
    "int": [("12", 10)],
    "list.index": [([1, 2, 3], 2, 0), ([1, 2, 3], 2, 0, Watch())],
    "tuple.index": [((1, 2, 3), 2, 0), ((1, 2, 3), 2, 0, Watch())],
    "type": [("Name", (), {})],
    "bytes.center": [(b"a", Watch(), b"x")],
    "bytes.ljust": [(b"a", Watch(), b"x")],
    "bytes.rjust": [(b"a", Watch(), b"x")],
    "bytes.replace": [(b"abc", bytearray(b"b"), b"d", Watch())],
    "bytes.index": [(b"abc", bytearray(b"b"), Watch(0), None)],
    "bytes.rindex": [(b"abc", bytearray(b"b"), Watch(0), None)],
    "str.index": [("abc", Str("b"), Watch(0), None)],
    "str.rindex": [("abc", Str("b"), Watch(0), None)],
    "bytes.translate": [(b"abc", bytearray(range(256)), b"b")],
    "int.to_bytes": [(3, Watch(), "big"), (3, Watch(), "big", True)],
    "bytes.hex": [(b"abcd", b":", Watch())],
    "math.perm": [(5, Watch())],
}
HARMLESS = [pool for pool in POOLS["object"] if type(pool()) not in (int, float, list, tuple, dict)]


def is_kind(value, kind):
    """Whether an object is one of a result of this kind."""
    if kind == "object":
        return True
    kind = {"f64": "float", "cbool": "bool"}.get(kind, kind)
    if kind == "None":
        return value is None
    subclasses = kind.endswith("+")
    kind = kind.removesuffix("+").removeprefix("type:")
    classes = type(value).__mro__ if subclasses else (type(value),)
    module, _, name = kind.rpartition(".")
    return any((each.__module__, each.__qualname__) == (module or "builtins", name) for each in classes)


def pool_of(name, kind):
    if kind == "f64":
        kind = "float"
    elif kind == "i32":
        return [lambda value=value: value for value in SMALL + (1023, -1074, 2**31 - 1, -(2**31))]
    if name in LIMITED and kind in ("int", "object"):
        ints = [lambda value=value: value for value in LIMITED[name]]
        return ints if kind == "int" else ints + HARMLESS + POOLS["float"] + POOLS["list"]
    if name == "math.prod":
        # A text times the numbers up to 200 would be a long one.
        numbers = [lambda: [1, 2, 3], lambda: (1.5, 2), lambda: [], lambda: {1, 2}, lambda: 7, lambda: [Watch()]]
        return POOLS["float"] + numbers + [Watch]
    if name == "set" or name.startswith("set."):
        return POOLS[kind] if kind != "object" else POOLS[kind] + POOLS["type:builtins.set"] * 4
    return POOLS[kind]


def argument_lists(name, kinds, rng, calls=CALLS):
    """What makes the arguments of each call: all combinations where they are few, else as many as fit."""
    pools = [pool_of(name, kind) for kind in kinds]
    if math.prod(map(len, pools)) <= calls:
        return list(itertools.product(*pools))
    lists = [tuple(rng.choice(pool) for pool in pools) for _ in range(calls)]
    # Every value of every kind at least once.
    for position, pool in enumerate(pools):
        for maker in pool:
            lists.append(tuple(maker if place == position else rng.choice(other) for place, other in enumerate(pools)))
    # Arbitrary objects rarely go together, so try again with the types that most functions need.
    owner = "type:builtins.set" if name.startswith("set.") else name.split(".")[0]
    likely = [POOLS[kind] for kind in (owner, owner, "int", "str", "tuple", "object") if kind in POOLS]
    if "object" in kinds and name not in LIMITED and name != "math.prod":
        for _ in range(calls):
            lists.append(tuple(
                rng.choice(rng.choice(likely) if kind == "object" else pool) for kind, pool in zip(kinds, pools)))
    for hint in HINTS.get(name, ()):
        if len(hint) == len(kinds) and all(map(is_kind, hint, kinds)):
            lists.append(tuple((lambda value=value: value) for value in hint))
    return lists
