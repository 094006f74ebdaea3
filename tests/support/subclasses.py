"""A subclass of each type that stubs know: what looks like the type, and is not exactly it."""


class Int(int):
    pass


class Float(float):
    pass


class Str(str):
    pass


class Bytes(bytes):
    pass


class List(list):
    pass


class Tuple(tuple):
    pass


class Dict(dict):
    pass
