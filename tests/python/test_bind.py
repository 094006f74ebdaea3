"""`bind`: a callable of a bare C function."""

import ctypes
import inspect
import keyword
import math

import typedcall
from support import Hits, floats, raises

libm = ctypes.CDLL('libm.so.6')


def address(name):
    return ctypes.cast(libm[name], ctypes.c_void_p).value


def test_a_bare_function_is_called():
    j0 = typedcall.bind(address('j0'), '(x: f64) -> f64', 'j0', module='bessel', doc='Of the first kind.')
    libm.j0.argtypes, libm.j0.restype = [ctypes.c_double], ctypes.c_double
    with Hits(40):
        for value in floats(50, 41):
            expected, found = libm.j0(value), j0(value)
            assert expected == found or math.isnan(expected) and math.isnan(found)
    assert (j0.__name__, j0.__module__, j0.__doc__) == ('j0', 'bessel', 'Of the first kind.')
    assert typedcall.signature(j0).startswith('(x: f64) -> f64')


def test_wrong_arguments_raise():
    hypot = typedcall.bind(address('hypot'), '(f64, f64) -> f64', 'hypot')
    assert hypot(3, 4) == 5.0
    for arguments in ((), (1,), (1, 2, 3), ('x', 1), (None, 1)):
        assert 'hypot' in str(raises(TypeError, hypot, *arguments)) or arguments in (('x', 1), (None, 1))


def test_a_text_signature_is_shown():
    pow = typedcall.bind(address('pow'), '(x: f64, y: f64) -> f64', 'pow', text_signature='(x, y)')
    assert list(inspect.signature(pow).parameters) == ['x', 'y']


def test_a_text_signature_that_nobody_can_read_is_refused():
    for wrong in ('x', '(x', '(class)', '(x,, y)', '(x) -> float', '(x)\n--\n\n', '(x)\n', '(y=1, x)', '(x): 0; (y)', '',
                  '(x: int)', '(x=foo, /)', '(x=f(), /)', '(x=None if 1 else 2)', '(x=lambda: 0)', '(x=not 1)',
                  "(x=f'{1}')", '(é)', "(x='é')"):
        error = raises(typedcall.Error, typedcall.bind, address('j0'), '(f64) -> f64', 'j0', text_signature=wrong)
        assert repr(wrong) in str(error)
    raises(TypeError, typedcall.bind, address('j0'), '(f64) -> f64', 'j0', text_signature=3)
    for text in ('()', '(x)', '($module, x, /)', '(x, y=1.5, /, *, z=")", type=None)',
                 '(x=-1, y=(1, 2), *args, **kwargs)'):
        bound = typedcall.bind(address('j0'), '(f64) -> f64', 'j0', text_signature=text)
        assert str(inspect.signature(bound)) == text.replace('$module, ', '').replace('"', "'")


def test_a_parameter_that_no_call_can_name_is_refused():
    for name in (*keyword.kwlist, '__debug__'):
        for signature in ('({}: f64) -> f64', '(x: f64, *, {}: f64 = 1.0) -> f64'):
            error = raises(typedcall.Error, typedcall.bind, address('j0'), signature.format(name), 'j0')
            assert f'`{name}`' in str(error) and 'rename' in str(error)
    # Words that are keywords only in some places.
    for name in (*keyword.softkwlist, 'print', 'exec', 'nonlocals'):
        if name == '_' or name.isidentifier():
            bound = typedcall.bind(address('j0'), f'({name}: f64) -> f64', 'j0')
            assert list(inspect.signature(bound).parameters) == [name] and bound(**{name: 0}) == 1.0


def test_every_text_signature_that_is_made_can_be_read():
    for signature, expected in (
            ('() -> f64', '()'), ('(f64) -> f64', '(arg, /)'), ('(f64, arg1: f64) -> f64', '(arg1_, /, arg1)'),
            ("(x: cstr = ')\u2028\u200d') -> f64", '(x=Ellipsis)'), ("(x: cstr = '\u00e9') -> f64", '(x=Ellipsis)'),
            ("(x: cstr = '\\\\\\'\"') -> f64", None),
            ("(x: cstr = '$self, ($') -> f64", "(x='$self, ($')"), ("(x: cstr = '\\t') -> f64", '(x=Ellipsis)'),
            ('(x: f64 = -0.0, *, y: f32 = 1e30, z: cbool = True) -> f64', '(x=-0.0, *, y=1e+30, z=True)'),
            ('(x: i64 = -9223372036854775808, y: u64 = 18446744073709551615) -> f64',
             '(x=-9223372036854775808, y=18446744073709551615)'),
            ('(x: f64 = inf, y: f64 = nan, z: object? = None) -> f64', '(x=Ellipsis, y=Ellipsis, z=None)')):
        bound = typedcall.bind(address('j0'), signature, 'j0', doc='Text.')
        found = str(inspect.signature(bound))
        assert expected in (found, None) and bound.__doc__ == 'Text.', (signature, found)


def test_a_wrong_signature_is_an_error_with_its_column():
    error = raises(typedcall.Error, typedcall.bind, address('j0'), '(f65) -> f64', 'j0')
    assert 'f65' in str(error) or 'column' in str(error)
    raises((typedcall.Error, TypeError), typedcall.bind, 0, '(f64) -> f64', 'nowhere')
    for wrong in ('address', 0, -1, 2**63, 2**64, 1.0, None):
        raises(TypeError, typedcall.bind, wrong, '(f64) -> f64', 'j0')


def test_the_explanation_says_that_it_is_checked():
    j0 = typedcall.bind(address('j0'), '(f64) -> f64', 'j0')
    assert typedcall.explain(j0).why_not is None and 'f64' in typedcall.explain(j0).signature
    assert typedcall.explain(j0).entry == 'checked' and 'None' not in typedcall.explain(j0).name
    assert typedcall.original(j0) is j0 or typedcall.original(j0) is None
