"""Functions that nobody thought of: written at random, always the same ones. `CORPUS_SEED` gives others, `CORPUS_COUNT` more.

Every other one is a straight line, without loops and handlers of exceptions. Three of four are about one kind of values, so that
many of their calls get to the end; the others mix what does not go together.
"""

import linecache
import math
import os
import random
import warnings

from objects import *

SEED = int(os.environ.get('CORPUS_SEED', 0))
COUNT = int(os.environ.get('CORPUS_COUNT', 80))
CASES_EACH = 12
NAMES = ['a', 'b', 'c', 'x', 'y', 'TOTAL']


class Theme:
    """What functions are about: the values that they get, what they write down themselves, and how they go on with these.

    Products stay small: what is repeated would take all memory."""

    def __init__(self, values, constants, forms, in_place):
        self.values, self.constants, self.forms, self.in_place = values, constants, forms, in_place


ANYHOW = ['({} if {} else {})', '({} or {})', '({} and {})', 'note({})', 'note(*({},))', '(lambda u=c: u)()', 'min({}, {})', 'max({}, {})']
NUMBERS = Theme(
    ['0', '1', '-1', '3', 'True', '-7', '2**30', '2**62', '-2**63', '0.5', '0.0', '-0.0', '1.5', '-2.5', '1e300', 'Int(3)',
     'float("nan")', 'float("inf")'],
    ['0', '1', '2', '3', '(-1)', '2.5', '0.5', 'nan', '1e308'],
    [*['({} + {})', '({} - {})', '({} * {})'] * 4, '({} / 2)', '({} // 3)', '({} % 7)', '({} / {})', '({} // {})', '({} % {})',
     '({} < {})', '({} <= {})', '({} == {})', '({} != {})', '({} is {})', '({} < {} <= {})', 'abs({})', 'float({})', 'bool({})',
     'math.sqrt(abs({}))', 'math.hypot({}, {})', 'math.fabs({})', 'math.copysign({}, {})', 'math.atan2({}, {})', 'math.sqrt({})',
     'math.isnan({})', 'math.floor(1.5)', '({}).real', '(-{})', '(not {})', 'int({} == {})', 'math.tanh({})', *ANYHOW],
    ['+', '-', '*'])
TEXTS = Theme(
    ['"ab"', '"a b"', '"ä"', '""', '"\U0001f40d a"', 'Str("ab")', '"AB" * 40', '"12"'],
    ["'ab'", "''", "'ä'", "'%s'"],
    [*['({} + {})'] * 5, '({}).upper()', '({}).strip()', '({}).replace({}, {})', 'str({})', 'repr({})', '({})[1:]', '({})[-2:]',
     '({}).join(({}, {}))', '({}).center(5)', '({}).partition("a")[0]', 'str(len({}))', 'str({} < {})', 'str({} == {})', 'str({} in {})',
     'str(({}).startswith({}))', 'str(({}).find({}))', 'sorted([{}, {}])[0]', '({} * 2)', '"%s" % ({},)', 'f"{a}|{b!r:>4}"',
     'f"{x}{c:5}"', 'str(({}).encode())', 'str(({}).isdigit())', '({}).title()', '({}).split("a", maxsplit=1)[0]', *ANYHOW],
    ['+'])
LISTS = Theme(
    ['[1, 2]', '[]', 'List([1, 2])', '[None]', '["a", [1]]', '[2.5, 1]'],
    ['[]', '[1]', '[TOTAL]'],
    [*['[{}, {}]', '({} + {})'] * 3, 'list({})', '[*{}, {}]', '({})[1:]', '({})[:1]', '({}).copy()', 'list(reversed({}))', '[len({})]',
     '[{} == {}]', '[{} in {}]', '[*zip({}, {})]', 'list(dict(u={}, v={}))', '[({}).count({})]', '[({}).append({})]', '[*({}, {})]',
     '[({}, {})]', '[{{1: {}}}]', '[{{1: {}}}.get(1)]', '({})[-1:]', '[({}).extend({})]', '[tuple({})]', '[{} is {}]',
     '({} if {} else {})', '({} or {})', 'note({})', '(lambda u=c: u)()'],
    ['+'])
ANYTHING = Theme(
    [*(value for value in NUMBERS.values if value != '2**30'), *TEXTS.values, *LISTS.values, 'b"ab"', 'None', '(1, 2.5)', '{1: 2}', '{1, 2}', 'Float(2.5)', '2**64', 'Noisy()',
     'Raises()', 'Items(1, 2)', 'Reflected()'],
    [*NUMBERS.constants, *TEXTS.constants, 'None', 'True', '(1, 2)', "b'ab'"],
    [*NUMBERS.forms, *TEXTS.forms, *LISTS.forms, '({} & {})', '({} | {})', '({} ^ {})', '({} not in {})', '(~{})', '({})[{}]', '({})[{}:{}]',
     'isinstance({}, (int, str))', 'round({})', 'divmod({}, {})', 'dict(a={}, b={})', 'str({}, *())', 'no_such_name({})',
     '({}).hex()', '({}).keys()', '({}).pop()', '({}).name', '({}).__class__.__name__', '(*{}, {})', '{{**{}}}', '{{{}: {}}}', '{{{}, {}}}'],
    ['+', '-', '*', '/', '//', '%', '&', '|', '^'])
THEMES = [NUMBERS, TEXTS, LISTS, ANYTHING]
LOOPS = ['[u for u in {} if u]', '{{u: u for u in {}}}', 'any(u == {} for u in {})']


class Writer:
    """Writes one function."""

    def __init__(self, choices, theme, straight):
        self.choices = choices
        self.theme = theme
        self.straight = straight
        self.lines = []
        self.loops = 0
        # Loops in loops would double values until they take all memory.
        self.in_loop = False

    def expression(self, depth):
        pick = self.choices.choice
        if depth == 0 or self.choices.random() < 0.15:
            return pick([*NAMES, 'a', 'b', 'x', pick(self.theme.constants)])
        loops = LOOPS if self.theme in (LISTS, ANYTHING) and not self.straight else []
        form = pick([*self.theme.forms, *loops])
        if form.startswith('f"'):
            return form
        holes = form.replace('{{', '').replace('}}', '').count('{')
        return form.format(*(self.expression(depth - 1) for _ in range(holes)))

    def statements(self, indent, depth):
        for _ in range(self.choices.randint(1, 3)):
            self.statement(indent, depth)

    def line(self, indent, text):
        self.lines.append('    ' * indent + text)

    def statement(self, indent, depth):
        pick, e = self.choices.choice, self.expression
        simple = ['assign'] * 6 + ['in place'] * 3 + ['unpack', 'global', 'value']
        if self.theme is not NUMBERS:
            simple += ['star', 'return']
        if self.theme in (LISTS, ANYTHING):
            simple += ['item', 'attribute']
        loops = [] if self.in_loop else ['for', 'while']
        branches = ['if'] * 2 + ([] if self.straight else [*loops, 'try', 'finally', 'with', 'assert', 'raise'])
        kind = pick(simple + (branches if depth else []))
        if kind == 'assign':
            # A value that is added to itself again and again would take all memory.
            short = '[:50]' if self.theme in (TEXTS, LISTS) else ''
            self.line(indent, f'{pick("xyab")} = {e(3)}{short}')
        elif kind == 'in place':
            self.line(indent, f'{pick("xya")} {pick(self.theme.in_place)}= {e(2)}')
        elif kind == 'unpack':
            self.line(indent, f'x, y = {e(2)}, {e(1)}')
        elif kind == 'star':
            self.line(indent, f'x, *y = {e(2)}')
        elif kind == 'item':
            self.line(indent, f'{pick("xab")}[{e(1)}] = {e(2)}')
        elif kind == 'attribute':
            self.line(indent, f'{pick("xab")}.name = {e(1)}')
        elif kind == 'value':
            self.line(indent, e(3))
        elif kind == 'return':
            self.line(indent, f'return {e(2)}' if indent > 1 else f'y = {e(2)}')
        elif kind == 'global':
            self.line(indent, f'TOTAL = {e(2)}')
        elif kind == 'assert':
            self.line(indent, f'assert {e(2)}, {e(1)}')
        elif kind == 'raise':
            self.line(indent, pick([f'raise Trouble({e(1)})', f'raise Trouble({e(1)}) from {e(1)}', f'raise {e(1)}']))
        elif kind == 'if':
            self.line(indent, f'if {e(2)}:')
            self.statements(indent + 1, depth - 1)
            if self.choices.random() < 0.6:
                self.line(indent, 'else:')
                self.statements(indent + 1, depth - 1)
        elif kind == 'for':
            self.line(indent, f'for {pick(["x", "y", "x, y"])} in {pick(["range(2)", "(1, 2.5)", e(1), "((1, 2), (3, 4))"])}:')
            self.loop(indent, depth)
        elif kind == 'while':
            self.loops += 1
            self.line(indent, f'n{self.loops} = 0')
            self.line(indent, f'while n{self.loops} < 2:')
            self.line(indent + 1, f'n{self.loops} += 1')
            self.loop(indent, depth)
        elif kind == 'try':
            self.line(indent, 'try:')
            self.statements(indent + 1, depth - 1)
            self.line(indent, f'except {pick(["Trouble", "(TypeError, ValueError)", "Exception", e(1)])} as error:')
            self.line(indent + 1, 'note(type(error), str(error))')
            self.statements(indent + 1, depth - 1)
            if self.choices.random() < 0.3:
                self.line(indent, 'else:')
                self.statements(indent + 1, depth - 1)
        elif kind == 'finally':
            self.line(indent, 'try:')
            self.statements(indent + 1, depth - 1)
            self.line(indent, 'finally:')
            self.statements(indent + 1, depth - 1)
        elif kind == 'with':
            self.line(indent, f'with Manager(suppress={pick(["True", "False"])}) as x:')
            self.statements(indent + 1, depth - 1)

    def loop(self, indent, depth):
        self.in_loop = True
        self.statements(indent + 1, depth - 1)
        self.in_loop = False
        if self.choices.random() < 0.4:
            self.line(indent + 1, f'if {self.expression(1)}:')
            self.line(indent + 2, self.choices.choice(['break', 'continue']))
        if self.choices.random() < 0.3:
            self.line(indent, 'else:')
            self.statements(indent + 1, depth - 1)


def written(number):
    """The source of a function."""
    choices = random.Random(SEED * 1_000_003 + number)
    writer = Writer(choices, THEMES[number // 2 % 4], straight=number % 2 == 0)
    # On 3.11, which merges two loads, the line of an error for an unbound local differs between calls.
    writer.line(1, 'x, y = a, b')
    while len(writer.lines) < 6:
        writer.statement(1, 2)
    return '\n'.join([f'def generated_{number}(a, b, c=1):', '    global TOTAL', *writer.lines, '    return x, y, a, b', ''])


def cases(number):
    choices = random.Random(number)
    values = THEMES[number // 2 % 4].values
    return [', '.join(choices.choice(values) for _ in range(3)) for _ in range(CASES_EACH)]


TOTAL = 1
CASES = {}
for number in range(COUNT):
    source, name = written(number), f'<generated {number}>'
    linecache.cache[name] = len(source), None, source.splitlines(True), name
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', SyntaxWarning)
        exec(compile(source, name, 'exec'), globals())
    CASES[globals()[f'generated_{number}']] = cases(number)
