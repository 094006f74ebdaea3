"""Runs one of CPython's own suites twice, and compares the outcomes test by test: once unchanged, and once with the functions of
the pure-Python modules that it tests run in the interpreter of decoded bytecode.

    python3 stdlib_suites.py SUITE [--all] [--by-cpython]

The python is one with `_interpreted` built in. Fails if outcomes differ, or too little ran in the interpreter. `--all` also runs
tests that take minutes. `--by-cpython` has CPython run the functions, through the same trampolines, so that only the trampolines
make a difference.
"""

import collections
import os
import pickle
import subprocess
import sys
import tempfile
import time
import unittest

import trampolines
from outcomes import Outcomes

# The modules whose functions are replaced. The tests themselves block C accelerators.
MODULES = {
    'test_heapq': ['heapq'],
    'test_bisect': ['bisect'],
    'test_statistics': ['statistics'],
    'test_textwrap': ['textwrap'],
    'test_json': ['json', 'json.decoder', 'json.encoder', 'json.scanner', 'json.tool'],
    'test_decimal': ['_pydecimal'],
}
# Tests that notice that functions are replaced, by the end of their names, with the reason.
EXPLAINED = {}
# The least share of the functions, and of the calls; refused functions run in CPython.
LEAST_SHARE = 0.8
HANGS_AFTER = 1800


def tests_of(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from tests_of(test)
        else:
            yield test


def is_chosen(test):
    """Leaves out the tests of decimal's C implementation, `CFormatTest` beside `PyFormatTest`."""
    kind = type(test)
    return not (kind.__module__.endswith('test_decimal') and kind.__name__[0] == 'C' and kind.__name__[1].isupper())


def child(suite, mode, everything, path):
    """Runs the suite here, and writes outcomes and counts."""
    finder = None
    if mode != 'plain':
        finder = trampolines.Finder(MODULES[suite], trampolines.RUNNERS[mode]())
        finder.install()
    if not everything:
        from test import support

        # Leaves out long tests; those of `statistics` take minutes.
        support.use_resources = ['decimal']
    with open(path + '.progress', 'w') as progress:
        record = Outcomes(progress)
        tests = unittest.defaultTestLoader.loadTestsFromName(f'test.{suite}')
        unittest.TestSuite(test for test in tests_of(tests) if is_chosen(test)).run(record)
    counts = {name: counts_of(module) for name, module in finder.modules.items()} if finder else {}
    with open(path, 'wb') as out:
        pickle.dump((record.of_tests, counts), out)


def counts_of(module):
    """What was replaced and refused in a module, and how often each was called."""
    replaced, refused = module.replacement.replaced, module.replacement.refused
    functions = [runner for code, runner in replaced if not trampolines.is_comprehension(code)]
    return {
        'replaced': len(functions),
        'refused': dict(collections.Counter(reason for code, reason in refused if not trampolines.is_comprehension(code))),
        'expressions replaced': len(replaced) - len(functions),
        'expressions refused': sum(trampolines.is_comprehension(code) for code, _ in refused),
        'runs': sum(map(trampolines.runs, functions)),
        'calls refused': module.calls_refused.count,
        'expressions run': sum(trampolines.runs(runner) for code, runner in replaced if trampolines.is_comprehension(code)),
        'expressions not run': module.expressions_refused.count,
        'never ran': sum(trampolines.runs(runner) == 0 for runner in functions),
    }


def run(suite, mode, everything, folder):
    """What a child found; None where it crashed."""
    path = os.path.join(folder, mode)
    command = [sys.executable, os.path.abspath(__file__), '--child', suite, mode, str(int(everything)), path]
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, errors='replace', timeout=HANGS_AFTER, cwd=folder)
    print(f'{suite}, {mode}: {time.monotonic() - start:.1f} s')
    if done.returncode == 0:
        with open(path, 'rb') as results:
            return pickle.load(results)
    print(f'{mode}: exit code {done.returncode}', end='')
    if os.path.exists(path + '.progress'):
        with open(path + '.progress') as progress:
            print(f' in {progress.read()}')
    print(done.stderr[-5000:])
    return None


def share(part, whole):
    return f'{part} of {whole} ({100 * part / whole:.1f} %)' if whole else '0 of 0'


def report(counts):
    """Prints what ran where, and gives the shares of functions and of their calls."""
    totals = collections.Counter()
    for name, found in counts.items():
        refused = sum(found['refused'].values())
        print(f'  {name}: {share(found["replaced"], found["replaced"] + refused)} functions are interpreted, '
              f'{found["never ran"]} of which are never called; {share(found["runs"], found["runs"] + found["calls refused"])} '
              f'calls')
        for reason, count in sorted(found['refused'].items(), key=lambda item: -item[1]):
            print(f'    {count} refused: {reason}')
        # In 3.11 comprehensions are functions of their own.
        print(f'    {share(found["expressions replaced"], found["expressions replaced"] + found["expressions refused"])} '
              f'comprehensions and generator expressions, run '
              f'{share(found["expressions run"], found["expressions run"] + found["expressions not run"])} times')
        totals.update({name: count for name, count in found.items() if name != 'refused'}, refused=refused)
    functions, calls = totals['replaced'] + totals['refused'], totals['runs'] + totals['calls refused']
    everything = calls + totals['expressions run'] + totals['expressions not run']
    print(f'  in all: {share(totals["replaced"], functions)} functions, {share(totals["runs"], calls)} calls interpreted; '
          f'with comprehensions and generator expressions {share(totals["runs"] + totals["expressions run"], everything)}')
    return totals['replaced'] / max(functions, 1), totals['runs'] / max(calls, 1)


def differences(plain, interpreted):
    """The tests whose outcomes differ, as lines, but for those that are explained."""
    for test in sorted({*plain, *interpreted}):
        before, after = plain.get(test), interpreted.get(test)
        if before == after:
            continue
        reason = next((why for end, why in EXPLAINED.items() if test.partition(' ')[0].endswith(end)), None)
        if reason is not None:
            print(f'  explained: {test}: {reason}')
        else:
            texts = ['\n'.join(f'{kind} {text}' for kind, text in outcome or [('is absent', '')]) for outcome in (before, after)]
            yield f'  {test}\n    plain: {texts[0]}\n    interpreted: {texts[1]}'


def main(suite, everything, by):
    try:
        __import__(f'test.{suite}')
    except ImportError as error:
        print(f"{suite} is not run: this Python comes without CPython's tests ({error})")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        plain, interpreted = (run(suite, mode, everything, folder) for mode in ('plain', by))
    if plain is None or interpreted is None:
        return 1
    outcomes, counts = interpreted
    kinds = collections.Counter(kind for outcome in outcomes.values() for kind, _ in outcome)
    lines = list(differences(plain[0], outcomes))
    print(f'{suite} on {sys.version.split()[0]}: {len(outcomes)} tests,',
          ', '.join(f'{count} {kind}' for kind, count in kinds.items()), f'; {len(lines)} unexplained differences')
    print(*lines, sep='\n', end='\n' if lines else '')
    return 1 if lines or min(report(counts)) <= LEAST_SHARE else 0


if __name__ == '__main__':
    if sys.argv[1:2] == ['--child']:
        suite, mode, everything, path = sys.argv[2:]
        child(suite, mode, everything == '1', path)
    else:
        sys.exit(main(sys.argv[1], '--all' in sys.argv, 'cpython' if '--by-cpython' in sys.argv else 'interpreter'))
