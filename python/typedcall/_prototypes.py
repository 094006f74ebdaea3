"""ctypes prototypes that are written as annotated functions, or given as function types."""

from typedcall import Error, _caller, specialize


def declared(function, library):
    """A new object for the library's function of this name, with a prototype made from the annotations of `function`."""
    code = getattr(function, "__code__", None)
    if code is None:
        raise Error(f"{function!r}: library= decorates a function that is written in Python, whose annotations are the "
                    "C types")
    name = function.__name__
    flags = code.co_flags
    if flags & 0x0C or code.co_kwonlyargcount or function.__defaults__:
        raise Error(f"{name}: a C prototype has neither defaults nor keyword-only parameters, *args or **kwargs: "
                    "declare each parameter by position")
    annotations = _annotations(function)
    parameters = code.co_varnames[:code.co_argcount]
    for parameter in (*parameters, "return"):
        if parameter not in annotations:
            example = "-> None" if parameter == "return" else f"{parameter}: c_long"
            raise Error(f"{name}: {parameter!r} has no annotation: say which C type it is, as in `{example}`")
    try:
        foreign = library[name]
    except AttributeError as error:
        raise Error(f"{name}: {error}; the decorated function's name is the C function's") from None
    # Indexing a library makes a new object each time, so prototypes that others set do not change.
    try:
        foreign.argtypes = [annotations[parameter] for parameter in parameters]
        foreign.restype = annotations["return"]
    except TypeError as error:
        raise Error(f"{name}: {error}; annotate with ctypes types, such as c_long or POINTER(c_int)") from None
    _identify(foreign, function, annotations, parameters)
    return foreign


def _identify(foreign, function, annotations, parameters):
    """Copies the definition's name, docstring and annotations to a library's function. A stub has those that a built-in can."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(foreign, name, getattr(function, name))
    foreign.__annotations__ = annotations
    foreign.__wrapped__ = function
    # C functions have no names for their arguments.
    foreign.__text_signature__ = f"({', '.join((*parameters, '/'))})" if parameters else "()"


def _annotations(function):
    """The annotations as values, also where they are written as text or `from __future__ import annotations`."""
    local = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        try:
            local[name] = cell.cell_contents
        except ValueError:
            # Not bound yet, such as the definition's own name.
            continue
    evaluated = {}
    for parameter, annotation in function.__annotations__.items():
        if isinstance(annotation, str):
            try:
                annotation = eval(annotation, function.__globals__, local)
            except NameError as error:
                raise Error(f"{function.__name__}: the annotation of {parameter!r}: {error}; import the type at the top "
                            "of the module") from None
        evaluated[parameter] = annotation
    return evaluated


def maker(prototype, *, strict, release_gil):
    """A callable that makes functions of a ctypes function type and specializes them."""
    def make(*arguments):
        function = prototype(*arguments)
        if not (arguments and callable(arguments[0])):
            # Not a callback but a C function, which is defined where `make` is called.
            function.__module__ = _caller.module()
            if arguments and isinstance(arguments[0], tuple) and isinstance(arguments[0][0], str):
                function.__name__ = arguments[0][0]
        return specialize(function, strict=strict, release_gil=release_gil)
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(make, name, getattr(prototype, name))
    return make
