from collections.abc import Callable
from types import ModuleType
from typing import Any, TypedDict

__version__: str
disabled: bool
_cinder: object

class Error(Exception): ...

class _Description(TypedDict):
    name: str
    entry: str
    signature: str
    generic_ir: str
    ir: str
    plan: str
    not_dispatched: list[tuple[str, str]]

class _FunctionState(TypedDict):
    compiled: bool
    left: str | None
    calls: int
    original_calls: int
    versions: int
    code_bytes: int
    exits: list[tuple[int | None, int, str, int]]

class _FunctionDescription(TypedDict):
    source: list[tuple[int, str]]
    bytecode: str
    generic_ir: str | None
    ir: str | None
    clif: str | None
    asm: str | None
    notes: list[tuple[int | None, bool, str]]
    exits: list[tuple[int | None, int, str, int]]
    calls: int
    direct_calls: int
    why_not: str | None

def function(callable: object, release_gil: bool | None, /) -> Callable[..., Any]: ...
def adopt(
    module: ModuleType, dialect: str, types: tuple[tuple[Any, ...], ...], /
) -> tuple[dict[str, str], list[tuple[str, str]]]: ...
def ready_cinder_table(address: int, /) -> list[str]: ...
def bind(
    address: int,
    signature: str,
    name: str,
    module: str | None,
    doc: str | None,
    text_signature: str | None,
    /,
) -> Callable[..., Any]: ...
def signature(callable: object, /) -> str: ...
def original(object: object, /) -> Any: ...
def is_bound(object: object, /) -> bool: ...
def is_stale(object: object, /) -> bool: ...
def keeps_gil(object: object, /) -> bool: ...
def cell_type() -> type: ...
def describe(callable: object, /) -> _Description: ...
def compiled(callable: object, /) -> tuple[str | None, str | None]: ...
def inspect(module: ModuleType, /) -> list[tuple[str, str | None, str | None, bool]]: ...
def stats() -> dict[str, Any]: ...
def python_function(function: object, now: bool, /) -> Callable[..., Any]: ...
def wrapped(object: object, /) -> Any: ...
def give_back(function: object, /) -> bool: ...
def function_state(function: object, /) -> _FunctionState | None: ...
def describe_function(function: object, /) -> _FunctionDescription: ...
def time_calls(address: int, type: str, argument: float, count: int, /) -> float: ...
