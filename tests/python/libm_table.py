"""The functions of libm by what they take and give, for double; names with f, f32, f64 and f32x are made of these."""

import ctypes
import re

ONE_DOUBLE = '''
acos acosh asin asinh atan atanh cbrt ceil cos cosh erf erfc exp exp10 exp2 expm1 fabs floor gamma j0 j1 lgamma log
log10 log1p log2 logb nearbyint nextdown nextup rint round roundeven significand sin sinh sqrt tan tanh tgamma trunc y0
y1 pow10 acospi asinpi atanpi cospi exp10m1 exp2m1 log10p1 log2p1 logp1 rsqrt sinpi tanpi'''.split()

TWO_DOUBLES = '''
atan2 copysign drem fdim fmax fmaximum fmaximum_mag fmaximum_mag_num fmaximum_num fmaxmag fmin fminimum fminimum_mag
fminimum_mag_num fminimum_num fminmag fmod hypot nextafter pow remainder scalb atan2pi powr'''.split()

# From double to int.
TO_LONG = 'lrint lround llrint llround llogb'.split()
TO_INT = 'ilogb finite'.split()
# A double and an int; an int and a double.
DOUBLE_INT = 'ldexp scalbn'.split()
DOUBLE_LONG = 'scalbln'.split()
INT_DOUBLE = 'jn yn'.split()
THREE_DOUBLES = 'fma'.split()

# Functions with long doubles, complex numbers or pointers, or that change the processor's state; and functions with two
# formats in their names (fadd, f32addf64).
OTHERS = '''
cabs cacos cacosh carg casin casinh catan catanh ccos ccosh cexp cimag clog clog10 conj cpow cproj creal csin csinh
csqrt ctan ctanh canonicalize frexp modf remquo sincos nan nexttoward lgamma_r matherr signgam getpayload setpayload
setpayloadsig fromfp fromfpx ufromfp ufromfpx totalorder totalordermag compoundn pown rootn'''.split()
PATTERNS = (r'fe[a-z]+', r'(f|d|f32x?|f64x?)(add|sub|mul|div|sqrt|fma)(l|f32x?|f64x?|f128)?', r'lgamma\w*_r',
            r'GLIBC_.*', r'_.*')

# As on Linux x86-64: f64 and f32x are double, f32 is float; l, f64x and f128 are not tested.
DOUBLE_SUFFIXES = '', 'f64', 'f32x'
FLOAT_SUFFIXES = 'f', 'f32'

KNOWN = {*ONE_DOUBLE, *TWO_DOUBLES, *TO_LONG, *TO_INT, *DOUBLE_INT, *DOUBLE_LONG, *INT_DOUBLE, *THREE_DOUBLES, *OTHERS}


def is_known(name):
    """Whether the table has an exported name, or omits it on purpose."""
    if name in KNOWN or any(re.fullmatch(pattern, name) for pattern in PATTERNS):
        return True
    return any(name.removesuffix(suffix) in KNOWN for suffix in ('f', 'l', 'f32', 'f64', 'f32x', 'f64x', 'f128'))


def address(function):
    return ctypes.cast(function, ctypes.c_void_p).value


def functions(library, names, suffixes):
    """The library's functions of these names with each suffix, but each address once."""
    seen = set()
    for name in names:
        for suffix in suffixes:
            try:
                function = library[name + suffix]
            except AttributeError:
                continue
            if address(function) not in seen:
                seen.add(address(function))
                yield function
