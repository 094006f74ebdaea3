"""What kind of object something is."""

import sys

from typedcall import _native
from typedcall._native import Error

#: The types of stubs, and of CPython's own callables for C functions.
BUILTINS: "tuple[type, ...]" = (type(len), type(str.upper))
#: The type of a class method of a C type, as it is in the type's namespace.
CLASS_METHOD: type = type(vars(dict)["fromkeys"])


def is_stub(object):
    """Whether an object was made by `specialize` or by `bind`."""
    return _native.is_bound(object) or _native.original(object) is not object


def is_library(object):
    """Whether an object is a ctypes library."""
    ctypes = sys.modules.get("ctypes")
    return ctypes is not None and isinstance(object, ctypes.CDLL)


def check_library(object):
    """Raises TypeError if an object is not a ctypes library."""
    if not is_library(object):
        raise TypeError(f"library= expects a ctypes library, such as ctypes.CDLL(\"libm.so.6\"), not {object!r}")


def check_release_gil(object):
    """Raises TypeError if an object is not a value of `release_gil`."""
    if object is not None and object is not True and object is not False:
        raise TypeError(f"release_gil= expects True, False or None, not {object!r}")


def check_text_signature(text):
    """Raises Error if `inspect` could not read a text signature."""
    if not isinstance(text, str):
        raise TypeError(f"text_signature= expects a str or None, not {text!r}")
    try:
        # Nothing of it runs. `inspect` also accepts a `$` before the receiver.
        tree = compile(f"def f{text.replace('($', '(', 1)}:\n 0", "text_signature", "exec", _ONLY_AST, dont_inherit=True)
        is_one = text.startswith("(") and text.endswith(")") and "->" not in text and "\n" not in text
        is_one = is_one and text.isascii() and _is_plain(tree.body[0].args)
    except (SyntaxError, ValueError):
        is_one = False
    if not is_one:
        raise Error(f"text_signature={text!r} is nothing that inspect.signature could read: write the parameters in "
                    "parentheses, in ASCII, without annotations, and with literals as defaults, as in \"(x, y=1.0, /)\"")


#: `ast.PyCF_ONLY_AST`, without importing `ast`.
_ONLY_AST = 0x400

#: The nodes of literals.
_LITERALS = {"Constant", "UnaryOp", "USub", "UAdd", "Tuple", "List", "Set", "Dict", "Load"}


def _is_plain(parameters):
    """Whether no parameter has an annotation, and all defaults are literals."""
    optional = [parameters.vararg, parameters.kwarg]
    each = [*parameters.posonlyargs, *parameters.args, *parameters.kwonlyargs, *filter(None, optional)]
    defaults = [default for default in (*parameters.defaults, *parameters.kw_defaults) if default is not None]
    return all(one.annotation is None for one in each) and all(map(_is_literal, defaults))


def _is_literal(node):
    fields = [getattr(node, name, None) for name in node._fields]
    children = [child for field in fields for child in (field if isinstance(field, list) else [field])]
    return type(node).__name__ in _LITERALS and all(_is_literal(child) for child in children if hasattr(child, "_fields"))


def is_foreign_class(object):
    """Whether an object is a type of ctypes functions."""
    # If there is such a type, this module is imported already; the package does not import it. `type` is asked, since an
    # object's `__class__` may be wrong.
    ctypes = sys.modules.get("_ctypes")
    return ctypes is not None and issubclass(type(object), type) and issubclass(object, ctypes.CFuncPtr)
