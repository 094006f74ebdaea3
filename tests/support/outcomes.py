"""What became of the tests of a suite, to be compared between two runs."""

import re
import unittest


class Outcomes(unittest.TestResult):
    """The outcomes of each test, `of_tests`, subtests included. `progress` is a file that names the test which runs."""

    def __init__(self, progress):
        super().__init__()
        self.progress = progress
        self.of_tests = {}

    def startTest(self, test):
        super().startTest(test)
        self.progress.seek(0)
        self.progress.truncate()
        self.progress.write(test.id())
        self.progress.flush()

    def note(self, test, kind, text=''):
        self.of_tests.setdefault(test.id(), []).append([kind, re.sub(r'0x[0-9a-fA-F]+', '0x…', text)])

    def addSuccess(self, test):
        self.note(test, 'passes')

    def addSkip(self, test, reason):
        self.note(test, 'is skipped', reason)

    def addFailure(self, test, error):
        self.note(test, 'fails', self.text(error, test))

    def addError(self, test, error):
        self.note(test, 'fails', self.text(error, test))

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.note(subtest, 'fails', self.text(error, test))

    def addExpectedFailure(self, test, error):
        self.note(test, 'fails as expected')

    def addUnexpectedSuccess(self, test):
        self.note(test, 'passes unexpectedly')

    def text(self, error, test):
        """How a failure is told from another."""
        return self._exc_info_to_string(error, test)
