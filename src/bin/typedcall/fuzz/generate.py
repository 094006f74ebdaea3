"""Writes random programs: `program(number)` gives the same one on each version of Python.

A program defines the function `f(a, b, c)`, which is compiled, and what it calls. Its run time is bounded: loops are short,
and in a loop no value grows by more than a constant in each round: an expression there uses at most one variable that may have
come from the round before (`carried`), and never multiplies it by more than a small number.
"""

import random

from typedcall_fuzz_tree import Clause, Expression as E, Program, Statement, simple

NUMBERS, TEXTS, LISTS, ANYTHING = 'numbers', 'texts', 'lists', 'anything'
THEMES = (NUMBERS, NUMBERS, NUMBERS, NUMBERS, TEXTS, LISTS, ANYTHING)
ARGUMENTS = {
    NUMBERS: ['0', '1', '2', '-1', '3', '7', '5', '300', 'True', '2**30', '2**62', '2**63 - 1', '-2**63', '2**64', '0.5', '0.0', '-0.0',
              '1.5', '-2.5', '1e300', 'nan', 'inf'],
    TEXTS: ['"ab"', '"a b"', '"ä"', '""', '"\\U0001f40d a"', 'Str("ab")', '"AB" * 20', '"12"', '"x,y"'],
    LISTS: ['[1, 2]', '[]', 'List([1, 2])', '[None]', '["a", [1]]', '[2.5, 1]', '(1, 2)', '{1: 2}', '[Point(1)]'],
}
ODD = ['None', 'Int(3)', 'Float(2.5)', 'Noisy()', 'Noisy(False)', 'Raises()', 'Reflected()', 'Point(1, 2)', 'Slots(3)', 'Other(4)']
ARGUMENTS[ANYTHING] = ARGUMENTS[NUMBERS] + ARGUMENTS[TEXTS] + ARGUMENTS[LISTS] + ODD + ['b"ab"', '{1, 2}', 'Point', 'len', 'Base']
CONSTANTS = {
    NUMBERS: ['0', '1', '2', '3', '-1', '7', '2.5', '0.5', '-0.0', 'True', '2**31', '2**62', '9223372036854775807', '1e308', '1.0'],
    TEXTS: ["'a'", "''", "'ä'", "'b '", "'%s'"],
    LISTS: ['[]', '[1]', '()', '(1, 2)', 'dict()', 'None'],
}
CONSTANTS[ANYTHING] = CONSTANTS[NUMBERS] + CONSTANTS[TEXTS] + CONSTANTS[LISTS]
# The holes: `c` may be carried, `n` is not, `s` is a small number, `i` an int, mostly.
FORMS = {
    NUMBERS: [
        *['({c} + {n})', '({c} - {n})', '({n} + {c})', '({n} - {c})', '({c} + {s})', '({c} - 1)'] * 4, *['({n} * {n})', '({c} * 3)', '({c} * 0.5)'] * 2,
        '({n} / 2)', '({c} // 3)', '({c} % 7)', '(-{c})', '(+{c})', '(not {c})', 'abs({c})', 'float({n})', 'bool({c})', 'min({c}, {n})',
        'max({n}, {c})', 'math.sqrt(abs({s}))', 'math.hypot({n}, {s})', 'math.fabs({n})', 'math.copysign({s}, {n})', 'math.isnan({n})',
        'len(str({n}))', '({n}).real', 'isinstance({n}, int)', '({s} << 3)', '({s} & 5)', '({s} ** 2)', '({c} / 4)', '(({s} * {s}) + {c})'],
    TEXTS: [
        *["({c} + 'a')", "('b' + {c})", '({n} + {n})'] * 3, '({c}).upper()', '({c}).strip()', "({c}).replace('a', 'b')", 'str({c})',
        'repr({n})', '({c})[1:]', '({c})[-2:]', "({c}).join(('a', 'b'))", '({n}).center(7)', '({c}).partition("a")[0]', 'str(len({c}))',
        'str({n} < {n})', 'str({n} == {n})', 'str({n} in {n})', 'str(({n}).startswith({n}))', 'str(({n}).find({n}))', 'sorted([{n}, {n}])[0]',
        '"%s" % ({c},)', "f'{a}|{b!r:>4}'", "f'{b}{a:5}'", '({n}).title()', '({n}).split("a", maxsplit=1)[0]', 'str(m.size({n}))',
        "','.join([u for u in {n}])"],
    LISTS: [
        *['[{c}, {n}]', '([{s}] + list({n}))', '[*{n}, {n}]'] * 2, 'list({n})', '[*{c}][1:]', '[len({c})]', '[{n} == {n}]', '[{s} in {n}]',
        '[*zip({n}, {n})]', 'dict(u={c}, v={n})', '{1: {c}}', '[{1: {c}}.get({s})]', '[tuple({n})]', '[{n} is {n}]', '[u for u in {n}]',
        '[u for u in {n} if u]', '{u: {n} for u in (1, 2)}', '[(u, v) for u in {n} for v in (1, 2)]', '[[u, v] for u, v in enumerate({n})]',
        '[any(u for u in {n})]', 'list(reversed([*{n}]))'],
}
# These raise for many arguments.
RISKY = {
    NUMBERS: [
        '(({c} % 1009) * {n})', '({c} / {n})', '({c} // {n})', '({c} % {n})', '({c} << 3)', '({c} >> 1)', '({n} & {c})', '({n} ^ {c})',
        '({n} | {c})', 'int({c})', 'math.sqrt({c})', 'math.floor({n})', 'divmod({c}, {n})[0]', 'round({n}, 1)', '({n} ** 2)',
        '({n}).bit_length()', 'int(str({n}))', 'p.shift({n})', 'p.total()', 'p.double', 'p.norm()', 'Point.plus({n}, b={n})', 'range({n})'],
    TEXTS: ['({n}).join(({n}, {n}))', '({n})[0]', '({n}).encode().decode()', "''.join({n})", 'chr(ord({n}))', '({n}).index({n})', 'int({n})'],
    LISTS: ['({n} + {n})', '({c})[1:]', '({n}).copy()', '[({n}).count({n})]', '[({n}).append({n})]', '({n})[-1]', '({n})[0]', '({n}).pop()',
            '({n}).get({n}, {n})', 'sum({n})', 'sorted({n})', '({n}).index({n})', '{u: {n} for u in {n}}', '{*{n}}'],
}
SHARED = ['({c} if {n} else {n})', '({n} or {c})', '({n} and {c})', 'note({c})', 'note({n}, {c})', '(lambda u={n}: u)()', 'plain({n}, {c})',
          'plain({n}, v={n})', 'm.same({c})', 'm.some({c})', 'm.call(lambda: {n})', 'Point({c}).x', '[{n}][0]', '({n}, {c})[1]', 'next(iter([{c}]))']
CONDITIONS = ['{n} < {n}', '{n} <= {n}', '{n} == {n}', '{n} != {n}', '{n} > {n}', '{n} is {n}', '{n} < {n} <= {n}', 'not {n}', '{n} is not None',
              'type({n}) is type({n})', 'isinstance({n}, (int, str))', '{n} in (1, 2, 3)', 'm.negative({s})', 'fail_at({s})', '{n} and {n}', '{n}']
# Names that programs read and may rebind: what reads them, and what rebinds them.
REBOUND = {
    'G': (['G', '({n} + G)', '(G - {n})'], ['global G; G = {v}', 'put("G", {v})', 'remove("G")']),
    'm.inc': (['m.inc({i})', 'm.inc(m.inc({i}))', 'm.inc({s})', 'm.inc({c})'],
              ['m.inc = plain', 'm.inc = lambda u: {v}', 'm.inc = m.count', 'del m.inc']),
    'm.add': (['m.add({i}, {n})', 'm.add({s}, 1.5)', 'm.add({c}, 0.5)'], ['m.add = plain', 'm.add = lambda u, v: {v}']),
    'm.half': (['m.half({s} * 2)', 'm.half({i} * 2)', 'm.half({s})'], ['m.half = m.inc', 'm.half = lambda u: {v}']),
    'm.count': (['m.count({n}, {i})', 'm.count(None, {i})', 'm.count(p, {s})'], ['m.count = plain', 'm.count = max']),
    'm.next': (['m.next(2)', 'm.next({s} & 1)', 'm.next({s})'], ['m.next = m.inc', 'm.next = lambda u: {v}']),
    'm.word': (['m.word({s})', 'm.turned({s})', 'm.negative({s})', 'm.word({i})'], ['m.word = m.same', 'm.turned = plain; m.word = plain']),
    'm': (['m.inc({i})', 'm.same({n})', 'm.add({s}, {s})'], ['global m; m = Point(1); m.inc = m.shift; m.add = m.same = plain']),
    'math.sqrt': (['math.sqrt({s})', 'math.sqrt(2.0)', 'math.sqrt({i})'], ['math.sqrt = plain', 'math.sqrt = lambda u: {v}', 'math.sqrt = math.fabs']),
    'len': (['len(D)', 'len(K)', 'len((1, 2))'], ['global len; len = plain', 'builtins.len = lambda u: {v}', 'builtins.len = abs']),
    'abs': (['abs({i})', 'abs({c})', 'abs({s})'], ['global abs; abs = plain', 'builtins.abs = lambda u: {v}', 'del builtins.abs']),
    'Point.shift': (['p.shift({s})', 'p.shift({s})', 'p.shift({i})'], ['Base.shift = plain', 'Base.shift = lambda self, by: {v}', 'Point.shift = Base.norm',
                                                      'p.shift = plain', 'del Base.shift']),
    'Point.scale': (['p.scale', 'Point.scale', '(p.scale + {n})'], ['Base.scale = {v}', 'Point.scale = {v}', 'p.scale = {v}',
                                                                     'Base.scale = property(lambda self: {v})', 'del Base.scale']),
    'Point': (['Point({n}).total()', 'p.total()', 'isinstance(p, Point)'], ['global Point; Point = Other', 'p.__class__ = Other',
                                                                             'Point.total = lambda self: {v}', 'Other.__bases__ = (Base,)']),
    'Base': (['p.norm()', 'p.double'], ['Point.__bases__ = (Second,)', 'Point.norm = len', 'Point.double = {v}']),
    'plain': (['plain({n})', 'plain({n}, {n})'], ['global plain; plain = min', 'plain.__code__ = (lambda u, v=1: u).__code__',
                                                  'plain.__defaults__ = ({v},)']),
}
PARAMETERS, CARRIED = ('a', 'b', 'c'), ('x', 'y', 'z')
ERRORS = ('Trouble', 'OtherTrouble', 'ValueError', 'TypeError', 'Quiet', 'KeyError', 'StopIteration')


class Writer:
    """Writes one program."""

    def __init__(self, number, frames):
        self.random = random.Random(number * 7919 + 17).random
        self.frames = frames
        self.theme = self.pick(THEMES)
        self.reads = self.sample(list(REBOUND), 3)
        self.rebinds = self.sample(self.reads, 2) if self.chance(0.72) else []
        self.helpers = []
        self.loops = 0
        # The loops around, and their variables, which are small numbers or items.
        self.depth = 0
        self.small = []
        self.in_loop = 0
        self.carried = True

    # Only `random` is used, whose numbers are the same on each version.
    def below(self, count):
        return int(self.random() * count)

    def chance(self, probability):
        return self.random() < probability

    def pick(self, items):
        return items[self.below(len(items))]

    def sample(self, items, count):
        items = list(items)
        return [items.pop(self.below(len(items))) for _ in range(min(count, len(items)))]

    # Expressions.
    def atom(self, carried):
        names = [*PARAMETERS] * 2 + (self.small * 3 if self.theme in (NUMBERS, ANYTHING) else [])
        if carried:
            names += [*CARRIED] * 5
        if self.chance(0.3):
            return E(self.pick(CONSTANTS[self.theme]))
        return E(self.pick(names))

    def form(self, form, depth):
        pieces, parts, may_be_carried = form.split('{'), [], self.carried
        template = pieces[0]
        for piece in pieces[1:]:
            kind, rest = piece[0], piece[2:]
            if piece[1:2] != '}' or kind not in 'cnsiv':
                template += '{' + piece
                continue
            template += '{}' + rest
            if kind == 's' or kind == 'i' and self.chance(0.5):
                parts.append(E(self.pick([*self.small * 2, '1', '2', '0', '3'])))
            elif kind == 'i' and self.chance(0.6):
                parts.append(E(self.pick(['len(K)', '-5', '2**40', '2**31', 'm.inc({})', '({} + 1)', '(9 - {})']), E(self.pick([*self.small, '1']))))
            elif kind == 'v':
                parts.append(E(self.pick(CONSTANTS[self.theme if self.chance(0.75) else ANYTHING])))
            else:
                parts.append(self.expression(depth - 1, carried=kind == 'c' and may_be_carried))
        return E(template, *parts)

    def expression(self, depth=2, carried=None):
        # In a loop one variable of an expression may be carried; out of loops all may.
        self.carried = carried if carried is not None else True
        if not self.in_loop:
            self.carried = True
        if depth <= 0 or self.chance(0.12):
            return self.atom(self.carried)
        choice = self.random()
        if choice < 0.3:
            form = self.pick(REBOUND[self.pick(self.reads)][0])
            if self.theme in (TEXTS, LISTS):
                form = form.replace('{c}', '{s}').replace('{n}', '{s}')
                form = f'str({form})' if self.theme == TEXTS else f'[{form}]'
            return self.form(form, depth)
        if choice < 0.4:
            return self.form(self.pick(SHARED), depth)
        theme = self.pick([NUMBERS, TEXTS, LISTS]) if self.theme == ANYTHING else self.theme
        return self.form(self.pick((RISKY if choice > 0.95 else FORMS)[theme]), depth)

    def condition(self):
        choice = self.random()
        if self.small and choice < 0.45:
            return E(f'{self.pick(self.small)} {self.pick(["==", "==", ">", "<"])} {{}}', E(self.pick(['0', '1', '2', '3'])))
        self.carried = not self.in_loop
        return self.form(self.pick(CONDITIONS), 2)

    # Statements.
    def block(self, depth, least=1, most=3):
        return [self.statement(depth) for _ in range(least + self.below(most - least + 1))]

    def statement(self, depth):
        kinds = ['assign'] * 8 + ['in place'] * 4 + ['twice'] * (2 if self.theme == NUMBERS else 0) + ['unpack', 'item', 'attribute', 'note', 'value', 'object', 'append']
        if self.rebinds:
            kinds += ['rebind'] * 2
        if self.frames:
            kinds += ['look'] * 2
        if self.chance(0.2):
            kinds += ['delete', 'closure', 'walrus', 'star', 'import', 'dying']
        if depth > 0:
            kinds += ['if'] * 4 + ['try'] * 3 + ['finally', 'with', 'match', 'raise']
            if self.in_loop < 2:
                kinds += ['for'] * 5 + ['while'] * 2
        if self.in_loop:
            kinds += ['leave'] * 2
        elif depth < 2:
            kinds += ['return']
        return getattr(self, 'do_' + self.pick(kinds).replace(' ', '_'))(depth)

    def do_assign(self, depth):
        return simple(f'{self.pick(CARRIED)} = {{}}', self.expression(3))

    def do_in_place(self, depth):
        target = self.pick([*CARRIED] * 3 + ['p.x', 'K[0]', "D['a']"])
        operators = {TEXTS: ['+'], LISTS: ['+']}.get(self.theme, ['+'] * 4 + ['-'] * 4 + ['*', '*', '//', '%', '&', '|'])
        operator = self.pick(operators)
        if self.theme in (TEXTS, LISTS) and '.' in target or '[' in target:
            return simple(f'{target} = {{}}', self.expression(2, False))
        if operator == '*' and self.in_loop:
            return simple(f'{target} *= {{}}', E(self.pick(['2.5', '1.5', '-1', 'True'])))
        if operator == '+' and self.in_loop and self.theme in (TEXTS, LISTS, ANYTHING):
            return simple(f'{target} += {{}}', E(self.pick(["'a'", '1', '[1]', '2.5', 'True', *self.small])))
        return simple(f'{target} {operator}= {{}}', self.expression(2, False))

    def do_unpack(self, depth):
        template = self.pick(['x, y = {}, {}', 'y, x = {}, {}', '(x, z), y = ({}, 1), {}'])
        return simple(template, self.expression(1), self.expression(2, False))

    def do_star(self, depth):
        return simple(self.pick(['x, *y = {}, {}', 'x, y = [{}, {}]', '[x, *_] = [{}, {}]', 'x, y = {}']), self.expression(2, False), self.expression(1, False))

    def do_item(self, depth):
        form = self.pick(['K[{}] = {}'] * 2 + ['D[{}] = {}'] * 3 + ['a[{}] = {}', 'x[{}] = {}'])
        index = E(self.pick([*self.small, '0', '1', '2'])) if form[0] == 'K' or self.chance(0.5) else self.expression(1, False)
        return simple(form, index, self.expression(2, False))

    def do_attribute(self, depth):
        return simple(self.pick(['p.x = {}', 'p.y = {}', 'p.new = {}', 'p.y = {}', 'p.new = {}', 'a.x = {}']), self.expression(2, False))

    def do_twice(self, depth):
        """Uses a number as an object more than once."""
        number = self.form(self.pick(['m.add({s}, 1.5)', 'm.inc({i})', '({s} + 0.5)', '({i} + 5000)', 'math.hypot({s}, 2.5)', '({s} * 2.5)']), 1)
        x = self.pick(CARRIED)
        return simple(f'{x} = {{}}; ' + self.pick([f'D[1] = [{x}, {x}]', f'K.append({x}); p.x = {x}', f'D[2] = {x}; D[3] = {x}, {x}', f'note({x} is m.same({x}))']),
                      number)

    def do_append(self, depth):
        return simple('K.append({})', self.expression(2, False))

    def do_note(self, depth):
        return simple('note({}, {})', E(repr(self.pick(['here', 'there']))), self.expression(2))

    def do_value(self, depth):
        return simple('{}', self.expression(3))

    def do_object(self, depth):
        return simple(self.pick(['p = Point({}, {})', 'p = Point({}, {})', 'p = Other({}, {})', 'p = Slots({}, {})']), self.expression(1, False), self.expression(1, False))

    def do_dying(self, depth):
        if self.rebinds and self.chance(0.6):
            return simple(f'{self.pick(CARRIED)} = Dying({{}}, {self.rebinder()})', E(repr(self.pick('uvw'))))
        return simple(f'{self.pick(CARRIED)} = Dying({{}})', E(repr(self.pick('uvw'))))

    def do_walrus(self, depth):
        return simple('note((x := {}), x)', self.expression(2, False))

    def do_delete(self, depth):
        name = self.pick([*CARRIED, *PARAMETERS, 'p.y', 'K[0]', "D['a']"])
        if name in CARRIED and self.chance(0.7):
            return simple(f'del {name}; {name} = {{}}', self.expression(2, False))
        return simple(f'del {name}')

    def do_import(self, depth):
        return simple(self.pick(['from math import floor as x', 'import math as y', 'from math import no_such_name']))

    def do_closure(self, depth):
        name = self.pick('gh')
        if self.chance(0.5):
            return simple(f'{name} = lambda u, v={{}}: {{}}', self.expression(1, False), self.expression(2, False))
        body = [simple(f'x = {{}}', self.expression(2, False)), simple('return {}', self.expression(1))]
        return Statement(Clause(E(f'def {name}(u, v=1)'), body, first=('nonlocal x',)),
                         Clause(E('y = ' + name + '({})', self.atom(False))))

    def do_return(self, depth):
        return Statement(Clause(E('if {}', self.condition()), [simple('return {}', self.expression(2))]))

    def do_leave(self, depth):
        how = self.pick(['break', 'break', 'continue', 'continue', 'return {}'])
        leave = simple(how, self.expression(1)) if '{}' in how else simple(how)
        return Statement(Clause(E('if {}', self.condition()), [leave]))

    def do_look(self, depth):
        return simple(self.pick(['look()', 'see()', 'x = see({})']), self.expression(1)) if self.chance(0.5) else simple('look()')

    def do_raise(self, depth):
        error = self.pick(ERRORS)
        how = self.pick([f'raise {error}({{}})', f'fail({error}, {{}})', f'raise {error}({{}}) from Quiet(1)', 'assert {}, 1', 'fail_at({})'])
        return Statement(Clause(E('if {}', self.condition()), [simple(how, self.expression(1))]))

    def do_if(self, depth):
        clauses = [Clause(E('if {}', self.condition()), self.block(depth - 1))]
        if self.chance(0.2):
            clauses.append(Clause(E('elif {}', self.condition()), self.block(depth - 1)))
        if self.chance(0.45):
            clauses.append(Clause(E('else'), self.block(depth - 1)))
        return Statement(*clauses)

    def handler(self):
        return self.pick(['except Trouble as error', 'except (TypeError, ValueError) as error', 'except Exception as error',
                          'except OtherTrouble', 'except Exception', 'except'])

    def do_try(self, depth):
        clauses = [Clause(E('try'), self.block(depth - 1))]
        header = self.handler()
        first = ("note('caught', type(error), str(error))",) if ' as ' in header else ("note('caught')",)
        body = self.block(depth - 1, most=2)
        if self.chance(0.15):
            body.append(simple(self.pick(['raise', 'raise Trouble(2)', 'raise Quiet(3) from None'])))
        clauses.append(Clause(E(header), body, first))
        if self.chance(0.25):
            clauses.append(Clause(E('else'), self.block(depth - 1, most=2)))
        if self.chance(0.25):
            clauses.append(Clause(E('finally'), self.block(depth - 1, most=2)))
        return Statement(*clauses)

    def do_finally(self, depth):
        return Statement(Clause(E('try'), self.block(depth - 1)), Clause(E('finally'), self.block(depth - 1, most=2)))

    def do_with(self, depth):
        manager = self.pick(['Manager()', 'Manager(True)', 'Manager(True)', 'Manager(True)', 'Manager()', 'Manager(leave=True)', 'Manager(), Manager(True)'])
        name = self.pick(['', f' as {self.pick(CARRIED)}'])
        return Statement(Clause(E(f'with {manager}{name}'), self.block(depth - 1)))

    def do_match(self, depth):
        patterns = self.sample(['case 0 | 1', 'case [u, v]', 'case [u, *_]', 'case {"a": u}', 'case Point(x=u)', 'case Point(u, v)', 'case str()',
                                'case int(u)', 'case float()', 'case None', 'case u if {}', 'case [1, [u]]', "case 'a'"], 2 + self.below(2))
        cases = [Clause(E(pattern, *([self.condition()] if '{}' in pattern else [])), self.block(depth - 1, most=2)) for pattern in patterns]
        if self.chance(0.5):
            cases.append(Clause(E('case _'), self.block(depth - 1, most=1)))
        return Statement(Clause(E('match {}', self.expression(2)), [Statement(case) for case in cases]))

    def loop_body(self, depth, variables):
        before = len(self.small)
        self.small += variables
        self.in_loop += 1
        body = self.block(depth - 1, least=1, most=4)
        self.in_loop -= 1
        del self.small[before:]
        return body

    def else_of_loop(self, depth):
        return [Clause(E('else'), self.block(depth - 1, most=2))] if self.chance(0.2) else []

    def do_for(self, depth):
        self.loops += 1
        i = f'i{self.loops}'
        long = self.in_loop == 0 and self.theme == NUMBERS and self.chance(0.2)
        choices = [(i, f'range({self.pick([20, 40]) if long else 1 + self.below(6)})', [i])] * 5 + [
            (i, 'range(1, 4)', [i]), (i, 'range(6, 0, -2)', [i]), (i, 'numbers(4)', [i]), (i, '(1, 2, 3)', [i]), (i, '[3, 2.5, 1]', [i]),
            (i, 'range({})', [i]), (f'{i}, v', 'enumerate((a, b, 7))', [i]), (f'{i}, v', 'zip((1, 2, 3), (a, 2.5, c))', [i]), ('v', "'aäb'", []),
            ('v', 'K[:3]', []), ('v', 'D.copy()', []), (f'{i}, v', 'dict(D).items()', []), ('v', '{}' if self.theme in (TEXTS, LISTS) else '(a, b)', []), (i, 'range(m.word(3))', [i]),
            ('v', '({}, {})', []), (i, 'range({})', [i])]
        name, items, small = self.pick(choices)
        if items == 'range({})':
            items = E('range({})', E('({} & 7)', self.atom(False)) if self.chance(0.6) else E('3'))
        else:
            items = E(items, *(self.expression(1, False) for _ in range(items.count('{}'))))
        return Statement(Clause(E(f'for {name} in {{}}', items), self.loop_body(depth, small)), *self.else_of_loop(depth))

    def do_while(self, depth):
        self.loops += 1
        n = f'n{self.loops}'
        rounds = 30 if self.in_loop == 0 and self.theme == NUMBERS and self.chance(0.2) else 2 + self.below(4)
        if self.chance(0.25):
            header, first = E('while True'), (f'if {n} >= {rounds}: break', f'{n} += 1')
        elif self.chance(0.4):
            header, first = E(f'while {n} < {rounds} and {{}}', self.condition()), (f'{n} += 1',)
        elif self.chance(0.5):
            header, first = E(f'while {n} < {rounds}'), (f'{n} = {n} + 1',)
        else:
            header, first = E(f'while {n} < {rounds}'), (f'{n} += 1',)
        return Statement(Clause(header, self.loop_body(depth, [n]), first), *self.else_of_loop(depth), before=(f'{n} = 0',))

    # Rebinding.
    def rebinding(self):
        target = self.pick(self.rebinds)
        form = self.pick(REBOUND[target][1])
        declaration, _, rest = form.partition('; ') if form.startswith('global') else ('', '', form)
        return declaration, rest

    def rebinder(self):
        """The name of a function that rebinds something."""
        if self.helpers and self.chance(0.5):
            return f'rebind{1 + self.below(len(self.helpers))}'
        declaration, form = self.rebinding()
        form = form.replace('p.', 'P.')
        name = f'rebind{len(self.helpers) + 1}'
        first = (declaration,) if declaration else ()
        self.helpers.append(Statement(Clause(E(f'def {name}(*_)'), [simple(f'note({name!r})'), *[simple(part, *self.values(part)) for part in [self.holes(form)]]],
                                             first)))
        return name

    def holes(self, form):
        return form.replace('{v}', '{}')

    def values(self, form):
        return [E(self.pick(CONSTANTS[self.theme if self.chance(0.75) else ANYTHING])) for _ in range(form.count('{}'))]

    def do_rebind(self, depth):
        choice = self.random()
        declaration, form = self.rebinding()
        if choice < 0.35 and not declaration and 'global' not in form:
            form = self.holes(form)
            rebind = simple(form, *self.values(form))
        elif choice < 0.75:
            rebind = simple(f'{self.rebinder()}()')
        elif choice < 0.85:
            rebind = simple(f'm.call({self.rebinder()})')
        elif choice < 0.92:
            rebind = simple(f"Dying('r', {self.rebinder()})")
        else:
            rebind = simple(f'[].sort(key={self.rebinder()}) or {self.rebinder()}(1)')
        if self.in_loop and self.chance(0.7):
            return Statement(Clause(E('if {}', self.condition()), [rebind]))
        return rebind

    def program(self):
        body = []
        while sum(1 + len(statement.lines(0)) for statement in body) < 7 + self.below(12):
            body.append(self.statement(3 if self.chance(0.3) else 2))
        # Half of the programs have a loop for certain.
        if not self.loops and self.chance(0.6):
            body.insert(self.below(len(body) + 1), self.do_for(2))
        if self.rebinds:
            body.insert(self.below(len(body)), self.do_rebind(1))
        body.append(simple(self.pick(['return {}', 'return [x, y, {}]', 'return x, y, z, {}', 'return (x, x, {})']), self.expression(2)))
        first = ('p = P', 'v = x = a', 'y = b', 'z = ' + self.pick(CONSTANTS[self.theme]))
        function = Statement(Clause(E('def f(a, b, c)'), body, first))
        statements = [simple('P = Point(4, 5)'), Statement(Clause(E('class Second(Base)'), [simple('scale = 9')]))]
        if self.chance(0.15):
            inner = Clause(E('def make(a=1)'), [Statement(*function.clauses), simple('return f')], ('cell = a',))
            inner.block[0].clauses[0].first = (*first, 'z = cell')
            return Program([*statements, *self.helpers, Statement(inner), simple('f = make()')], self.cases())
        return Program([*statements, *self.helpers, function], self.cases())

    def cases(self):
        """The arguments of the calls: like the first ones, mostly, and others."""
        pool = ARGUMENTS[self.theme]
        if self.theme == NUMBERS:
            pool = self.pick([pool, ['0', '1', '5', '300', '-7', '2**62'], ['1.5', '0.0', '-2.5', '1e300'], pool])
        found = []
        for number in range(4 + self.below(2)):
            odd = [*pool, *(ODD if self.chance(0.3) else [])]
            found.append([E(self.pick(odd if number else pool)) for _ in range(3)])
        return found


def program(number, frames=False):
    """The program of this number. `frames`: whether what it calls looks back at its frame."""
    return Writer(number, frames).program()
