"""Runs a program in each way and compares: CPython, the interpreter of decoded bytecode, code compiled without passes, with them,
and with a guard that never holds."""

import builtins
import gc
import math
import random
import sys
import types
import warnings

import typedcall_fuzz_observe as observe
import typedcall_fuzz_tree as tree
import typedcall_fuzz_world as world

warnings.simplefilter('ignore')
# Programs rebind builtins.
len = len
PLAIN = 'CPython'
WORLD = compile(world.SOURCE, '<fuzz world>', 'exec')
# The number of statements that are taken out of a program so that its first call does not raise.
TAMED = 8
# The number of guards of a program that are tried as ones that never hold.
GUARDS = 2


class Shared:
    """Modules that all programs share, as they are before a run."""

    def __init__(self):
        import typedcall_fuzz_typed

        self.dicts = [(vars(module), dict(vars(module))) for module in (builtins, math, typedcall_fuzz_typed)]

    def restore(self):
        for now, before in self.dicts:
            for name in now.keys() - before.keys():
                del now[name]
            for name, value in before.items():
                if now.get(name) is not value or name not in now:
                    now[name] = value


class Ways:
    """Makes implementations of a function with the module that the tool gives (`module.rs`)."""

    def __init__(self, tool, mistake=None, frames=False):
        self.tool = tool
        self.mistake = mistake
        # The interpreter has no frames that callees could look at.
        self.compared = ('compiled',) if mistake else (*(() if frames else ('interpreter',)), 'without passes', 'compiled', 'for types')

    def __call__(self, way, function, arguments):
        """A callable in the place of the function, and its number; a text if there is none, the reason. `arguments` are those of
        the first call, for whose types code is made."""
        if way == PLAIN:
            return function, None
        if way == 'interpreter':
            return self.tool.interpreted(function)
        if way == 'without passes':
            return self.tool.compiled(function, False, None, None, '')
        if way == 'compiled':
            return self.tool.compiled(function, True, None, self.mistake, '')
        types = ' '.join(type(argument).__name__ for argument in arguments)
        if way == 'for types':
            return self.tool.compiled(function, True, None, None, types)
        number = int(way.rpartition(' ')[2])
        return self.tool.compiled(function, True, number, None, types if number % 2 else '')


class Outcome:
    """What came of a program: differences, and what it was like."""

    def __init__(self):
        self.skipped = None
        self.differences = []
        self.facts = {}


class Comparison:
    def __init__(self, ways, progress=lambda way: None):
        self.ways, self.progress = ways, progress
        self.shared = Shared()

    def run(self, code, cases, way):
        """What can be seen of each call, and the number of the implementation; or the reason why there is none."""
        self.progress(way)
        observer = observe.Observer()
        names = {'__name__': 'fuzz', '__builtins__': builtins, 'note': observer.note}
        exec(WORLD, names)
        made = number = None
        try:
            exec(code, names)
            made = self.ways(way, names['f'], [eval(argument, names) for argument in cases[0]])
            if isinstance(made, str):
                return made, None
            function, number = made
            found = []
            for case in cases:
                arguments = [eval(argument, names) for argument in case]
                found.append(observer.call(function, arguments, names))
                self.reset_between(names)
            return found, number
        finally:
            self.shared.restore()
            names.clear()

    def reset_between(self, names):
        """Keeps what grows from call to call small."""
        for name in ('K', 'D'):
            if name in names and len(names[name]) > 20:
                names[name].clear()

    def tame(self, program):
        """Takes the statements out that keep the first call from returning; the result is their lines, in order."""
        lines = []
        while len(lines) < TAMED:
            try:
                found, _ = self.run(*self.compiled(program.source(), program.arguments()[:1]), PLAIN)
            except Exception:
                break
            (how, described), = [seen['outcome'] for seen in found]
            places = [entry[1] for entry in described[4] if entry[0].endswith('f')] if how == 'raises' else []
            if not places or not isinstance(places[0], int) or not tree.remove_at(program.statements, places[0]):
                break
            lines.append(places[0])
        return lines

    def compiled(self, source, arguments):
        code = compile(source, observe.PROGRAM, 'exec')
        return code, [[compile(argument, '<fuzz argument>', 'eval') for argument in case] for case in arguments]

    def program(self, source, arguments, seed):
        """Compares all ways to run a program."""
        outcome = Outcome()
        try:
            code, cases = self.compiled(source, arguments)
        except (SyntaxError, ValueError) as error:
            outcome.skipped = f'no Python: {error}'
            return outcome
        gc.disable()
        try:
            try:
                expected, _ = self.run(code, cases, PLAIN)
            except Exception as error:
                outcome.skipped = f'{type(error).__name__}: {error}'
                return outcome
            if 'MemoryError' in str(expected) or 'RecursionError' in str(expected):
                outcome.skipped = 'it takes too much'
                return outcome
            raising = sum(seen['outcome'][0] == 'raises' for seen in expected)
            caught = any(entry[:1] == ['caught'] for seen in expected for entry in seen['log'])
            facts = outcome.facts = {'calls': len(cases), 'raising': raising, 'raises': bool(raising) or caught}
            guards = 0
            for way in self.ways.compared:
                found, number = self.run(code, cases, way)
                self.differ(outcome, way, expected, found)
                if way == 'compiled':
                    facts['refused'] = found if isinstance(found, str) else None
                    if number is not None:
                        facts['exits'], facts['broken'], guards = self.ways.tool.facts(number)
            if guards and self.ways.mistake is None:
                choose = random.Random(seed).random
                for number in sorted({int(choose() * guards) for _ in range(GUARDS)}):
                    way = f'leaving at guard {number}'
                    found, made = self.run(code, cases, way)
                    if made is not None:
                        self.differ(outcome, way, expected, found)
        finally:
            gc.enable()
            self.ways.tool.forget()
        return outcome

    def differ(self, outcome, way, expected, found):
        if isinstance(found, str):
            return
        for call, (right, wrong) in enumerate(zip(expected, found)):
            for aspect, value in right.items():
                if wrong[aspect] != value:
                    outcome.differences.append((way, call, aspect, *first_difference(value, wrong[aspect])))
            if any(difference[0] == way for difference in outcome.differences):
                # What follows may come of it.
                return


def first_difference(right, wrong, path=''):
    """The innermost parts that differ, as text."""
    same = type(right) is type(wrong) and isinstance(right, (list, tuple))
    if same and len(right) == len(wrong):
        for index, (one, other) in enumerate(zip(right, wrong)):
            if one != other:
                return first_difference(one, other, f'{path}[{index}]')
    return path, repr(right)[:300], repr(wrong)[:300]
