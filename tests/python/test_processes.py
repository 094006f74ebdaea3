"""Forked and spawned children, and the end of a process."""

import os
import sys
import tempfile
import warnings
from ctypes import CFUNCTYPE, c_int, c_long

from support import child, extension, fixture, prototype, specialized

import typedcall

typed = extension()


def in_a_fork(body):
    """The exit code of a forked child that runs the body: 0 if it returns."""
    with warnings.catch_warnings():
        # There may be threads of other tests.
        warnings.simplefilter('ignore', DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        code = 1
        try:
            body()
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_stub_works_in_a_forked_child():
    stub, inc = specialized(prototype(fixture().add_long, c_long, c_long, c_long)), typedcall.specialize(typed.inc)

    def body():
        before = typedcall.stats()['hits']
        assert stub(2**40, 1) == 2**40 + 1 and inc(1) == 2
        assert typedcall.stats()['hits'] == before + 2

    assert in_a_fork(body) == 0
    assert stub(1, 2) == 3 and inc(1) == 2


def test_a_forked_child_makes_its_own_stubs():
    kept = specialized(prototype(fixture().add_long, c_long, c_long, c_long))

    def body():
        for size in range(1, 8):
            function = prototype(fixture()['ten'], c_long, *[c_long] * 10)
            assert specialized(function)(*range(10)) == function(*range(10))
        unary = CFUNCTYPE(c_int, c_int)
        assert specialized(prototype(fixture().apply, c_int, unary, c_int))(unary(lambda x: -x), 5) == -5
        assert kept(1, 2) == 3

    assert in_a_fork(body) == 0
    assert kept(1, 2) == 3 and specialized(prototype(fixture()['add_long'], c_long, c_long, c_long))(4, 5) == 9


def test_a_child_forked_in_a_callback():
    unary = CFUNCTYPE(c_int, c_int)
    stub = specialized(prototype(fixture().apply, c_int, unary, c_int))
    codes = []

    def callback(x):
        codes.append(in_a_fork(lambda: stub(unary(lambda y: y), 5)))
        return x

    assert stub(unary(callback), 3) == 3 and codes == [0]


def test_stubs_reach_spawned_and_forked_workers():
    code = '''
import multiprocessing, sys
from support import extension
typed = extension()
import typedcall

def work(stub, value):
    return typedcall.explain(stub).why_not, stub(value)

if __name__ == '__main__':
    # The children find the module where this process found it.
    import os
    os.environ['PYTHONPATH'] = os.pathsep.join(sys.path)
    stub = typedcall.specialize(typed.inc, strict=True)
    for method in ('spawn', 'fork', 'forkserver'):
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.starmap(work, [(stub, value) for value in range(20)]) == [(None, x + 1) for x in range(20)]
    print('done')
'''
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'workers.py')
        with open(path, 'w') as script:
            script.write(code)
        assert child('import runpy, sys; sys.path.insert(0, sys.argv[1]); '
                     'sys.argv = [sys.argv[1] + "/workers.py"]; runpy.run_path(sys.argv[0], run_name="__main__")',
                     folder).stdout == 'done\n'


def test_a_process_ends_with_stubs_alive_everywhere():
    done = child('''
import atexit, ctypes, threading, typedcall, support, sys
typed = support.extension()
unary = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
stub = support.specialized(support.prototype(support.fixture().add_long, ctypes.c_long, ctypes.c_long, ctypes.c_long))
apply = support.specialized(support.prototype(support.fixture().apply, ctypes.c_int, unary, ctypes.c_int))
doze = support.specialized(support.prototype(support.fixture().doze, ctypes.c_int, ctypes.c_int))
inc = typedcall.specialize(typed.inc)
typedcall.install(typed)
sys.stubs = [stub, inc]
class AtTheEnd:
    def __del__(self):
        assert stub(1, 2) == 3 and inc(1) == 2
cycle = AtTheEnd(); cycle.itself = cycle
kept = AtTheEnd()
atexit.register(lambda: print('at exit', stub(1, 2), inc(1), apply(unary(lambda x: x), 7)))
threading.Thread(target=doze, args=(10_000,), daemon=True).start()
''')
    assert done.stdout == 'at exit 3 2 7\n' and done.stderr == '', (done.stdout, done.stderr)
