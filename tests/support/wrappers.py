"""Compares functions that were bound with hand-written wrappers of the same C functions. Runs after `agree.py`."""

GOODS = {**GOOD, 'cstr': 'text', 'buffer': b'bytes'}
TEXTS = ['a\0b', '\ud800', 'ä' * 100, 'x' * 1000, bytearray(b'array'), memoryview(b'view'), memoryview(b'view')[::2],
         array('d', [1.5]), b'a\0b']


def good_argument(kind):
    return GOODS.get(kind.rstrip('+?'), 100)


def positional_calls(kinds):
    base = tuple(map(good_argument, kinds))
    for count in range(len(base) + 3):
        yield (base + (1, 2))[:count], {}
    # The same valid values at all other places, each value at each.
    for index in range(len(kinds)):
        for value in VALUES + TEXTS:
            yield base[:index] + (value,) + base[index + 1:], {}
    if len(kinds) == 2:
        for pair in itertools.product(FEW, FEW):
            yield pair, {}


def named_calls(kinds, names):
    base = tuple(map(good_argument, kinds))
    keywords = [name or 'nameless' for name in names] + ['bogus', '']
    values = dict(zip(keywords, base + (1, 2)))
    for count in range(len(base) + 1):
        for size in range(len(keywords) + 1 if len(keywords) < 6 else 2):
            for chosen in itertools.combinations(keywords, size):
                yield base[:count], {name: values[name] for name in chosen}
    # Each value under each name.
    for index, name in enumerate(names):
        if name:
            for value in VALUES + TEXTS:
                others = {other: good for other, good in zip(names, base) if other and other != name}
                nameless = tuple(good for other, good in zip(names, base) if not other)
                yield nameless, {**others, name: value}
    yield base, {Str('bogus'): 1}


def compare_wrapper(name, wrapper, bound, kinds, names):
    """Differences between a wrapper and a bound function, and how many calls were compared."""
    comparison = Comparison(name, [wrapper, bound])
    for arguments, keywords in itertools.chain(positional_calls(kinds), named_calls(kinds, names)):
        comparison('bound', wrapper, bound, arguments, keywords)
    return comparison
