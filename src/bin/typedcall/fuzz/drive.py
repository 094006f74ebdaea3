"""Runs programs in processes of their own, some at a time, so that a crash or a hang is a finding too; makes those that fail
smaller; counts what programs were like."""

import collections
import json
import os
import selectors
import signal
import sys
import tempfile
import time

import typedcall_fuzz_compare as compare
import typedcall_fuzz_generate as generate
import typedcall_fuzz_tree as tree

# Programs in a process; seconds without a sign of life after which a process is ended.
BATCH = 12
SHARES = {'loops': 'have loops', 'exits': 'take exits', 'raises': 'raise', 'invalid': 'break assumptions'}


class Child:
    """A process that runs programs and reports in lines of JSON."""

    def __init__(self, programs, ways, patience, tame=False):
        self.patience = patience
        self.errors = tempfile.TemporaryFile()
        self.last = {'number': None, 'way': None}
        self.waiting = b''
        reading, writing = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            self.work(programs, ways, writing, tame)
        os.close(writing)
        self.reading = reading
        self.deadline = time.monotonic() + patience

    def work(self, programs, ways, writing, tame):
        try:
            import faulthandler

            os.dup2(self.errors.fileno(), 2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            faulthandler.enable()
            import resource

            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))

            def report(**what):
                os.write(writing, json.dumps(what).encode() + b'\n')

            for number, program in programs:
                comparison = compare.Comparison(ways, lambda way: report(way=way, number=number))
                if tame:
                    report(tamed=number, lines=comparison.tame(program))
                outcome = comparison.program(program.source(), program.arguments(), number)
                report(done=number, differences=outcome.differences, facts=outcome.facts, skipped=outcome.skipped)
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(70)

    def read(self):
        """The reports that have arrived; None at the end."""
        data = os.read(self.reading, 1 << 16)
        self.deadline = time.monotonic() + self.patience
        if not data:
            return None
        *lines, self.waiting = (self.waiting + data).split(b'\n')
        reports = [json.loads(line) for line in lines]
        for report in reports:
            if 'way' in report:
                self.last = report
        return reports

    def end(self, kill=False):
        """What became of it: None if it ended well."""
        if kill:
            # Its faulthandler says where it is.
            os.kill(self.pid, signal.SIGABRT)
            time.sleep(1)
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.reading)
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self.errors.seek(0)
        words = self.errors.read().decode(errors='replace').strip().splitlines()
        self.errors.close()
        panic = next((index for index, line in enumerate(words) if 'panicked at' in line), None)
        words = words[-25:] if panic is None else words[panic:panic + 40]
        if kill:
            return f'no end after {self.patience:.0f} s', words
        if code < 0:
            return f'crashes with {signal.Signals(-code).name}', words
        if code > 0:
            return f'ends with status {code}', words
        return None


class Findings:
    """What was found, by program."""

    def __init__(self):
        self.programs = 0
        self.facts = collections.Counter()
        self.reasons = collections.Counter()
        self.slow = 0
        self.found = []

    def add(self, number, program, outcome):
        facts = outcome['facts']
        self.programs += 1
        if outcome['skipped']:
            self.facts['skipped'] += 1
            self.reasons[outcome['skipped'][:60]] += 1
            return
        self.facts['calls'] += facts['calls']
        self.facts['raises'] += facts['raises']
        self.facts['calls raise'] += facts['raising']
        if any(str(clause.header).startswith(('for', 'while')) for statement in program.statements_within() for clause in statement.clauses):
            self.facts['loops'] += 1
        if facts.get('refused') is None and 'exits' in facts:
            self.facts['compiled'] += 1
            self.facts['calls compiled'] += facts['calls']
            self.facts['exits taken'] += facts['exits']
            self.facts['exits'] += bool(facts['exits'])
            self.facts['invalid'] += bool(facts['broken'])
        else:
            self.reasons[(facts.get('refused') or 'no reason')[-70:]] += 1

    def share(self, name):
        compared = self.programs - self.facts['skipped']
        return 100 * self.facts[name] / compared if compared else 0

    def summary(self):
        compared = self.programs - self.facts['skipped']
        shares = ', '.join(f'{self.share(name):.0f} % {words}' for name, words in SHARES.items())
        return (f'{self.programs} programs, {compared} compared, {self.facts["calls"]} calls, of which {self.facts["calls raise"]} raise; {self.share("compiled"):.0f} % compiled, '
                f'{self.facts["calls compiled"]} calls of compiled code, {self.facts["exits taken"]} exits taken; {shares}')


class Driver:
    def __init__(self, tool, options, out):
        self.options, self.out = options, out
        self.ways = compare.Ways(tool, options['mistake'], options['frames'])
        self.findings = Findings()
        self.patience = options['patience']

    def say(self, text=''):
        self.out(text + '\n')

    def programs(self):
        """The numbers of the programs, in batches, until count or time is used up."""
        number, end = self.options['seed'], time.monotonic() + (1e9 if self.options['seconds'] is None else self.options['seconds'])
        last = None if self.options['count'] is None else number + self.options['count']
        while (last is None or number < last) and time.monotonic() < end and len(self.findings.found) < self.options['findings']:
            # A mistake ends the search.
            size = 3 if self.options['mistake'] else BATCH
            size = size if last is None else min(size, last - number)
            yield [(each, generate.program(each, self.options['frames'])) for each in range(number, number + size)]
            number += size

    def run(self):
        selector = selectors.DefaultSelector()
        batches, waiting, active = self.programs(), [], {}
        more = True
        while more or waiting or active:
            while len(active) < self.options['jobs'] and (more or waiting):
                batch = waiting.pop() if waiting else next(batches, None)
                if batch is None:
                    more = False
                    break
                child = Child(batch, self.ways, self.patience, tame=True)
                active[child.reading] = child, batch, []
                selector.register(child.reading, selectors.EVENT_READ)
            for key, _ in selector.select(1.0):
                child, batch, done = active[key.fd]
                reports = child.read()
                for report in reports or ():
                    if 'tamed' in report:
                        for line in report['lines']:
                            tree.remove_at(dict(batch)[report['tamed']].statements, line)
                    if 'done' in report:
                        done.append(report['done'])
                        self.finished(report, dict(batch)[report['done']])
                if reports is None:
                    self.ended(selector, active, key.fd, waiting, False)
            for fd in [fd for fd, (child, _, _) in active.items() if time.monotonic() > child.deadline]:
                self.ended(selector, active, fd, waiting, True)
        return self.findings

    def finished(self, report, program):
        self.findings.add(report['done'], program, report)
        if report['differences']:
            self.found(report['done'], program, report['differences'])

    def ended(self, selector, active, fd, waiting, kill):
        child, batch, done = active.pop(fd)
        selector.unregister(fd)
        problem = child.end(kill)
        if problem is None:
            return
        what, words = problem
        number, way = child.last['number'], child.last['way']
        left = [(each, program) for each, program in batch if each not in done and each != number]
        if left:
            waiting.append(left)
        if way == compare.PLAIN or number is None:
            self.findings.slow += 1
            self.say(f'program {number} {what} in CPython: left out\n  ' + '\n  '.join(words[-5:]))
            return
        self.findings.programs += 1
        self.findings.facts['skipped'] += 1
        self.found(number, dict(batch)[number], [(way, 0, what, '', '', '\n  '.join(words))])

    def found(self, number, program, differences):
        self.findings.found.append((number, differences))
        self.say(f'\nprogram {number}: {kind_of(differences)}')
        if self.options['shrink']:
            before = len(program)
            end = time.monotonic() + self.options['shrink']
            kinds = {kind_of([difference]) for difference in differences}
            smaller = lambda: any(kind_of([each]) in kinds for each in self.differences_of(number, program))
            tree.make_smaller(program, lambda _: smaller(), lambda: time.monotonic() < end)
            differences = self.differences_of(number, program) or differences
            self.say(f'made smaller, from {before} lines to {len(program)}:')
        for line in program.source().splitlines():
            self.say('    ' + line)
        for case in program.arguments():
            self.say(f'    f({", ".join(case)})')
        for way, call, aspect, path, right, wrong in differences[:4]:
            self.say(f'  {way}, call {call + 1}: {aspect}{path}\n    CPython: {right}\n    here:    {wrong}')
        self.say(f'again: typedcall fuzz --seed {number} --count 1' + (' --frames' if self.options['frames'] else ''))

    def differences_of(self, number, program):
        """Runs one program in a process of its own."""
        child = Child([(number, program)], self.ways, min(self.patience, 10))
        found = []
        while True:
            ready = selectors.select.select([child.reading], [], [], max(0, child.deadline - time.monotonic()))[0] if hasattr(selectors, 'select') else [1]
            if not ready:
                what, words = child.end(True)
                break
            reports = child.read()
            if reports is None:
                problem = child.end()
                if problem is None:
                    return found
                what, words = problem
                break
            for report in reports:
                if 'done' in report:
                    found += report['differences']
        if child.last['way'] in (compare.PLAIN, None):
            return []
        return [(child.last['way'], 0, what, '', '', '\n  '.join(words))]


def kind_of(differences):
    """The way and what differs, without the number of a guard."""
    way, _, aspect, *_ = differences[0]
    return f'{way.rstrip("0123456789").strip()}: {aspect}'


def main(tool, options, out):
    """Fuzzes as the options say; the result is the number of programs that fail."""
    driver = Driver(tool, options, out)
    if options['show']:
        program = generate.program(options['seed'], options['frames'])
        out(program.source() + ''.join(f'f({", ".join(case)})\n' for case in program.arguments()))
        return 0
    start = time.monotonic()
    findings = driver.run()
    driver.say(f'{findings.summary()}; {time.monotonic() - start:.0f} s')
    if options['reasons']:
        for reason, count in findings.reasons.most_common(12):
            driver.say(f'  {count} times: {reason}')
    driver.say(f'{len(findings.found)} programs fail{": " if findings.found else ""}' + ', '.join(str(number) for number, _ in findings.found))
    return len(findings.found)
