"""What mypy must make of programs that use the package: checked, never run.

An `ignore[…]` marks a mistake that mypy has to see; where it sees none, the comment itself is an error
(`warn_unused_ignores` is part of `--strict`).
"""

import ctypes
import types
from collections.abc import Callable
from typing import Any, assert_type

import typedcall

libc = ctypes.CDLL(None)


def plain(number: int) -> str:
    return str(number)


# A value with a type keeps it.
as_before: Callable[[int], str] = typedcall.specialize(plain)
assert_type(typedcall.specialize(plain, strict=True, release_gil=False)(1), str)
specialized: Callable[..., Any] = typedcall.specialize(libc.labs, release_gil=False)


@typedcall.specialize(library=libc)
def labs(number: ctypes.c_long) -> ctypes.c_long: ...  # type: ignore[empty-body]


# Called with Python's own types, not with those of the prototype.
labs(-7)


@typedcall.specialize
def bare(number: int) -> int:
    return number


@typedcall.specialize(strict=True)
def configured(number: int) -> int:
    return number


assert_type(bare(1), int)
assert_type(configured(1), int)

make = typedcall.specialize(ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long))
make(("labs", libc))(-3)

assert_type(typedcall.adopt(types), dict[str, str])
assert_type(typedcall.adopt(types, dialect="pypy"), dict[str, str])
assert_type(
    typedcall.adopt(types, dialect="issue546", types={1: "(str) -> str raises null", 2: ("(i64) -> i64", 0x1000)}),
    dict[str, str],
)
assert_type(typedcall.ready_cinder_table(0x1000), list[str])
assert_type(typedcall.install(libc, release_gil=False), list[str])
assert_type(typedcall.install(types), list[str])
assert_type(typedcall.uninstall(libc), list[str])
typedcall.bind(0x1000, "(f64) -> f64", "j0", module="m", doc="A doc.", text_signature="($module, x, /)")(1.0)
assert_type(typedcall.signature(labs), str)
typedcall.original(labs)
assert_type(typedcall.get_include(), str)

explanation = typedcall.explain(labs)
assert_type(explanation, typedcall.Explanation)
assert_type(explanation.name, str)
assert_type(explanation.signature, str | None)
assert_type(explanation.why_not, str | None)
assert_type(explanation.ir, str | None)
assert_type(explanation.clif, str | None)
assert_type(explanation.asm, str | None)
assert_type(explanation.entry, str | None)

counted = typedcall.stats()
assert_type(counted["hits"], int)
assert_type(counted["fallbacks"], dict[str, int])

try:
    typedcall.specialize(len, strict=True)
except typedcall.Error as error:
    print(error)

# Mistakes that mypy finds.
typedcall.specialize(labs, "strict")  # type: ignore[call-overload]
typedcall.install("libm.so.6")  # type: ignore[arg-type]
typedcall.bind("0x1000", "(f64) -> f64", "j0")  # type: ignore[arg-type]
typedcall.adopt(types, dialect="jython")  # type: ignore[call-overload]
typedcall.adopt(types, dialect="issue546")  # type: ignore[call-overload]
typedcall.stats()["misses"]  # type: ignore[typeddict-item]
