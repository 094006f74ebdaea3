"""The ways in which programs pickle functions beside the standard one, with the standard library alone.

`PICKLERS` maps a way to a function from an object and a protocol to the bytes, which `pickle.loads` loads. `digest` is what
no one loads: a hash, made as joblib makes it.
"""

import collections
import copyreg
import hashlib
import importlib
import io
import pickle
import types


def _dumps(pickler, value, protocol, **attributes):
    file = io.BytesIO()
    made = pickler(file, protocol)
    for name, attribute in attributes.items():
        setattr(made, name, attribute)
    made.dump(value)
    return file.getvalue()


class _PrivateTable(pickle.Pickler):
    """With a table that knows nothing of the common one."""

    dispatch_table = {complex: lambda value: (complex, (value.real, value.imag))}


class _PythonPrivateTable(pickle._Pickler):
    """The same in Python."""

    dispatch_table = _PrivateTable.dispatch_table


class _ChainedTable(pickle.Pickler):
    """With a table before the common one, as cloudpickle and multiprocessing have it."""

    dispatch_table = collections.ChainMap({}, copyreg.dispatch_table)


def _taken_apart(value):
    """The reduction of a bound function for picklers that only know `getattr`; None for other objects."""
    if type(value) is types.ModuleType:
        return importlib.import_module, (value.__name__,)
    # The function that leads to all others is found by its name.
    if isinstance(value, types.BuiltinFunctionType) and value is not getattr and value.__self__ is not None:
        return getattr, (value.__self__, value.__name__)
    return None


class _ReducerOverride(pickle.Pickler):
    """A pickler that reduces functions itself, without any table of reducers."""

    dispatch_table = {}

    def reducer_override(self, value):
        return _taken_apart(value) or NotImplemented


class _Dispatch(pickle._Pickler):
    """With methods for types, as dill has it."""

    dispatch = dict(pickle._Pickler.dispatch)

    def _save(self, value):
        # Not for `getattr` and static methods, which have reductions of their own.
        reduced = _taken_apart(value) or value.__reduce__()
        if isinstance(reduced, str):
            self.save_global(value, reduced)
        else:
            self.save_reduce(*reduced, obj=value)

    dispatch[types.BuiltinFunctionType] = dispatch[types.ModuleType] = _save


PICKLERS = {
    "C": pickle.dumps,
    "Python": pickle._dumps,
    "a table of its own": lambda value, protocol: _dumps(_PrivateTable, value, protocol),
    "a table of its own, in Python": lambda value, protocol: _dumps(_PythonPrivateTable, value, protocol),
    "a table before the common one": lambda value, protocol: _dumps(_ChainedTable, value, protocol),
    "a copy of the common table": lambda value, protocol: _dumps(
        pickle.Pickler, value, protocol, dispatch_table=copyreg.dispatch_table.copy()),
    "reducer_override": lambda value, protocol: _dumps(_ReducerOverride, value, protocol),
    "dispatch": lambda value, protocol: _dumps(_Dispatch, value, protocol),
}


class _Parts:
    """Stands for a function in what is hashed."""

    def __init__(self, *parts):
        self.parts = parts


class _Hasher(pickle._Pickler):
    """Takes functions apart before they are saved, into name, `__self__` and its class."""

    def save(self, value, *rest):
        if isinstance(value, (types.MethodType, types.BuiltinFunctionType)):
            name = value.__func__.__name__ if hasattr(value, "__func__") else value.__name__
            receiver = value.__self__
            if type(receiver) is types.ModuleType:
                value = _Parts(name, receiver.__name__)
            elif receiver is None:
                value = _Parts(name, receiver)
            else:
                value = _Parts(name, receiver, receiver.__class__)
        super().save(value, *rest)


def digest(value):
    """A hash that is the same in every process."""
    return hashlib.sha256(_dumps(_Hasher, value, 3)).hexdigest()
