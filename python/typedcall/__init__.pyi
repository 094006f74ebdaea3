from _ctypes import CFuncPtr
from collections.abc import Callable, Mapping
from ctypes import CDLL
from types import ModuleType
from typing import Any, Literal, TypedDict, TypeVar, Unpack, overload

from typedcall._explain import Explanation as Explanation
from typedcall._native import Error as Error, __version__ as __version__

__all__ = [
    "Error",
    "Explanation",
    "MetadataWarning",
    "adopt",
    "bind",
    "explain",
    "get_include",
    "install",
    "original",
    "ready_cinder_table",
    "signature",
    "specialize",
    "stats",
    "uninstall",
]

_C = TypeVar("_C", bound=Callable[..., Any])

class _Stats(TypedDict):
    shapes: int
    stubs: int
    permanent: int
    code_bytes: int
    hits: int
    fallbacks: dict[str, int]
    functions: int
    compiled_functions: int
    left_functions: int
    versions: int
    function_code_bytes: int
    exits: int
    compiled_calls: int
    original_calls: int

class MetadataWarning(UserWarning): ...

@overload
def specialize(
    callable: CFuncPtr | type[CFuncPtr], /, *, strict: bool = False, release_gil: bool | None = None, library: None = None
) -> Callable[..., Any]: ...
@overload
def specialize(
    callable: _C, /, *, strict: bool = False, release_gil: bool | None = None, library: None = None
) -> _C: ...
@overload
def specialize(
    callable: Callable[..., Any], /, *, strict: bool = False, release_gil: bool | None = None, library: CDLL
) -> Callable[..., Any]: ...
@overload
def specialize(
    callable: None = None, /, *, strict: bool = False, release_gil: bool | None = None, library: CDLL
) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
@overload
def specialize(
    callable: None = None, /, *, strict: bool = False, release_gil: bool | None = None, library: None = None
) -> Callable[[_C], _C]: ...
@overload
def adopt(
    module: ModuleType, /, *, dialect: Literal["pypy", "cinder"] | None = None, types: None = None
) -> dict[str, str]: ...
@overload
def adopt(
    module: ModuleType, /, *, dialect: Literal["issue546"], types: Mapping[int, str | tuple[str, Unpack[tuple[int, ...]]]]
) -> dict[str, str]: ...
def ready_cinder_table(address: int, /) -> list[str]: ...
def install(target: ModuleType | CDLL, /, *, release_gil: bool | None = None) -> list[str]: ...
def uninstall(target: ModuleType | CDLL | Callable[..., Any], /) -> list[str]: ...
def bind(
    address: int,
    signature: str,
    name: str,
    *,
    module: str | None = None,
    doc: str | None = None,
    text_signature: str | None = None,
) -> Callable[..., Any]: ...
def signature(callable: object, /) -> str: ...
def original(object: object, /) -> Any: ...
def explain(callable: object, /) -> Explanation: ...
def stats() -> _Stats: ...
def get_include() -> str: ...
