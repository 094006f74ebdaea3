"""Runs CPython's own tests of ctypes, plain and with every foreign function specialized, and compares them one by one.

    python ctypes_suite.py [--verbose]

There are five runs, each in a process of its own: plain; with the harness alone (see ctypes_harness.py), whose
differences from plain are the harness's own; specialized; stale, in which a stub is made before a function has its
prototype; and installed: plain, but with ctypes' own functions (memmove, cast and so on) replaced by
`typedcall.install`. The exit code is 1 if a test has another outcome than without stubs and is not in `EXPLAINED`.
"""

import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, 'support'))

from outcomes import Outcomes  # noqa: E402

SUITE = 'test.test_ctypes' if sys.version_info >= (3, 12) else 'ctypes.test'

# Tests that notice the harness, by the end of their names (without parameters of a subtest).
HARNESS = {
    'test_frombuffer.Test.test_abstract': 'the class in the place of CFuncPtr is not abstract',
    'CFuncPtrTestCase.test_inheritance_hierarchy': 'the harness puts a subclass in the place of CFuncPtr',
    'CFuncPtrTestCase.test_type_flags': 'a class of Python is not immutable',
}
# Tests that notice specialized functions.
EXPLAINED = {}


class Failures(Outcomes):
    """Failures are told by their exception: tracebacks of the harness and of plain ctypes differ."""

    def text(self, error, test):
        return f'{error[0].__name__}: {error[1]}'


def child(mode, path):
    import ctypes_harness

    if mode == 'installed':
        import ctypes
        import typedcall

        assert {'memmove', 'memset', '_cast'} <= set(typedcall.install(ctypes))
    elif mode != 'plain':
        ctypes_harness.install(mode)
    with open(path + '.progress', 'w') as progress:
        record = Failures(progress)
        unittest.defaultTestLoader.loadTestsFromName(SUITE).run(record)
    stats = None
    if 'typedcall' in sys.modules:
        stats = sys.modules['typedcall'].stats()
    with open(path, 'w') as out:
        json.dump({'outcomes': record.of_tests, 'tally': ctypes_harness.tally.as_dict(), 'stats': stats}, out)


def run(mode, folder):
    """The outcomes of a run, and what else the child wrote; None for one that crashed."""
    path = os.path.join(folder, mode)
    command = [sys.executable, os.path.abspath(__file__), '--child', mode, path]
    done = subprocess.run(command, capture_output=True, text=True, errors='replace')
    if done.returncode == 0:
        with open(path) as results:
            return json.load(results)
    print(f'{mode}: exit code {done.returncode}', end='')
    if os.path.exists(path + '.progress'):
        with open(path + '.progress') as progress:
            print(f' in {progress.read()}')
    print(done.stderr[-3000:])
    return None


def differences(before, after, explained):
    """The tests whose outcomes differ, as lines, but for those that are explained."""
    lines = []
    for test in sorted({*before, *after}):
        name = test.partition(' ')[0]
        old, new = before.get(test), after.get(test)
        if old == new:
            continue
        reason = next((why for end, why in explained.items() if name.endswith(end)), None)
        if reason is not None:
            print(f'  explained: {test}: {reason}')
        else:
            lines.append(f'  {test}\n    before: {old}\n    after:  {new}')
    return lines


def share(part, whole):
    return f'{part} of {whole} ({100 * part / whole:.1f} %)' if whole else '0 of 0'


def kind_of(reason):
    """A reason without the names in it: those of the function, its types, the number of an argument."""
    reason = reason.partition(': ')[2] or reason
    reason = re.sub(r'^argument \d+: ', 'an argument: ', reason)
    reason = re.sub(r'\S+ is passed', '… is passed', reason)
    return re.sub(r'its restype, [^,]*,', 'its restype, …,', reason)


def report(mode, results):
    tally = results['tally']
    reasons = collections.Counter()
    for reason, count in tally['reasons'].items():
        reasons[kind_of(reason)] += count
    callbacks = sum(count for reason, count in reasons.items() if 'callback' in reason)
    print(f"{mode}: {tally['created']} foreign functions were created, {tally['called']} prototypes called")
    print(f"  specialized: {share(tally['specialized'], tally['called'])} of the prototypes called, and "
          f"{share(tally['specialized'], tally['called'] - callbacks)} of those that are no callbacks of Python's")
    print(f"  calls through stubs: {share(tally['stub_calls'], tally['calls'])}")
    for reason, count in reasons.most_common():
        print(f'  {count:5} not specialized: {reason}')


def main():
    failed = False
    print(f'{SUITE} on {sys.version.split()[0]}')
    with tempfile.TemporaryDirectory() as folder:
        runs = {mode: run(mode, folder) for mode in ('plain', 'harness', 'specialized', 'stale', 'installed')}
    for before, after, explained in (('plain', 'harness', HARNESS), ('harness', 'specialized', EXPLAINED),
                                     ('harness', 'stale', EXPLAINED), ('plain', 'installed', EXPLAINED)):
        if runs[before] is None or runs[after] is None:
            failed = True
            continue
        print(f"{before} against {after}: {len(runs[after]['outcomes'])} tests")
        lines = differences(runs[before]['outcomes'], runs[after]['outcomes'], explained)
        print(f'  {len(lines)} unexplained differences')
        print(*lines, sep='\n', end='\n' if lines else '')
        failed = failed or bool(lines)
    for mode in ('specialized', 'stale', 'installed'):
        if runs[mode] is not None:
            if mode != 'installed':
                report(mode, runs[mode])
            stats = runs[mode]['stats']
            print(f"{mode}: hits: {stats['hits']}, fallbacks: {stats['fallbacks']}")
            # If nothing was specialized, nothing was tested.
            failed = failed or stats['hits'] == 0
    return 1 if failed else 0


if __name__ == '__main__':
    if sys.argv[1:2] == ['--child']:
        child(*sys.argv[2:4])
    else:
        sys.exit(main())
