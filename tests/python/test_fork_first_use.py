"""A child that is forked while another thread is in the package for the first time: it waits for nothing."""

import os

from support import build, child, extension

# A process that has imported nothing else forks the processes of the runs: each uses the package for the first time.
RUNS = '''
import ctypes, os, signal, sys, threading
call, count = sys.argv[1], int(sys.argv[2])
sys.setswitchinterval(1e-6)
libc = ctypes.CDLL(None)

def run():
    import typedcall
    libc.labs.argtypes, libc.labs.restype = [ctypes.c_long], ctypes.c_long
    use, begun = getattr(typedcall, call), threading.Event()

    def first():
        begun.set()
        use(libc.labs)

    thread = threading.Thread(target=first)
    thread.start()
    begun.wait()
    pid = os.fork()
    if pid == 0:
        signal.alarm(10)
        use(libc.labs)
        assert typedcall.specialize(libc.labs, strict=True)(-7) == 7
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    thread.join()
    return status

hung = 0
for number in range(count):
    pid = os.fork()
    if pid == 0:
        os._exit(run() != 0)
    hung += os.waitpid(pid, 0)[1] != 0
print(hung, 'of', count)
'''


def runs(call, count):
    done = child('import warnings; warnings.simplefilter("ignore", DeprecationWarning)\n' + RUNS, call, str(count))
    assert done.stdout == f'0 of {count}\n', done


def test_explaining_for_the_first_time_while_a_child_is_forked():
    # One child of six hung, so 27 runs pass by chance one time in a hundred.
    runs('explain', 30)


def test_specializing_for_the_first_time_while_a_child_is_forked():
    # Two of 25 hung, so 56 runs.
    runs('specialize', 60)


def test_no_function_of_the_package_imports_anything():
    # A forking thread finds no lock of one of our imports taken. Modules that are imported already take none.
    child(f'''
import copy, ctypes, pickle, sys, warnings
sys.path[:0] = {[os.path.dirname(extension().__file__), os.path.dirname(extension('damaged', '-DDAMAGED').__file__)]!r}
import damaged, typed
import typedcall
libc = ctypes.CDLL({build('fixture.c')!r})
libc.add_long.argtypes, libc.add_long.restype = [ctypes.c_long] * 2, ctypes.c_long
imported, before = [], set(sys.modules)
sys.addaudithook(lambda event, arguments: event == 'import' and imported.append(arguments[0]))

for function in (libc.add_long, typed.inc, typed.Thing.paired, typed.Thing().paired, typed.Thing.inc, typed.Thing.made,
                 len, ctypes.CFUNCTYPE(ctypes.c_long), lambda: 1, 3):
    stub = typedcall.specialize(function)
    stub = typedcall.specialize(function, release_gil=False)
    for use in (typedcall.signature, lambda function: typedcall.specialize(function, strict=True)):
        try:
            use(function)
        except typedcall.Error:
            pass
    typedcall.original(stub)
    copy.copy(stub)
    if stub is not function and hasattr(stub, '__self__'):
        # The steps of picklers that look for nothing by its name.
        try:
            stub.__self__.__reduce_ex__(2)
        except ValueError:
            pass
    if type(function) is type(lambda: 1):
        # The source of a Python function is found by `inspect`.
        continue
    explanation = typedcall.explain(function)
    str(explanation), repr(explanation)
    for name in dir(explanation):
        getattr(explanation, name)
pickle.loads(pickle.dumps(typedcall.specialize(typed.inc)))
@typedcall.specialize(library=libc)
def add_double(a: 'ctypes.c_double', b: ctypes.c_double) -> ctypes.c_double: ...
assert add_double(1, 2) == 3
try:
    @typedcall.specialize(library=libc)
    def no_such(a: ctypes.c_double) -> ctypes.c_double: ...
except typedcall.Error:
    pass
with warnings.catch_warnings(record=True):
    for module in (typed, damaged, libc):
        if module is not libc:
            typedcall.adopt(module)
        typedcall.install(module)
        typedcall.uninstall(module)
address = ctypes.cast(libc['add_long'], ctypes.c_void_p).value
assert typedcall.bind(address, '(x: i64, y: i64 = 1) -> i64', 'add')(1) == 2
typedcall.stats(), typedcall.get_include()
assert not imported and set(sys.modules) == before, (imported, set(sys.modules) - before)
''')
