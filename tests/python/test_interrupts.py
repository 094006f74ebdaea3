"""Events in a thread while typedcall works in it: interrupts, and the end of the interpreter."""

import types

import typedcall
from support import child, raises


class Interrupted(types.ModuleType):
    @property
    def __dict__(self):
        raise self.interrupt


def test_an_interrupt_is_not_lost():
    for interrupt in (KeyboardInterrupt('now'), SystemExit(3), MemoryError('all gone'), RecursionError('too deep')):
        module = Interrupted('interrupted')
        object.__setattr__(module, 'interrupt', interrupt)
        assert raises(type(interrupt), typedcall._native.adopt, module, 'version1', ()) is interrupt


def test_other_errors_are_the_packages():
    module = Interrupted('interrupted')
    object.__setattr__(module, 'interrupt', ValueError('no names'))
    error = raises(typedcall.Error, typedcall._native.adopt, module, 'version1', ())
    assert 'ValueError: no names' in str(error)


def test_a_daemon_thread_may_be_ended_while_typedcall_works_in_it():
    # Up to 3.13 the interpreter unwinds a thread where it takes the GIL again.
    child('''
import sys, threading, time, types, typedcall
started = threading.Event()

class Slow(types.ModuleType):
    @property
    def __dict__(self, sleep=time.sleep):
        started.set()
        sleep(0.05)
        return {}

def run():
    while True:
        typedcall._native.adopt(Slow("slow"), "version1", ())

threading.Thread(target=run, daemon=True).start()
started.wait()

class LastsToTheEnd:
    def __del__(self, sleep=time.sleep):
        sleep(0.5)

sys.kept, kept = LastsToTheEnd(), LastsToTheEnd()
''')
