"""The record of `install`: nothing is forgotten while it may be put back, nothing is shown, and nothing is kept alive."""

import contextlib
import gc
import io
import os
import pydoc
import signal
import sys
import threading
import types
import unittest.mock
import weakref
from ctypes import CDLL, c_char_p, c_double, c_int, c_long

import typedcall
from support import extension, fixture, prototype, raises
from typedcall import _install

typed = extension()
NAMES = ['add_double', 'add_long', 'echo_int', 'name_of']


def library(kind=CDLL):
    found = fixture(kind)
    prototype(found.add_long, c_long, c_long, c_long)
    prototype(found.add_double, c_double, c_double, c_double)
    prototype(found.echo_int, c_int, c_int)
    prototype(found.name_of, c_char_p, c_int)
    return found


def recorded(target):
    """How many entries there are for a target."""
    gc.collect()
    typedcall.uninstall(target)
    record = _install._records.get(id(_install._key(target)))
    return 0 if record is None else len(record.entries)


@contextlib.contextmanager
def switching_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def in_threads(*bodies):
    """Runs the bodies at a time; raises what one of them raises."""
    errors = []

    def run(body):
        try:
            body()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(body,)) for body in bodies]
    with switching_often():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]


def test_install_and_uninstall_from_two_threads():
    found = library()
    originals = dict(vars(found))

    def again(options):
        for _ in range(4000):
            typedcall.install(found, **options)
            typedcall.uninstall(found)

    in_threads(lambda: again({}), lambda: again({}))
    assert dict(vars(found)) == originals
    in_threads(lambda: again({'release_gil': False}), lambda: again({}))
    assert dict(vars(found)) == originals
    assert recorded(found) == 0
    assert sorted(typedcall.install(found)) == NAMES and sorted(typedcall.uninstall(found)) == NAMES


def test_one_installs_while_another_uninstalls():
    found = library()
    originals = dict(vars(found))

    def install():
        for _ in range(2000):
            typedcall.install(found)

    def uninstall():
        for _ in range(2000):
            typedcall.uninstall(found)

    in_threads(install, uninstall)
    typedcall.uninstall(found)
    assert dict(vars(found)) == originals and recorded(found) == 0


def test_two_modules_that_share_functions_and_a_type():
    first, second = types.ModuleType(typed.__name__), types.ModuleType(typed.__name__)
    for module in (first, second):
        module.inc, module.half, module.Thing = typed.inc, typed.half, typed.Thing
        module.add = prototype(fixture()['add_long'], c_long, c_long, c_long)
    before = [dict(vars(first)), dict(vars(second)), dict(vars(typed.Thing))]

    def again(module):
        for _ in range(500):
            typedcall.install(module)
            typedcall.uninstall(module)

    in_threads(lambda: again(first), lambda: again(second))
    assert [dict(vars(first)), dict(vars(second)), dict(vars(typed.Thing))] == before
    assert recorded(first) == recorded(second) == 0
    # The code that replaced it puts it back.
    assert 'Thing.paired' in typedcall.install(first) and 'Thing.paired' not in typedcall.install(second)
    assert 'Thing.paired' not in typedcall.uninstall(second)
    assert typedcall.original(vars(typed.Thing)['paired']) is before[2]['paired']
    assert 'Thing.paired' in typedcall.uninstall(first)
    assert dict(vars(typed.Thing)) == before[2]


def test_a_stub_that_comes_back_is_put_back_then():
    found, module = library(), typed
    original, method = found.add_long, vars(typed.Thing)['paired']
    typedcall.install(found)
    with unittest.mock.patch.object(found, 'add_long'):
        assert sorted(typedcall.uninstall(found)) == [name for name in NAMES if name != 'add_long']
        assert typedcall.uninstall(found) == []
    assert found.add_long is not original
    assert typedcall.uninstall(found) == ['add_long'] and found.add_long is original
    assert recorded(found) == 0
    typedcall.install(module)
    with unittest.mock.patch.object(typed.Thing, 'paired'), unittest.mock.patch.object(typed.Thing, 'inc'):
        assert not {'Thing.paired', 'Thing.inc'} & set(typedcall.uninstall(module))
    assert {'Thing.paired', 'Thing.inc'} == set(typedcall.uninstall(module))
    assert vars(typed.Thing)['paired'] is method and recorded(module) == 0


def test_what_others_put_there_meanwhile_stays():
    found = library()
    own = typedcall.specialize(found.add_long)

    class Rebinding(types.ModuleType):
        """A namespace in which a name is rebound as soon as another one is set."""

        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            vars(self)['second'] = 'mine'

    module = Rebinding('rebinding')
    vars(module).update(first=found['add_long'], second=found['add_long'])
    for function in (module.first, module.second):
        prototype(function, c_long, c_long, c_long)
    assert typedcall.install(module) == ['first'] and module.second == 'mine'
    assert typedcall.uninstall(module) == ['first'] and module.second == 'mine'
    found.add_long = own
    assert 'add_long' not in typedcall.install(found) and 'add_long' not in typedcall.uninstall(found)


class Raising(CDLL):
    """A library whose names can't be set at times."""

    allowed = None
    after = False

    def __setattr__(self, name, value):
        if self.allowed is not None and name not in vars(type(self)):
            if type(self).allowed == 0:
                if self.after:
                    super().__setattr__(name, value)
                raise self.error('no')
            type(self).allowed -= 1
        super().__setattr__(name, value)


def test_an_exception_in_the_middle_loses_nothing():
    for error in (KeyboardInterrupt, ValueError):
        for after in (False, True):
            for allowed in range(5):
                found = library(Raising)
                originals = dict(vars(found))
                Raising.error, Raising.after, Raising.allowed = error, after, allowed
                try:
                    typedcall.install(found)
                except KeyboardInterrupt:
                    pass
                Raising.allowed = None
                typedcall.uninstall(found)
                assert dict(vars(found)) == originals, (error, after, allowed)

                typedcall.install(found)
                Raising.allowed = allowed
                if allowed == 4:
                    assert sorted(typedcall.uninstall(found)) == NAMES
                else:
                    raises(error, typedcall.uninstall, found)
                Raising.allowed = None
                typedcall.uninstall(found)
                assert dict(vars(found)) == originals, (error, after, allowed)
                assert recorded(found) == 0


def test_installing_within_an_install():
    class Eager(types.ModuleType):
        asked = False

        def __setattr__(self, name, value):
            if not Eager.asked:
                Eager.asked = True
                assert sorted(typedcall.install(self)) == ['one', 'three', 'two']
            super().__setattr__(name, value)

    module = Eager('eager')
    functions = {name: prototype(fixture()['add_long'], c_long, c_long, c_long) for name in ('one', 'two', 'three')}
    vars(module).update(functions)
    typedcall.install(module)
    typedcall.uninstall(module)
    assert {name: vars(module)[name] for name in functions} == functions and recorded(module) == 0


def test_a_child_that_is_forked_in_the_middle_puts_everything_back():
    found = library()
    originals = dict(vars(found))
    stop = threading.Event()

    def again():
        while not stop.is_set():
            typedcall.install(found)
            typedcall.uninstall(found)

    thread = threading.Thread(target=again)
    with switching_often():
        thread.start()
        try:
            for _ in range(100):
                pid = os.fork()
                if pid == 0:
                    code = 1
                    try:
                        signal.alarm(10)
                        typedcall.uninstall(found)
                        first = dict(vars(found)) == originals
                        names = sorted(typedcall.install(found))
                        last = sorted(typedcall.uninstall(found))
                        code = 0 if first and names == last == NAMES and dict(vars(found)) == originals else 2
                    finally:
                        os._exit(code)
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        finally:
            stop.set()
            thread.join()


def test_nothing_shows_in_the_module():
    module = types.ModuleType('shown')
    module.add = prototype(fixture()['add_long'], c_long, c_long, c_long)
    names, attributes = sorted(vars(module)), dir(module)
    plain = dict(vars(module))
    assert typedcall.install(module) == ['add']
    assert sorted(vars(module)) == names and dir(module) == attributes
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        help(module)
    assert 'typedcall_' not in shown.getvalue() and 'typedcall_' not in pydoc.render_doc(module)
    typedcall.uninstall(module)
    assert dict(vars(module)) == plain
    found = library()
    names = sorted(vars(found))
    typedcall.install(found)
    assert sorted(vars(found)) == names
    # A class, too, shows nothing more than before.
    shown = pydoc.render_doc(typed.Thing)
    typedcall.install(typed)
    try:
        assert dir(typed.Thing) == [name for name in dir(typed.Thing) if 'typedcall' not in name]
        assert 'typedcall' not in pydoc.render_doc(typed.Thing).replace('typedcall-tests', ''), shown
    finally:
        typedcall.uninstall(typed)


def test_the_record_keeps_nothing_alive_and_goes_with_its_target():
    gc.collect()
    before = set(_install._records)
    for uninstalled in (False, True):
        for kind in (lambda: types.ModuleType('holder'), library):
            target = kind()
            target.one = prototype(fixture()['add_long'], c_long, c_long, c_long)
            alive = [weakref.ref(target), weakref.ref(target.one)]
            assert 'one' in typedcall.install(target)
            stub = weakref.ref(target.one)
            if uninstalled:
                typedcall.uninstall(target)
                assert stub() is None
            del target
            gc.collect()
            assert [reference() for reference in (*alive, stub)] == [None] * 3
    assert set(_install._records) <= before


def test_a_module_that_is_loaded_again_under_its_name():
    module = types.ModuleType('again')
    for _ in range(3):
        module.__dict__.clear()
        module.__init__('again')
        module.add = plain = prototype(fixture()['add_long'], c_long, c_long, c_long)
        assert typedcall.install(module) == ['add']
    assert typedcall.uninstall(module) == ['add'] and module.add is plain


def test_class_and_static_methods_around_built_in_functions():
    inc = typed.inc

    class Static(staticmethod):
        pass

    class Owner:
        made = classmethod(typed.Thing.inc)
        first = classmethod(inc)
        plain = staticmethod(inc)
        other = Static(inc)

    plain = vars(Owner)['plain']
    plain.note = 'kept'
    module = types.ModuleType('wrapping')
    Owner.__module__ = 'wrapping'
    module.Owner = Owner
    before = dict(vars(Owner))

    def outcomes():
        found = [Owner.plain(1), Owner().plain(1), Owner.other(1)]
        for call in (Owner.first, Owner.made, Owner().first):
            found.append(str(raises(TypeError, call)))
            found.append(str(raises(TypeError, call, 1)))
        return found

    expected = outcomes()
    assert sorted(typedcall.install(module)) == ['Owner.first', 'Owner.made', 'Owner.plain']
    assert outcomes() == expected
    assert {name: type(value) for name, value in vars(Owner).items()} == {
        name: type(value) for name, value in before.items()}
    assert vars(Owner)['plain'].note == 'kept' and vars(Owner)['plain'] is not plain
    assert typedcall.original(Owner.plain) is inc and Owner.other is inc
    assert sorted(typedcall.install(module, release_gil=False)) == ['Owner.first', 'Owner.made', 'Owner.plain']
    assert typedcall.install(module, release_gil=False) == []
    assert sorted(typedcall.uninstall(module)) == ['Owner.first', 'Owner.made', 'Owner.plain']
    assert dict(vars(Owner)) == before and recorded(module) == 0
