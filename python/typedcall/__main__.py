"""`python -m typedcall`: show what the package knows about modules and functions, and how much faster calls get."""

import argparse
import importlib
import os
import sys
import traceback
import types

import typedcall
from typedcall import _kinds, _native, _reasons


def main(arguments=None):
    """Runs the command line, and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m typedcall", description=__doc__)
    parser.add_argument("--version", action="version", version=f"typedcall {typedcall.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = commands.add_parser("inspect", help="list a module's typed methods, and the ctypes prototypes of a module or library")
    command.add_argument("module", metavar="MODULE[.LIBRARY]")
    command.set_defaults(run=inspect)
    command = commands.add_parser("explain", help="show how a function is specialized, or why it is not")
    command.add_argument("name", metavar="MODULE.NAME")
    command.add_argument("--clif", action="store_true", help="also the code generator's input")
    command.add_argument("--asm", action="store_true", help="also the machine code")
    command.set_defaults(run=explain)
    command = commands.add_parser("bench", help="time C functions through ctypes, through stubs, and from C")
    command.add_argument("--json", action="store_true", help="print the figures as JSON")
    command.add_argument("--rounds", type=_positive, default=20, help="how often each way is timed (default: 20)")
    command.add_argument("--calls", type=_positive, default=50_000, help="calls in each timing (default: 50000)")
    command.set_defaults(run=bench)
    options = parser.parse_args(arguments)
    # Modules of the working folder are found, as with `python -c`.
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return options.run(options)
    except (typedcall.Error, _Failure) as error:
        print(f"typedcall: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader has closed the pipe. Without this the interpreter complains when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def inspect(options):
    """Lists typed methods and ctypes prototypes of a module, or the prototypes of a library in it."""
    target = _resolve(options.module)
    rows = []
    if isinstance(target, types.ModuleType):
        rows += [(name, signature or f"rejected: {_reasons.rejection(name, reason)}", "flagged" if flagged else "")
                 for name, signature, reason, flagged in _native.inspect(target)]
    elif not _kinds.is_library(target):
        raise _Failure(f"{options.module} is neither a module nor a ctypes library; for a function there is `explain`")
    rows += [(name, *_prototype(function)) for name, function in _foreign_functions(target)]
    if not rows:
        print(f"{options.module} has neither typed methods nor ctypes functions with a prototype")
    widths = [max(len(row[column]) for row in rows) if rows else 0 for column in range(2)]
    for name, text, note in rows:
        print(f"{name:{widths[0]}}  {text:{widths[1]}}  {note}".rstrip())
    return 0


def explain(options):
    """Prints an explanation."""
    explanation = typedcall.explain(_resolve(options.name))
    print(explanation)
    for asked, title, text in ((options.clif, "CLIF", "clif"), (options.asm, "machine code", "asm")):
        text = getattr(explanation, text) if asked else None
        if text:
            print(f"  {title}:", *("    " + line for line in text.rstrip("\n").split("\n")), sep="\n")
    return 0


def bench(options):
    """Times the ways to call C functions."""
    from typedcall import _bench
    return _bench.run(options)


class _Failure(Exception):
    """The user asked for something that does not exist."""


def _positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def _import(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        raise
    except (Exception, SystemExit) as error:
        # The module's own code raised.
        raise _Failure(f"can't import {name}: {_in_a_line(error)}") from None


def _in_a_line(error):
    """An exception of foreign code, with the place where it was raised, in one line."""
    text = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")
    if isinstance(error, SyntaxError):
        # It already names the file.
        return text
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{text} ({frame.filename}, line {frame.lineno})"


def _resolve(path):
    """The object with a dotted name: the longest prefix that is a module, then attributes."""
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        name = ".".join(parts[:count])
        try:
            value = _import(name)
        except ModuleNotFoundError as error:
            # Try a shorter prefix only if this very module is missing.
            if count > 1 and error.name and name.startswith(error.name) or count > 1 and "not a package" in str(error):
                continue
            raise _Failure(f"can't import {name}: {error}") from None
        except ImportError as error:
            raise _Failure(f"can't import {name}: {error}") from None
        for attribute in parts[count:]:
            try:
                value = getattr(value, attribute)
            except AttributeError as error:
                raise _Failure(f"{path}: {error}") from None
            except Exception as error:
                raise _Failure(f"{path}: {_in_a_line(error)}") from None
        return value
    raise _Failure(f"{path}: there is no such module")


def _foreign_functions(target):
    """The ctypes functions with a prototype in a module or a library, and in a module's libraries, if they have been
    looked up.
    """
    # The module has imported ctypes, if it has any.
    ctypes = sys.modules.get("ctypes")
    if ctypes is None:
        return
    for name, value in list(vars(target).items()):
        members = vars(value).items() if isinstance(value, ctypes.CDLL) else ()
        for path, member in [(name, value), *((f"{name}.{function}", member) for function, member in members)]:
            function = _native.original(member)
            if isinstance(function, ctypes._CFuncPtr) and function.argtypes is not None:
                yield path, function


def _prototype(function):
    """A ctypes function's prototype as a C signature; or as ctypes types, with the reason why there is no signature."""
    explanation = typedcall.explain(function)
    if explanation.why_not is None:
        return explanation.signature, ""
    types = ", ".join(getattr(kind, "__name__", str(kind)) for kind in function.argtypes)
    result = getattr(function.restype, "__name__", str(function.restype))
    return f"({types}) -> {result}", f"not specialized: {explanation.why_not}"


if __name__ == "__main__":
    sys.exit(main())
