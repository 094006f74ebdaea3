"""What random programs see: classes, objects that log what is done to them, functions that raise. Run anew for each run of a
program, which may change all of it. `note(*what)` logs, and returns the last thing."""

import builtins
import math
import sys

import typedcall_fuzz_typed as m

G, H = 5, 2.5
K = [1, 2.5, 'k']
D = {'a': 1, 2: 'b'}
TICKS = 0
nan, inf = float('nan'), float('inf')


class Trouble(Exception):
    pass


class OtherTrouble(Trouble):
    pass


class Quiet(BaseException):
    pass


class Plain:
    """Has a text without an address."""

    __slots__ = ()

    def __repr__(self):
        return f'<{type(self).__name__}>'


class Base:
    scale = 2

    def shift(self, by):
        self.x = self.x + by
        return self.x

    def norm(self):
        return abs(self.x)


class Point(Base):
    __match_args__ = ('x', 'y')
    origin = 0

    def __init__(self, x, y=0):
        self.x = x
        self.y = y

    def total(self):
        return self.x + self.y

    @property
    def double(self):
        return self.x * 2

    @staticmethod
    def plus(a, b=1):
        return a + b

    @classmethod
    def make(cls, x=1):
        return cls(x)

    def __repr__(self):
        return f'Point({self.x!r})'


class Other(Point):
    scale = 3

    def total(self):
        return self.y


class Slots(Plain):
    __slots__ = ('x', 'y')

    def __init__(self, x, y=None):
        self.x = x
        self.y = y


class Int(int):
    pass


class Float(float):
    pass


class Str(str):
    pass


class List(list):
    pass


class Dying(Plain):
    """Logs its end, and does something then."""

    def __init__(self, name, action=None):
        self.name, self.action = name, action

    def __del__(self):
        note('dies', self.name)
        if self.action is not None:
            self.action()


class Manager(Plain):
    """A context manager that logs, and may raise or suppress."""

    def __init__(self, suppress=False, enter=False, leave=False):
        self.suppress, self.enter, self.leave = suppress, enter, leave

    def __enter__(self):
        note('enter')
        if self.enter:
            raise Trouble('enter')
        return 'entered'

    def __exit__(self, kind, value, traceback):
        note('exit', kind, str(value))
        if self.leave:
            raise OtherTrouble('leave')
        return self.suppress


class Noisy(Plain):
    """Logs operators; they return plain things."""

    def __init__(self, truth=True):
        self.truth = truth

    def __bool__(self):
        return note('bool', self.truth)

    def __len__(self):
        return note('len', 2)

    def __iter__(self):
        note('iter')
        return iter((1, 2))

    def __getitem__(self, key):
        return note('getitem', str(key), 1)

    def __call__(self, *args):
        return note('call', len(args))

    def __neg__(self):
        return note('neg', 1)

    def __index__(self):
        return note('index', 1)

    def __str__(self):
        return note('str', 'noisy')

    def __hash__(self):
        return note('hash', 3)


def operator(name, result):
    def method(self, other):
        return note(name, type(other).__name__, result)

    return method


for name, result in {'add': 2.5, 'sub': 1, 'mul': 3, 'truediv': 0.5, 'mod': 1, 'lt': True, 'gt': False, 'eq': True, 'and': 1}.items():
    setattr(Noisy, f'__{name}__', operator(name, result))
    if name not in ('lt', 'gt', 'eq'):
        setattr(Noisy, f'__r{name}__', operator('r' + name, result))


class Raises(Plain):
    """Raises from its operators."""

    def fail(self, *args):
        raise Trouble('operator')

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __lt__ = __gt__ = __eq__ = __bool__ = __len__ = fail
    __iter__ = __getitem__ = __call__ = __neg__ = __str__ = __mod__ = __rmod__ = fail
    __hash__ = None


class Reflected(Plain):
    """Leaves operators to the other operand."""

    def __add__(self, other):
        return note('tried', NotImplemented)

    __sub__ = __mul__ = __lt__ = __radd__ = __add__


def plain(u, v=1):
    return v


def fail(error=Trouble, *args):
    raise error(*args)


def tick():
    global TICKS
    TICKS += 1
    return TICKS


def fail_at(number):
    """Raises when it is called for the time of this number."""
    if tick() == number:
        raise Trouble('at', number)
    return number


def numbers(count):
    """A generator that logs its end."""
    try:
        for number in range(count):
            yield number
    finally:
        note('generator ends')


def put(name, value):
    globals()[name] = value


def remove(name):
    globals().pop(name, None)


def look():
    """Logs what the caller's frame shows."""
    frame = sys._getframe(1)
    note('look', frame.f_code.co_name, frame.f_lineno, sorted(frame.f_locals.items(), key=lambda item: item[0]))


def see(value=None):
    """Logs the caller's line, and returns the value."""
    note('line', sys._getframe(1).f_lineno)
    return value
