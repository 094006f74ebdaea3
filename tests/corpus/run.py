"""Compares a file of the corpus: `run.py FILE [cpython]`. By default CPython with the interpreter of decoded bytecode; with
`cpython` with itself behind the same trampolines, which shows that the comparison itself sees no difference."""

import importlib
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(os.path.dirname(here), 'support')]

import compare
import trampolines


def main(path, by='interpreter'):
    name = os.path.splitext(os.path.basename(path))[0]
    module = importlib.import_module(name)
    replacement = trampolines.Replacement(trampolines.RUNNERS[by]())

    def hidden(code):
        return replacement.is_trampoline(code) or code.co_filename == trampolines.__file__

    report = compare.compare(module, {'CPython': lambda function: function, by: replacement.function}, hidden)
    for difference in report.differences:
        print(difference)
    # Nothing of the corpus may be refused but generators and classes inside of the functions.
    reasons = {reason for code, reason in replacement.refused} - {'a generator', 'a generator expression'}
    wrong = [*report.refused, *sorted(reasons)]
    print(f'{report.functions} functions, {report.calls} calls, {report.exceptions} exceptions, '
          f'{len(replacement.replaced)} code objects, {len(report.failed)} functions differ: {", ".join(report.failed)}')
    for reason in wrong:
        print(f'refused: {reason}')
    return 1 if report.failed or wrong else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
