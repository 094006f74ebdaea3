"""Calls a callable and its stubs in every way that names and defaults allow, and in ways that they do not. Runs after
`agree.py`, in the same namespace."""


def key(name, form):
    """A name unchanged, as another object with the same text, or as an instance of a subclass."""
    fresh = (name + ' ')[:-1]
    return {'same': name, 'fresh': fresh, 'subclass': Str(name)}[form]


def calls(values, names, form):
    """All ways to give some of the arguments: `names` has None for a parameter without a name; two values for each."""
    count = len(values)
    good = [value[0] for value in values]
    for positional in range(count + 1):
        rest = [index for index in range(positional, count) if names[index] is not None]
        for length in range(len(rest) + 1):
            for chosen in itertools.permutations(rest, length):
                yield good[:positional], {key(names[index], form): good[index] for index in chosen}
                if length > 3:
                    break
    named = {name: value for name, value in zip(names, good) if name is not None}
    unnamed = [value for name, value in zip(names, good) if name is None]
    # One argument too many, an unknown name, a name twice, another case, an empty name, not ASCII, a lone surrogate.
    yield good + [1], {}
    yield good + good + good, {}
    for name in ['bogus', '', 'X', 'self', 'größe', '\udc80', *named]:
        yield unnamed, {**named, key(name, form): 1}
        yield good, {key(name, form): 1}
        yield good[:1], {key(name, form): 1}
        yield [], {key(name, form): 1}
    # Every argument of another type, by position and by name.
    for index, value in enumerate(values):
        for other in value[1:]:
            yield good[:index] + [other] + good[index + 1:], {}
            yield good[:index] + [other], {}
            if names[index] is not None:
                yield unnamed, {**named, key(names[index], form): other}
                yield good[:1], {key(names[index], form): other}


INTS = [100, 2**40, -1, 7, 2**70, True, 0.5, 'text', None, Index(3), Index(LookupError('from __index__'))]
REALS = [2.5, 3, float('nan'), 'text', AsFloat(1.5), AsFloat(LookupError('from __float__')), Float(0.5)]
OBJECTS = [['an', 'object'], None, 7]
TEXTS = ['some text', '', 'ä', 'a\0b', '\udc80', None, 3, Str('sub')]
OF_KIND = {'cstr': TEXTS, 'i64': INTS, 'i32': INTS, 'f64': REALS, 'object': OBJECTS, 'i8': INTS, 'u8': INTS[:2], 'u64': INTS, 'u16': INTS[:2],
           'f32': REALS[:4], 'cbool': [True, False, 3, Truth(LookupError('from __bool__'))]}


def compare_arguments(name, original, ways, kinds, names, receivers):
    """`ways` has (label, the original's way, the stub's way); the first argument is each of `receivers`, if there are any."""
    comparison = Comparison(name, [original, *(stub for _, _, stub in ways)])
    values = [OF_KIND[kind] for kind in kinds]
    for form in 'same', 'fresh', 'subclass':
        for arguments, keywords in calls(values, names, form):
            for receiver in receivers:
                for label, by_original, by_stub in ways:
                    comparison(label, by_original, by_stub, (*receiver, *arguments), keywords)
    return comparison
