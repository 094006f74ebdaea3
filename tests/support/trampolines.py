"""Puts other implementations in the place of Python functions, whole modules at a time.

The code object of each function is replaced where the code around it makes the function: by a *trampoline*, which has the
same name, parameters, free variables, docstring and flags, and passes what CPython bound to them on to a *runner*. So CPython
binds the arguments, and what looks at the function, or back from what it calls, sees what it did before.

    def NAME(a, b, *args, k, **kw):
        return RUNNER((lambda: (x, y)).__closure__, a, b, k, args, kw)

where `RUNNER` is a constant and `x` and `y` are the free variables. A runner takes the closure, a tuple or None, and the
first local variables of the original's code object, in their order. It finds the globals in the running frame.
"""

import ast
import functools
import importlib
import importlib.abc
import importlib.machinery
import sys
import types
import warnings

OPTIMIZED, VARARGS, VARKEYWORDS, DOCUMENTED = 0x1, 0x4, 0x8, 0x4000000
SUSPENDS = {0x20: 'a generator', 0x80: 'a coroutine', 0x200: 'an asynchronous generator'}
RUNNER, DOCSTRING, COUNT, COUNT_EXPRESSION = '<runner>', '<docstring>', '<count>', '<count expression>'


class Refused(Exception):
    """A runner's reason not to run a function."""


def is_function(code):
    """Whether it is the code of a function, and not of a class body or a module."""
    return bool(code.co_flags & OPTIMIZED)


def is_comprehension(code):
    """Whether it is a comprehension or a generator expression, and no function in the source."""
    return code.co_name in ('<listcomp>', '<setcomp>', '<dictcomp>', '<genexpr>')


def suspends(code):
    """What must stay CPython's whatever the runner, or None."""
    for flag, what in SUSPENDS.items():
        if code.co_flags & flag:
            return 'a generator expression' if code.co_name == '<genexpr>' else what
    return None


def parameter_count(code):
    more = bool(code.co_flags & VARARGS) + bool(code.co_flags & VARKEYWORDS)
    return code.co_argcount + code.co_kwonlyargcount + more


def is_documented(code):
    if sys.version_info >= (3, 14):
        return bool(code.co_flags & DOCUMENTED)
    return bool(code.co_consts) and isinstance(code.co_consts[0], str)


@functools.cache
def template(positional, positional_only, keyword_only, varargs, varkeywords, free, documented):
    """The trampoline of a shape, with numbers for names."""
    names = [f'a{n:04}' for n in range(positional + keyword_only + varargs + varkeywords)]
    keywords_end = positional + keyword_only
    parameters = names[:positional]
    if positional_only:
        parameters.insert(positional_only, '/')
    if varargs:
        parameters.append('*' + names[keywords_end])
    elif keyword_only:
        parameters.append('*')
    parameters += names[positional:keywords_end]
    if varkeywords:
        parameters.append('**' + names[-1])
    # Sorted, as the compiler sorts them.
    closure = [f'f{n:04}' for n in range(free)]
    cells = f'(lambda: ({", ".join(closure)},)).__closure__' if closure else 'None'
    text = f'{DOCSTRING!r}; ' if documented else ''
    source = (f'def outer({", ".join(closure)}):\n'
              f' def trampoline({", ".join(parameters)}): {text}return {RUNNER!r}({", ".join([cells, *names])})\n')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', SyntaxWarning)
        module = compile(source, '<trampoline>', 'exec', dont_inherit=True)
    outer = next(item for item in module.co_consts if isinstance(item, types.CodeType))
    code = next(item for item in outer.co_consts if isinstance(item, types.CodeType))
    assert code.co_varnames == tuple(names) and code.co_freevars == tuple(closure)
    return code


def trampoline(code, runner):
    """The code object in the place of `code`."""
    shape = template(code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, bool(code.co_flags & VARARGS),
                     bool(code.co_flags & VARKEYWORDS), len(code.co_freevars), is_documented(code))
    constants = {RUNNER: runner, DOCSTRING: code.co_consts[0] if code.co_consts else None}
    return shape.replace(
        co_name=code.co_name, co_qualname=code.co_qualname, co_filename=code.co_filename,
        co_firstlineno=code.co_firstlineno, co_flags=code.co_flags, co_freevars=code.co_freevars,
        co_varnames=code.co_varnames[:parameter_count(code)],
        co_consts=tuple(constants.get(item, item) if isinstance(item, str) else item for item in shape.co_consts))


class Replacement:
    """Replaces functions by trampolines to the runners that `make_runner` gives for their code objects."""

    def __init__(self, make_runner):
        self.make_runner = make_runner
        # Code objects with their runners, and code objects with the reasons why they have none.
        self.replaced = []
        self.refused = []
        self.trampolines = {}

    def code(self, code, put_in=()):
        """The same code with trampolines in the place of functions, in it and, if it is one, of itself. `put_in`: constants
        to replace, by their text."""
        put_in = dict(put_in)
        constants = tuple(self.code(item, put_in) if isinstance(item, types.CodeType) else
                          put_in.get(item, item) if isinstance(item, str) else item for item in code.co_consts)
        code = code.replace(co_consts=constants)
        if not is_function(code):
            return code
        reason = suspends(code)
        if reason is None:
            try:
                runner = self.make_runner(code)
            except Refused as refused:
                reason = str(refused)
        if reason is not None:
            self.refused.append((code, reason))
            return code
        self.replaced.append((code, runner))
        made = trampoline(code, runner)
        self.trampolines[id(made)] = made
        return made

    def is_trampoline(self, code):
        return self.trampolines.get(id(code)) is code

    def function(self, function):
        """A function that runs in the place of this one; None where it is refused."""
        code = self.code(function.__code__)
        if not self.is_trampoline(code):
            return None
        made = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
        made.__kwdefaults__ = function.__kwdefaults__
        made.__qualname__ = function.__qualname__
        return made


class CountCalls(ast.NodeTransformer):
    """Makes the functions of these names and lines call a constant where they start."""

    def __init__(self, chosen):
        self.chosen = chosen

    def is_chosen(self, name, node):
        decorators = getattr(node, 'decorator_list', [])
        return (name, min([node.lineno, *(decorator.lineno for decorator in decorators)])) in self.chosen

    def call(self, node, *arguments, constant=COUNT):
        return ast.copy_location(ast.Call(ast.Constant(constant), list(arguments), []), node)

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        if self.is_chosen(node.name, node):
            statement = ast.copy_location(ast.Expr(self.call(node.body[0])), node.body[0])
            documented = ast.get_docstring(node, clean=False) is not None
            node.body.insert(int(documented), statement)
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node):
        self.generic_visit(node)
        if self.is_chosen('<lambda>', node):
            node.body = self.call(node.body, node.body)
        return node

    def visit_GeneratorExp(self, node):
        self.generic_visit(node)
        if self.is_chosen('<genexpr>', node):
            # Evaluated once for each generator, when it is made.
            iterable = node.generators[0].iter
            node.generators[0].iter = self.call(iterable, iterable, constant=COUNT_EXPRESSION)
        return node


class Counter:
    """Called with nothing or with a value, which it gives back."""

    def __init__(self):
        self.count = 0

    def __call__(self, value=None):
        self.count += 1
        return value


class Replaced:
    """A module whose functions are replaced; made once, however often the module is imported anew."""

    def __init__(self, source, path, make_runner):
        # Only to see which functions are refused.
        plain = Replacement(make_runner)
        with warnings.catch_warnings():
            # About calls of constants. Other warnings belong to the standard library.
            warnings.simplefilter('ignore', SyntaxWarning)
            plain.code(compile(source, path, 'exec', dont_inherit=True))
            chosen = {(code.co_name, code.co_firstlineno) for code, reason in plain.refused}
            tree = ast.fix_missing_locations(CountCalls(chosen).visit(ast.parse(source, path)))
            code = compile(tree, path, 'exec', dont_inherit=True)
        # How often refused functions were called, and generator expressions were made.
        self.calls_refused, self.expressions_refused = Counter(), Counter()
        self.replacement = Replacement(make_runner)
        self.code = self.replacement.code(code, {COUNT: self.calls_refused, COUNT_EXPRESSION: self.expressions_refused})
        instrumented = {(code.co_name, code.co_firstlineno) for code, reason in self.replacement.refused}
        assert instrumented == chosen, f'counting changed what is refused: {instrumented ^ chosen}'


class Loader(importlib.machinery.SourceFileLoader):
    """Loads a module with its functions replaced."""

    def __init__(self, name, path, finder):
        super().__init__(name, path)
        self.finder = finder

    def get_code(self, fullname):
        modules = self.finder.modules
        if fullname not in modules:
            path = self.get_filename(fullname)
            modules[fullname] = Replaced(self.get_data(path), path, self.finder.make_runner)
        return modules[fullname].code


class Finder(importlib.abc.MetaPathFinder):
    """Finds modules of these names before anybody else does."""

    def __init__(self, names, make_runner):
        self.names = frozenset(names)
        self.make_runner = make_runner
        self.modules = {}

    def find_spec(self, name, path=None, target=None):
        if name not in self.names:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            spec.loader = Loader(name, spec.origin, self)
        return spec

    def install(self):
        """Imports these modules with their functions replaced, now and when they are imported anew."""
        sys.meta_path.insert(0, self)
        for name in self.names:
            sys.modules.pop(name, None)
        for name in self.names:
            importlib.import_module(name)


def interpreter():
    """Makes runners of the interpreter of decoded bytecode."""
    import _interpreted

    def make_runner(code):
        runner = _interpreted.runner(code)
        if isinstance(runner, str):
            raise Refused(runner)
        return runner

    return make_runner


def through_cpython(code):
    """A runner that has CPython run the original: what trampolines change is all that is left to see."""

    def run(closure, *values):
        run.runs += 1
        caller = sys._getframe(1)
        function = types.FunctionType(code, caller.f_globals, closure=closure)
        positional, values = values[:code.co_argcount], values[code.co_argcount:]
        keywords, values = values[:code.co_kwonlyargcount], values[code.co_kwonlyargcount:]
        named = dict(zip(code.co_varnames[code.co_argcount:], keywords))
        if code.co_flags & VARARGS:
            positional += values[0]
        if code.co_flags & VARKEYWORDS:
            named.update(values[-1])
        del values, keywords
        return function(*positional, **named)

    run.runs = 0
    return run


def runs(runner):
    """How often a runner ran."""
    if isinstance(runner, types.FunctionType):
        return runner.runs
    import _interpreted

    return _interpreted.runs(runner)


RUNNERS = {'interpreter': interpreter, 'cpython': lambda: through_cpython}
