"""ctypes in which every foreign function is specialized when it is created.

`install(mode)` must run before ctypes is imported. It puts a subclass in the place of `_ctypes.CFuncPtr` while ctypes
is imported, so every class that ctypes or its users derive from it derives from the subclass. A function of such a class
has a *twin*: an ordinary ctypes function made with the same arguments, with the same prototype. Calls go to the twin
(mode "harness") or to the result of `typedcall.specialize` for the twin: made anew when its prototype has changed
("specialized"), or made once when it is created ("stale": the stub must notice every change).
"""

import _ctypes
import collections
import sys

Plain = _ctypes.CFuncPtr
PROTOTYPE = 'restype', 'argtypes', 'errcheck'
DELETED = object()


class Tally:
    """Counts foreign functions, the calls of them, and the reasons against stubs."""

    def __init__(self):
        self.created = self.called = self.specialized = self.calls = self.stub_calls = 0
        self.reasons = collections.Counter()

    def as_dict(self):
        return {**vars(self), 'reasons': dict(self.reasons)}


tally = Tally()
mode = 'harness'


def specialize(twin, called):
    """The callable that calls of a twin go to."""
    import typedcall

    function = typedcall.specialize(twin)
    why_not = typedcall.explain(function).why_not
    if (function is twin) != (why_not is not None):
        raise AssertionError(f'specialize made {function!r}, explain says {why_not!r}')
    if function is not twin and type(function) is not type(len):
        raise AssertionError(f'specialize made {function!r}, which is no built-in')
    if called:
        tally.specialized += why_not is None
        if why_not is not None:
            tally.reasons[why_not] += 1
    return function


def plain_class(cls):
    """The ordinary class of foreign functions with the prototype of one of ours."""
    found = vars(cls).get('_plain_class_')
    if found is None:
        names = '_flags_', '_restype_', '_argtypes_'
        namespace = {name: getattr(cls, name) for name in names if hasattr(cls, name)}
        found = type(Plain)(cls.__name__, (Plain,), {**namespace, '__module__': cls.__module__})
        cls._plain_class_ = found
    return found


def prototype_property(name):
    descriptor = getattr(Plain, name)

    def get(self):
        return descriptor.__get__(self)

    def put(self, value):
        descriptor.__set__(self, value)
        self._changed(name, value)

    def delete(self):
        descriptor.__delete__(self)
        self._changed(name, DELETED)

    return property(get, put, delete)


class ForeignFunction(Plain):
    _flags_ = 1

    def __new__(cls, *arguments, **keywords):
        self = super().__new__(cls, *arguments, **keywords)
        tally.created += 1
        # For an address, or for no argument, a twin can be made later; for COM or wrong arguments none was made.
        if arguments and not isinstance(arguments[0], int):
            self._twin = plain_class(cls)(*arguments, **keywords)
            if mode == 'stale':
                self._stub = specialize(self._twin, False)
        return self

    restype, argtypes, errcheck = map(prototype_property, PROTOTYPE)

    def _changed(self, name, value):
        attributes = self.__dict__
        attributes.setdefault('_prototype', {})[name] = value
        if '_twin' in attributes:
            self._apply(name, value)
        if mode != 'stale':
            attributes.pop('_stub', None)

    def _apply(self, name, value):
        if value is DELETED:
            delattr(self._twin, name)
        elif name == 'errcheck' and callable(value):
            # It gets the function that was called.
            setattr(self._twin, name, lambda result, twin, arguments: value(result, self, arguments))
        else:
            setattr(self._twin, name, value)

    def _target(self):
        attributes = self.__dict__
        if '_twin' not in attributes:
            attributes['_twin'] = self._late_twin()
            for name, value in attributes.get('_prototype', {}).items():
                self._apply(name, value)
        if '__name__' in attributes:
            self._twin.__name__ = attributes['__name__']
        if mode == 'harness':
            return self._twin
        if '_stub' not in attributes:
            attributes['_stub'] = specialize(self._twin, True)
            tally.called += 1
        return attributes['_stub']

    def _late_twin(self):
        cls = plain_class(type(self))
        if self._b_base_ is None:
            # Made from an address, or the result of a function.
            return cls(int.from_bytes(memoryview(self).cast('B'), sys.byteorder))
        # For an array or a structure: the twin shares its memory.
        return cls.from_buffer(self)

    def __call__(self, *arguments, **keywords):
        target = self._target()
        tally.calls += 1
        tally.stub_calls += target is not self._twin
        return target(*arguments, **keywords)


def install(wanted):
    global mode
    mode = wanted
    if 'ctypes' in sys.modules:
        raise RuntimeError('ctypes was imported before the harness was installed')
    ForeignFunction.__name__ = ForeignFunction.__qualname__ = Plain.__name__
    ForeignFunction.__module__ = Plain.__module__
    _ctypes.CFuncPtr = ForeignFunction
    try:
        import ctypes  # noqa: F401
    finally:
        _ctypes.CFuncPtr = Plain
