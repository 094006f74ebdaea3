"""Closures, `nonlocal`, lambdas, decorators, generators that a function makes."""

from objects import *


def counter(a):
    n = a

    def add(by):
        nonlocal n
        n += by
        return n

    return add(1), add(a), n


def captures_argument(a, b):
    def inner(c=b):
        return a, c

    a = [a]
    return inner(), inner(1)


def empty_cell(a):
    def inner():
        return later

    if a:
        later = a
    return inner()


def own_empty_cell(a):
    if a:
        b = a
    c = lambda: b
    return b


def deleted_cell(a):
    def inner():
        return a

    first = inner()
    del a
    try:
        second = inner()
    except NameError as e:
        second = str(e)
    return first, second


def deleted_cell_twice(a):
    f = lambda: a
    del a
    del a
    return f


def late_binding(n):
    functions = []
    for i in range(n):
        functions.append(lambda: i)
    return [f() for f in functions]


def early_binding(n):
    functions = []
    for i in range(n):
        functions.append(lambda i=i: i)
    return [f() for f in functions]


def three_levels(a):
    x = a

    def outer(y):
        def middle(z):
            nonlocal x
            x = [x, y, z]

            def innermost():
                nonlocal y
                y = (x, y, z)
                return a, y

            return innermost()

        return middle(2), y

    return outer(1), x


def shared_cell(a):
    value = a

    def get():
        return value

    def put(new):
        nonlocal value
        value = new

    put([get(), value])
    return get() is value, value


def recursion(n):
    def factorial(n):
        return 1 if n <= 1 else n * factorial(n - 1)

    return factorial(n)


def mutual_recursion(n):
    def even(n):
        return True if n == 0 else odd(n - 1)

    def odd(n):
        return False if n == 0 else even(n - 1)

    return even(n)


def lambdas(a, b):
    f = lambda x, *args, k=b, **kw: (x, args, k, kw, a)
    g = lambda: f(a, 1, 2, m=3)
    return f(b), g(), (lambda: a)()


def function_attributes(a):
    def f(x: int, y: str = 'd', *, z: float = a) -> None:
        """Documented."""
        return x, y, z

    f.mark = a
    return f(1), f, f.__doc__, f.__name__, f.__qualname__, f.__defaults__, f.__kwdefaults__, f.mark


def decorated(a):
    def twice(f):
        def wrapper(*args, **kwargs):
            return f(*args, **kwargs), f(*args, **kwargs)

        return wrapper

    def with_argument(n):
        return lambda f: note('decorates', n) and f

    @twice
    @with_argument(a)
    def inner(x):
        return note('inner', x)

    return inner(a)


def generator_made_here(a):
    def numbers(n):
        for i in range(n):
            yield i, a

    return list(numbers(a)), sum(x for x, y in numbers(2))


def closure_that_raises(a):
    def check(x):
        if x != a:
            raise Trouble(a, x)
        return x

    return check(a), check(1)


def closure_over_loop(xs):
    total = 0
    for x in xs:
        def add():
            nonlocal total
            total += x

        add()
    return total


def annotations_in_function(a):
    b: int = a
    c: 'never evaluated'
    a.x: int = b
    return b


SMALL = ['0', '1', '5', '-1', 'True', '2.5', '"text"', 'None', 'Noisy()', 'Raises()', 'Int(3)']
CASES = {
    counter: each(FEW),
    captures_argument: grid(FEW, FEW),
    empty_cell: each(ANY),
    own_empty_cell: each(FEW),
    deleted_cell: each(FEW),
    deleted_cell_twice: each(FEW),
    late_binding: each(SMALL),
    early_binding: each(SMALL),
    three_levels: each(FEW),
    shared_cell: each(FEW),
    recursion: each(SMALL, ['30']),
    mutual_recursion: ['0', '1', '7', '10', 'True', '"a"', 'None', '3.0'],
    lambdas: grid(FEW, FEW),
    function_attributes: each(FEW),
    decorated: each(FEW),
    generator_made_here: each(SMALL),
    closure_that_raises: each(FEW),
    closure_over_loop: each(ITERABLES),
    annotations_in_function: ['Point(1, 2)', 'None', 'Noisy()'],
}
