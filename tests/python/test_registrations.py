"""The package's entries in tables that the whole process shares: reducers, and nothing else."""

from support import child

SNAPSHOT = """
import _imp, atexit, codecs, copy, copyreg, ctypes, faulthandler, gc, importlib, inspect, linecache, logging, pickle, signal
import sys, threading, types, warnings, weakref
import multiprocessing.reduction
from support import extension, fixture
typed, library = extension(), fixture()

def tables():
    found = {
        'reducers': copyreg.dispatch_table,
        'reducers of multiprocessing': multiprocessing.reduction.ForkingPickler._extra_reducers,
        'methods of the Python pickler': pickle._Pickler.dispatch,
        'codes of classes': copyreg._extension_registry,
        # Not in every version.
        'copiers': getattr(copy, '_copy_dispatch', {}),
        'deep copiers': copy._deepcopy_dispatch,
        'built-in names': vars(__import__('builtins')),
        'names of sys': {name: value for name, value in vars(sys).items() if name not in ('modules', 'last_exc')},
        'names of ctypes': vars(ctypes),
        'names of pickle': vars(pickle),
        'names of threading': {name: value for name, value in vars(threading).items() if callable(value)},
        # From 3.14 on it is not a dict, but a function of the types' own data.
        'types of pointers': cache if type(cache := getattr(ctypes, '_pointer_type_cache', None)) is dict else {},
        'signals': {number: signal.getsignal(number) for number in signal.valid_signals()},
        'warnings': dict(enumerate(warnings.filters)),
        'importers': dict(enumerate([*sys.meta_path, *sys.path_hooks, *sys.path])),
        'callbacks of the collector': dict(enumerate(gc.callbacks)),
        'handlers of logs': dict(enumerate(logging.getLogger().handlers)),
        'loggers': logging.root.manager.loggerDict,
        'built-in modules': dict(enumerate(sys.builtin_module_names)),
        'hooks': {'trace': sys.gettrace(), 'profile': sys.getprofile(), 'threads': threading.excepthook,
                  'exit': atexit._ncallbacks(), 'faults': faulthandler.is_enabled(), 'switch': sys.getswitchinterval(),
                  'thresholds': gc.get_threshold(), 'enabled': gc.isenabled(), 'recursion': sys.getrecursionlimit(),
                  'asynchronous generators': sys.get_asyncgen_hooks(),
                  'coroutines': sys.get_coroutine_origin_tracking_depth()},
        'names of a built-in type': dict(vars(types.BuiltinFunctionType)),
        'names of another': dict(vars(types.MethodDescriptorType)),
        'names of modules': dict(vars(types.ModuleType)),
    }
    return {name: dict(table) for name, table in found.items()}

before = tables()
import typedcall
stubs = [typedcall.specialize(each, strict=True) for each in (typed.inc, typed.Thing.paired, typed.Thing.made,
                                                              typed.Thing.inc, typed.Thing().paired, typed.Thing().twice)]
@typedcall.specialize(library=library)
def add_long(a: ctypes.c_long, b: ctypes.c_long) -> ctypes.c_long: ...
typedcall.specialize(ctypes.CFUNCTYPE(ctypes.c_int))(('answer', library))()
typedcall.bind(1, '(i64) -> i64', 'bound')
typedcall.adopt(typed), typedcall.install(typed), typedcall.uninstall(typed)
library.answer.argtypes = []
typedcall.install(library), typedcall.uninstall(library)
for stub in (*stubs, add_long):
    str(typedcall.explain(stub)), typedcall.explain(stub).asm, typedcall.signature(stub), typedcall.original(stub)
    try:
        pickle.loads(pickle.dumps(stub)), copy.copy(stub)
    except Exception:
        pass
typedcall.stats(), typedcall.get_include()
after = tables()
changed = {}
for table, entries in after.items():
    was = before[table]
    names = [name for name in {**was, **entries}
             if was.get(name, NotImplemented) is not entries.get(name, NotImplemented)
             and was.get(name, NotImplemented) != entries.get(name, NotImplemented)]
    if names:
        changed[table] = names
"""


def test_the_whole_api_registers_reducers_and_nothing_else():
    child(SNAPSHOT + """
functions, methods, bound = types.BuiltinFunctionType, types.MethodDescriptorType, type(typed.Thing().twice)
class_methods = types.ClassMethodDescriptorType
assert set(changed.pop('reducers')) == {functions, methods, bound, class_methods}, changed
assert changed.pop('reducers of multiprocessing') == [methods], changed
# Only Python itself may have changed these.
assert changed == {}, changed
""")


def test_a_table_that_gets_something_is_noticed():
    child(SNAPSHOT.replace("after = tables()", "copy._deepcopy_dispatch[type(stubs[1])] = len\nafter = tables()") + """
assert changed['deep copiers'] == [type(stubs[1])], changed
""")
