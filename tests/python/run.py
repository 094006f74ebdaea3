"""Runs the tests without pytest: every `test_*` function of the files named, or of all, in the order of their files.

    python run.py [FILE...]
"""

import importlib
import os
import sys
import time
import traceback
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


def run_file(name):
    """The names of the tests of a module that fail, after running them."""
    failed = []
    counts = {'passed': 0, 'skipped': 0}
    start = time.perf_counter()
    try:
        module = importlib.import_module(name)
        tests = [(key, value) for key, value in vars(module).items() if key.startswith('test_') and callable(value)]
    except unittest.SkipTest as reason:
        print(f'{name}: skipped: {reason}')
        return []
    for key, test in tests:
        try:
            test()
            counts['passed'] += 1
        except unittest.SkipTest as reason:
            counts['skipped'] += 1
            print(f'{name}.{key}: skipped: {reason}')
        except Exception:
            failed.append(f'{name}.{key}')
            print(f'{name}.{key}: FAILED')
            traceback.print_exc(file=sys.stdout)
    seconds = time.perf_counter() - start
    print(f"{name}: {counts['passed']} passed, {len(failed)} failed, {counts['skipped']} skipped, {seconds:.1f} s",
          flush=True)
    return failed


def run(files):
    names = [os.path.basename(file).removesuffix('.py') for file in files]
    if not names:
        names = sorted(file.removesuffix('.py') for file in os.listdir(HERE)
                       if file.startswith('test_') and file.endswith('.py'))
    failed = [test for name in names for test in run_file(name)]
    print(f'{len(failed)} failed', *failed, sep='\n  ')
    return failed


if __name__ == '__main__':
    sys.path.insert(0, HERE)
    sys.exit(bool(run(sys.argv[1:])))
