"""Threads call, compile and give back the same function; a forked child goes on."""

import os
import sys
import threading

import typedcall
from functions import IN_PLACE, Compiled, made, plain, specialized
from support import child

SOURCE = 'def function(a, b=2, *args, **kw): return a + b, args, kw'


def in_threads(count, work):
    errors = []

    def run(number):
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def test_the_first_calls_are_in_many_threads():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with Compiled(0.9, 'in eight threads', 8 * 30 * 100):
            for _ in range(30):
                function = specialized(made(SOURCE))
                barrier = threading.Barrier(8)

                def work(number):
                    barrier.wait()
                    for step in range(100):
                        assert function(number, step) == (number + step, (), {})
                        assert function(number, step, 1, k=2) == (number + step, (1,), {'k': 2})

                in_threads(8, work)
    finally:
        sys.setswitchinterval(before)


def test_given_back_and_taken_again_meanwhile():
    function = specialized(made(SOURCE))
    done = threading.Event()

    def work(number):
        if number == 0:
            for _ in range(200):
                typedcall.uninstall(function)
                assert typedcall.specialize(plain(function)) is function or IN_PLACE
            done.set()
        else:
            while not done.is_set():
                assert function(number) == (number + 2, (), {})

    in_threads(4, work)
    assert function(1) == (3, (), {})


def test_code_is_replaced_meanwhile():
    function = specialized(made(SOURCE))
    codes = [made(f'def function(a): return {number}, a').__code__ for number in range(2)]
    done = threading.Event()

    def work(number):
        if number == 0:
            for step in range(200):
                function.__code__ = codes[step % 2]
            done.set()
        else:
            while not done.is_set():
                assert function(number)[-1] in (number, {})

    in_threads(4, work)


def test_a_function_may_wait_for_another_thread():
    lock = threading.Lock()
    function = specialized(made('def function(lock, n):\n    with_lock = lock.acquire()\n    lock.release()\n    return n + 1'))

    def work(number):
        for step in range(50):
            assert function(lock, step) == step + 1

    with Compiled(0.9, 'that wait', 200):
        in_threads(4, work)


def test_a_forked_child_goes_on():
    child('''
import os, sys
sys.path.insert(0, os.path.dirname(sys.argv[1]))
from functions import made, specialized, counts
import typedcall
called, fresh = (specialized(made('def function(a, b=2): return a + b')) for _ in range(2))
called(1)
process = os.fork()
if process == 0:
    ok = called(1) == 3 and fresh(1) == 3 and specialized(made('def function(): return 1'))() == 1
    ok = ok and typedcall.explain(fresh).state == 'compiled' and counts()[0] >= 4
    os._exit(0 if ok else 1)
assert os.waitpid(process, 0)[1] == 0
assert fresh(2) == 4
''', __file__)


def test_a_child_is_forked_while_other_threads_compile():
    child('''
import os, sys, threading, warnings
warnings.simplefilter('ignore')
sys.path.insert(0, os.path.dirname(sys.argv[1]))
from functions import made, specialized
sys.setswitchinterval(1e-6)
shared = []
stop = False
def work():
    while not stop:
        function = specialized(made('def function(a, b=2): return a + b, len, [a, b]'))
        shared.append(function)
        assert function(1)[0] == 3
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for _ in range(40):
    process = os.fork()
    if process == 0:
        ok = all(function(2)[0] == 4 for function in shared[-5:])
        ok = ok and specialized(made('def function(): return 1'))() == 1
        os._exit(0 if ok else 1)
    assert os.waitpid(process, 0)[1] == 0
stop = True
for thread in threads:
    thread.join()
''', __file__)


def test_daemon_threads_at_the_end_of_the_process():
    done = child('''
import os, sys, threading, time
sys.path.insert(0, os.path.dirname(sys.argv[1]))
from functions import made, specialized
function = specialized(made('def function(a, wait, *args):\\n    wait(0.0001)\\n    return a', '', ))
def work():
    while True:
        function(1, time.sleep, 2)
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
print('end')
''', __file__)
    assert done.stdout.strip() == 'end', done
