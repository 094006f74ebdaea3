"""Compares the functions of a file of the corpus: `run.py FILE [cpython]`. By default it compares CPython with the interpreter
of decoded bytecode and with compiled code. With `cpython` it compares CPython with itself, through the same trampolines, which
shows that the comparison itself makes no difference."""

import importlib
import os
import sys
import types

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(os.path.dirname(here), 'support')]

import compare
import trampolines

# The number of guards of a function that are tried; none of large functions, which take long to compile.
GUARDS, LARGE = 12, 2000


class Compiled:
    """Makes implementations of functions that are compiled."""

    def __init__(self):
        self.trampolines = []
        self.runners = []
        # Compiled functions, their guards, and the reasons for the others.
        self.compiled = self.guards = 0
        self.refused = []

    def hidden(self, code):
        return any(code is known for known in self.trampolines)

    def make(self, function, passes, leave_at=None):
        """A function that runs in the place of this one, or why there is none."""
        import _compiled

        runner = _compiled.runner(function, passes, leave_at)
        if isinstance(runner, str):
            return runner
        self.runners.append(runner)
        code = trampolines.trampoline(function.__code__, runner)
        self.trampolines.append(code)
        made = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
        made.__kwdefaults__ = function.__kwdefaults__
        made.__qualname__ = function.__qualname__
        return made

    def exits(self):
        """How often compiled code left for the interpreter."""
        import _compiled

        return sum(map(_compiled.exits, self.runners))

    def implementations(self, function):
        """By name: without passes, with them, and with each guard as one that never holds."""
        made = self.make(function, True)
        if isinstance(made, str):
            self.refused.append(made)
            return {}
        self.compiled += 1
        plain = self.make(function, False)
        if isinstance(plain, str):
            self.refused.append(f'{plain}, without passes')
            return {}
        found = {'compiled without passes': plain, 'compiled': made}
        for guard in range(GUARDS if len(function.__code__.co_code) < LARGE else 0):
            leaving = self.make(function, True, guard)
            if isinstance(leaving, str):
                break
            self.guards += 1
            found[f'compiled, leaving at guard {guard}'] = leaving
        return found


def main(path, by='interpreter'):
    name = os.path.splitext(os.path.basename(path))[0]
    module = importlib.import_module(name)
    replacement = trampolines.Replacement(trampolines.RUNNERS[by]())

    compiled = Compiled()

    def hidden(code):
        return replacement.is_trampoline(code) or compiled.hidden(code) or code.co_filename == trampolines.__file__

    def implementations(function):
        found = {'CPython': function, by: replacement.function(function)}
        return found if by == 'cpython' else found | compiled.implementations(function)

    report = compare.compare(module, implementations, hidden)
    for difference in report.differences:
        print(difference)
    # The corpus may contain refused code only for generators and classes inside functions, and for looking at the own
    # frame.
    reasons = {reason for code, reason in replacement.refused} - {'a generator', 'a generator expression'}
    uncompiled = [reason for reason in compiled.refused if 'looks at the frame of the function' not in reason]
    wrong = [*report.refused, *sorted(reasons), *uncompiled]
    print(f'{report.functions} functions, {report.calls} calls, {report.exceptions} exceptions, '
          f'{len(replacement.replaced)} code objects, {compiled.compiled} compiled, '
          f'{compiled.guards} guards, {compiled.exits() if compiled.runners else 0} exits, {len(report.failed)} functions differ: {", ".join(report.failed)}')
    for reason in wrong:
        print(f'refused: {reason}')
    return 1 if report.failed or wrong else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
