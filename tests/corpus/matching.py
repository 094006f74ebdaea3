"""`match`."""

from objects import *

COLORS = {'red': 1}


class Color:
    RED = 'red'
    BLUE = 3


def literals(x):
    match x:
        case 0:
            return 'zero'
        case -1.5 | 2:
            return 'number'
        case 'text' | b'bytes':
            return 'text'
        case None:
            return 'none'
        case True | False:
            return 'bool'
        case 1j:
            return 'complex'
        case _:
            return 'other'


def values(x):
    match x:
        case Color.RED:
            return 'red'
        case Color.BLUE:
            return 'blue'
        case Color.GREEN:
            return 'never'


def captures(x):
    match x:
        case y:
            return y


def sequences(x):
    match x:
        case []:
            return 'empty'
        case [a]:
            return 'one', a
        case (a, b):
            return 'two', a, b
        case [a, *rest, 4]:
            return 'four', a, rest
        case [_, _, *_]:
            return 'many'
    return 'none'


def nested_sequences(x):
    match x:
        case [[a, b], [c, *d]]:
            return a, b, c, d
        case [1, (2 | 3) as n, *_]:
            return n
        case [*_, [last]]:
            return last
        case [(1 | 2), _] | [_, (1 | 2)]:
            return 'either'


def mappings(x):
    match x:
        case {'a': 1, 'b': b}:
            return b
        case {'a': [1, *rest]}:
            return rest
        case {'k': k, **others}:
            return k, others
        case {0: _, 1.5: y, None: z}:
            return y, z
        case {}:
            return 'a mapping'
    return 'none'


def classes(x):
    match x:
        case bool(b):
            return 'bool', b
        case int(n) if n > 2:
            return 'big', n
        case int() | float():
            return 'number'
        case str(s):
            return s
        case Point(0, y):
            return 'axis', y
        case Point(x=a, y=Point(b, c)):
            return a, b, c
        case Point(a, b):
            return a, b
        case list([first, *_]):
            return first
        case dict():
            return 'dict'


def class_with_keywords(x):
    match x:
        case Point(x=1, y=2):
            return 'exactly'
        case Slots(x=a, y=b):
            return a, b
        case object(name=name, truth=_):
            return name
        case Manager():
            return 'manager'
    return 'none'


def bad_class_patterns(x):
    kind = x if isinstance(x, type) else type(x)
    match x:
        case Point(a, b, c):
            return 'never'
    match [x]:
        case [Slots(a, b)]:
            return 'never'
    return 'no match'


def class_that_is_none(x, Kind):
    match x:
        case Kind(a):
            return a
        case Kind():
            return 'without'
    return 'none'


def guards(x, limit):
    match x:
        case [a, b] if note('first', a < b):
            return 'rising'
        case [a, b] if note('second', a > limit):
            return 'above'
        case [a, b]:
            return 'else', a, b


def several_subjects(a, b):
    match a, b:
        case 1, _:
            return 'one'
        case (int(), str()) | (str(), int()):
            return 'mixed'
        case x, y if x == y:
            return 'equal'
        case *all_of_them,:
            return all_of_them


def in_loop(xs):
    result = []
    for x in xs:
        match x:
            case 1:
                continue
            case 3:
                break
            case int(n) | [n]:
                result.append(n)
            case _:
                result.append('other')
    return result


def names_left_bound(x):
    a = b = 'before'
    match x:
        case [a, b, 1]:
            pass
        case {'a': a} if False:
            pass
    return a, b


VALUES = each(ANY, ITERABLES, [
    '"red"', '3', '-1.5', '2', '[1, 2, 3, 4]', '[1, 2, 3]', '[[1, 2], [3, 4, 5]]', '[1, 3, 5]', '[0, [9]]', '[5, 2]', '[2, 5]',
    '{"a": 1, "b": 2}', '{"a": [1, 2, 3]}', '{"k": 1, "l": 2}', '{0: 1, 1.5: 2, None: 3}', 'Dict(k=1)', 'MissingDict(a=1)',
    'Mapping(k=1)', 'Point(0, 5)', 'Point(1, 2)', 'Point(1, Point(2, 3))', 'Point("a")', 'Slots(1, 2)', 'Manager()',
    'bytearray(b"ab")', 'memoryview(b"ab")', 'Point', 'type("P", (Point,), {"__match_args__": ("x", 5)})(1, 2)',
    'type("Q", (Point,), {"__match_args__": ["x"]})(1, 2)', '__import__("types").MappingProxyType({"k": 1})',
    '__import__("collections").OrderedDict(a=1, b=5)', '__import__("array").array("i", [1])', '__import__("collections").deque([1, 2])'])
def singletons(a):
    match a:
        case None | True:
            return 'none or true'
        case [None, False, *rest]:
            return rest
        case False:
            return 'false'


CASES = {function: VALUES for function in (literals, values, captures, sequences, nested_sequences, mappings, classes,
                                           class_with_keywords, bad_class_patterns, names_left_bound, singletons)}
CASES[singletons] = CASES[singletons] + ['True', 'False', 'None', '[None, False, 3]', '[None, 0]']
CASES |= {
    class_that_is_none: grid(['1', '"text"', 'Point(1, 2)', 'Raises()', '[1]', 'Slots(1, 2)'],
                             ['int', 'Point', 'None', '5', 'str', 'list', 'dict', 'object', 'Slots', 'Raises()', 'len',
                              'type("P", (Point,), {"__match_args__": ("x", "x")})', 'type("Q", (), {"__match_args__": 5})']),
    guards: grid(['[1, 2]', '(2, 1)', '[2, "a"]', '[1]', 'None', '[Raises(), 1]', '[Noisy(), 1]'], FEW),
    several_subjects: grid(FEW, FEW),
    in_loop: each(ITERABLES, ['[5, 1, [7], 3, 9]', '[2, "x"]']),
}
