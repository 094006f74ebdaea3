/* Typed methods of every kind that stubs are made for, each with a wrapper as extension authors write them.
 *
 * Built with -DMODULE=name, with and without -DTYPEDCALL_SET_FLAG. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

#include "typedcall.h"

#define QUOTE(text) #text
#define NAME_OF(module) QUOTE(module)
#define MODULE_NAME NAME_OF(MODULE)
#define JOIN(a, b) a##b
#define INIT_OF(module) JOIN(PyInit_, module)

#define UNUSED(name) (void)(name)
#define QUIET TYPEDCALL_NO_PYTHON

/* ---- From objects to C values and back ------------------------------------------------------------------------ */

static int get_signed(PyObject *object, int bits, int64_t *value) {
    int overflow;
    int64_t wide = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (wide == -1 && PyErr_Occurred()) return -1;
    int64_t greatest = (int64_t)(UINT64_MAX >> (65 - bits));
    if (overflow || wide > greatest || wide < -greatest - 1) {
        PyErr_Format(PyExc_OverflowError, "%R does not fit into %d bits", object, bits);
        return -1;
    }
    *value = wide;
    return 0;
}

static int get_unsigned(PyObject *object, int bits, uint64_t *value) {
    PyObject *index = PyNumber_Index(object);
    if (index == NULL) return -1;
    uint64_t wide = PyLong_AsUnsignedLongLong(index);
    Py_DECREF(index);
    if (wide == UINT64_MAX && PyErr_Occurred()) return -1;
    if (wide > UINT64_MAX >> (64 - bits)) {
        PyErr_Format(PyExc_OverflowError, "%llu does not fit into %d bits", (unsigned long long)wide, bits);
        return -1;
    }
    *value = wide;
    return 0;
}

static int get_float(PyObject *object, int bits, double *value) {
    UNUSED(bits);
    *value = PyFloat_AsDouble(object);
    return *value == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static int get_truth(PyObject *object, int bits, bool *value) {
    UNUSED(bits);
    int truth = PyObject_IsTrue(object);
    *value = truth > 0;
    return truth < 0 ? -1 : 0;
}

/* X(name of the kind, its constant, its C type, its width in bits, how it is read, the type it is read as) */
#define NUMBERS(X) \
    X(i8, I8, int8_t, 8, signed, int64_t, PyLong_FromLongLong) \
    X(i16, I16, int16_t, 16, signed, int64_t, PyLong_FromLongLong) \
    X(i32, I32, int32_t, 32, signed, int64_t, PyLong_FromLongLong) \
    X(i64, I64, int64_t, 64, signed, int64_t, PyLong_FromLongLong) \
    X(u8, U8, uint8_t, 8, unsigned, uint64_t, PyLong_FromUnsignedLongLong) \
    X(u16, U16, uint16_t, 16, unsigned, uint64_t, PyLong_FromUnsignedLongLong) \
    X(u32, U32, uint32_t, 32, unsigned, uint64_t, PyLong_FromUnsignedLongLong) \
    X(u64, U64, uint64_t, 64, unsigned, uint64_t, PyLong_FromUnsignedLongLong) \
    X(isize, ISIZE, Py_ssize_t, 64, signed, int64_t, PyLong_FromLongLong) \
    X(usize, USIZE, size_t, 64, unsigned, uint64_t, PyLong_FromUnsignedLongLong) \
    X(f32, F32, float, 32, float, double, PyFloat_FromDouble) \
    X(f64, F64, double, 64, float, double, PyFloat_FromDouble)
#define SCALARS(X) NUMBERS(X) X(cbool, CBOOL, bool, 8, truth, bool, PyBool_FromLong)

#define CONVERT(kind, KIND, type, bits, how, wide, make) \
    static int get_##kind(PyObject *object, type *value) { \
        wide found = 0; \
        if (get_##how(object, bits, &found) < 0) return -1; \
        *value = (type)found; \
        return 0; \
    }
SCALARS(CONVERT)

static int arity(const char *name, Py_ssize_t given, Py_ssize_t wanted) {
    if (given == wanted) return 1;
    PyErr_Format(PyExc_TypeError, "%s expected %zd arguments, got %zd", name, wanted, given);
    return 0;
}

#define GET(kind, type, index) \
    type a##index; \
    if (get_##kind(args[index], &a##index) < 0) return NULL;

#define FAST(name) static PyObject *name(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
#define ONE(name) static PyObject *name(PyObject *self, PyObject *arg)
#define NO_ARGUMENTS(name) static PyObject *name(PyObject *self, PyObject *unused)

/* ---- Every scalar: as it is, and with each error convention ---------------------------------------------------- */

/* 7 raises, 1 gives a genuine -1. */
#define SCALAR_METHODS(kind, KIND, type, bits, how, wide, make) \
    static type echo_##kind##_impl(type x) { return x; } \
    ONE(echo_##kind) { \
        type x; \
        UNUSED(self); \
        return get_##kind(arg, &x) < 0 ? NULL : make(echo_##kind##_impl(x)); \
    } \
    TYPEDCALL_METHOD(echo_##kind, echo_##kind##_impl, TYPEDCALL_RESULT(KIND, NEVER, QUIET | TYPEDCALL_PURE), \
                     TYPEDCALL_ARG(KIND, x)); \
    static type check_##kind##_impl(type x) { \
        if (x == (type)7) PyErr_SetString(PyExc_ValueError, "seven, checked"); \
        return x; \
    } \
    ONE(check_##kind) { \
        type x; \
        UNUSED(self); \
        if (get_##kind(arg, &x) < 0) return NULL; \
        x = check_##kind##_impl(x); \
        return PyErr_Occurred() ? NULL : make(x); \
    } \
    TYPEDCALL_METHOD(check_##kind, check_##kind##_impl, TYPEDCALL_RESULT(KIND, CHECK, QUIET), \
                     TYPEDCALL_ARG_UNNAMED(KIND));
SCALARS(SCALAR_METHODS)

#define MINUS_ONE_METHODS(kind, KIND, type, bits, how, wide, make) \
    static type minus_##kind##_impl(type x) { \
        if (x == 7) PyErr_SetString(PyExc_ValueError, "seven, by -1"); \
        return x == 7 || x == 1 ? (type)-1 : x; \
    } \
    ONE(minus_##kind) { \
        type x; \
        UNUSED(self); \
        if (get_##kind(arg, &x) < 0) return NULL; \
        x = minus_##kind##_impl(x); \
        return x == (type)-1 && PyErr_Occurred() ? NULL : make(x); \
    } \
    TYPEDCALL_METHOD(minus_##kind, minus_##kind##_impl, TYPEDCALL_RESULT(KIND, MINUS_ONE, QUIET), \
                     TYPEDCALL_ARG(KIND, x));
NUMBERS(MINUS_ONE_METHODS)

/* ---- Every Python type, as parameter and as result ------------------------------------------------------------- */

/* A false one raises, but None. */
static PyObject *give(PyObject *x) {
    int truth = x == Py_None ? 1 : PyObject_IsTrue(x);
    if (truth == 0) PyErr_SetString(PyExc_ValueError, "an empty argument");
    return truth > 0 ? Py_NewRef(x) : NULL;
}

#define TYPES(X) \
    X(int, INT, PyLong_CheckExact) \
    X(float, FLOAT, PyFloat_CheckExact) \
    X(bool, BOOL, PyBool_Check) \
    X(str, STR, PyUnicode_CheckExact) \
    X(bytes, BYTES, PyBytes_CheckExact) \
    X(list, LIST, PyList_CheckExact) \
    X(tuple, TUPLE, PyTuple_CheckExact) \
    X(dict, DICT, PyDict_CheckExact) \
    X(none, NONE, Py_IsNone) \
    X(object, OBJECT, sizeof)

#define TYPE_METHODS(kind, KIND, check) \
    ONE(give_##kind) { \
        UNUSED(self); \
        if (!check(arg)) return PyErr_Format(PyExc_TypeError, #kind " expected, got %R", arg); \
        return give(arg); \
    } \
    TYPEDCALL_METHOD(give_##kind, give, TYPEDCALL_RESULT(KIND, NULL, 0), TYPEDCALL_ARG(KIND, x));
TYPES(TYPE_METHODS)

/* ---- Results without a value, and exceptions beside a result ---------------------------------------------------- */

static void nothing_impl(PyObject *x) { UNUSED(x); }
ONE(nothing) {
    UNUSED(self);
    nothing_impl(arg);
    Py_RETURN_NONE;
}
TYPEDCALL_METHOD(nothing, nothing_impl, TYPEDCALL_RESULT(VOID, NEVER, QUIET), TYPEDCALL_ARG(OBJECT, x));

static int status_impl(int64_t x) {
    if (x < 0) PyErr_SetString(PyExc_ValueError, "a status other than 0");
    return x < 0 ? (int)(x | 1) : 0;
}
ONE(status) {
    int64_t x;
    UNUSED(self);
    if (get_i64(arg, &x) < 0 || status_impl(x) != 0) return NULL;
    Py_RETURN_NONE;
}
TYPEDCALL_METHOD(status, status_impl, TYPEDCALL_RESULT(VOID, NONZERO, QUIET), TYPEDCALL_ARG(I64, x));

static void quiet_impl(int64_t x) {
    if (x == 7) PyErr_SetString(PyExc_ValueError, "seven, without a result");
}
ONE(quiet) {
    int64_t x;
    UNUSED(self);
    if (get_i64(arg, &x) < 0) return NULL;
    quiet_impl(x);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}
TYPEDCALL_METHOD(quiet, quiet_impl, TYPEDCALL_RESULT(VOID, CHECK, 0), TYPEDCALL_ARG(I64, x));

/* A str comes back beside an exception, bytes raise without a result. */
static PyObject *checked_impl(PyObject *x) {
    if (PyUnicode_Check(x) || PyBytes_Check(x)) PyErr_SetString(PyExc_ValueError, "text");
    return PyBytes_Check(x) ? NULL : Py_NewRef(x);
}
ONE(checked) {
    UNUSED(self);
    PyObject *result = checked_impl(arg);
    if (PyErr_Occurred()) Py_CLEAR(result);
    return result;
}
TYPEDCALL_METHOD(checked, checked_impl, TYPEDCALL_RESULT(OBJECT, CHECK, 0), TYPEDCALL_ARG(OBJECT, x));

static PyObject *itself_impl(PyObject *x) { return Py_NewRef(x); }
ONE(itself) {
    UNUSED(self);
    return itself_impl(arg);
}
TYPEDCALL_METHOD(itself, itself_impl, TYPEDCALL_RESULT(OBJECT, NEVER, QUIET), TYPEDCALL_ARG(OBJECT, x));

static PyObject *call_impl(PyObject *x) { return PyObject_CallNoArgs(x); }
ONE(call) {
    UNUSED(self);
    return call_impl(arg);
}
TYPEDCALL_METHOD(call, call_impl, TYPEDCALL_RESULT(OBJECT, NULL, 0), TYPEDCALL_ARG(OBJECT, x));

/* ---- self and context -------------------------------------------------------------------------------------------- */

static int64_t answer_impl(void) { return 42; }
NO_ARGUMENTS(answer) {
    UNUSED(self);
    UNUSED(unused);
    return PyLong_FromLongLong(answer_impl());
}
TYPEDCALL_METHOD(answer, answer_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET));

static PyObject *owner_impl(PyObject *self) { return Py_NewRef(self); }
NO_ARGUMENTS(owner) {
    UNUSED(unused);
    return owner_impl(self);
}
TYPEDCALL_METHOD(owner, owner_impl, TYPEDCALL_RESULT(OBJECT, NULL, 0), TYPEDCALL_SELF);

static PyObject *owner_and_impl(PyObject *self, int64_t x) { return Py_BuildValue("(OL)", self, (long long)x); }
ONE(owner_and) {
    int64_t x;
    return get_i64(arg, &x) < 0 ? NULL : owner_and_impl(self, x);
}
TYPEDCALL_METHOD(owner_and, owner_and_impl, TYPEDCALL_RESULT(TUPLE, NULL, 0), TYPEDCALL_SELF, TYPEDCALL_ARG(I64, x));

static PyObject *late_owner_impl(int8_t x, typedcall_context *context, double y, PyObject *self, PyObject *z) {
    return Py_BuildValue("(iNdOO)", x, PyLong_FromVoidPtr(context->thread_state), y, self, z);
}
FAST(late_owner) {
    typedcall_context context = typedcall_context_here();
    if (!arity("late_owner", nargs, 3)) return NULL;
    GET(i8, int8_t, 0) GET(f64, double, 1)
    return late_owner_impl(a0, &context, a1, self, args[2]);
}
TYPEDCALL_METHOD(late_owner, late_owner_impl, TYPEDCALL_RESULT(TUPLE, NULL, 0), TYPEDCALL_ARG(I8, x),
                 TYPEDCALL_CONTEXT, TYPEDCALL_ARG(F64, y), TYPEDCALL_SELF, TYPEDCALL_ARG(OBJECT, z));

static size_t state_impl(typedcall_context *context) {
    int sound = context->version == TYPEDCALL_CONTEXT_VERSION && context->size >= sizeof(*context) &&
                context->interpreter == (void *)PyInterpreterState_Get();
    return sound ? (size_t)context->thread_state : 0;
}
NO_ARGUMENTS(state) {
    typedcall_context context = typedcall_context_here();
    UNUSED(self);
    UNUSED(unused);
    return PyLong_FromSize_t(state_impl(&context));
}
TYPEDCALL_METHOD(state, state_impl, TYPEDCALL_RESULT(USIZE, NEVER, QUIET), TYPEDCALL_CONTEXT);

static size_t state_last_impl(PyObject *x, typedcall_context *context) { return x == Py_None ? 0 : state_impl(context); }
ONE(state_last) {
    typedcall_context context = typedcall_context_here();
    UNUSED(self);
    return PyLong_FromSize_t(state_last_impl(arg, &context));
}
TYPEDCALL_METHOD(state_last, state_last_impl, TYPEDCALL_RESULT(USIZE, NEVER, 0), TYPEDCALL_ARG(OBJECT, x),
                 TYPEDCALL_CONTEXT);

/* The address of the context itself. */
static size_t context_impl(typedcall_context *context) { return (size_t)context; }
NO_ARGUMENTS(context_address) {
    UNUSED(self);
    UNUSED(unused);
    return PyLong_FromLong(0);
}
TYPEDCALL_METHOD(context_address, context_impl, TYPEDCALL_RESULT(USIZE, NEVER, QUIET), TYPEDCALL_CONTEXT);

/* ---- Two parameters to sixteen, past the argument registers ------------------------------------------------------ */

static double add_impl(double a, double b) { return a + b; }
FAST(add) {
    UNUSED(self);
    if (!arity("add", nargs, 2)) return NULL;
    GET(f64, double, 0) GET(f64, double, 1)
    return PyFloat_FromDouble(add_impl(a0, a1));
}
TYPEDCALL_METHOD(add, add_impl, TYPEDCALL_RESULT(F64, NEVER, QUIET | TYPEDCALL_PURE), TYPEDCALL_ARG(F64, a),
                 TYPEDCALL_ARG(F64, b));

static int64_t plus_none_impl(PyObject *o, int64_t n) { return (int64_t)((uint64_t)n + (o == Py_None)); }
FAST(plus_none) {
    UNUSED(self);
    if (!arity("plus_none", nargs, 2)) return NULL;
    GET(i64, int64_t, 1)
    return PyLong_FromLongLong(plus_none_impl(args[0], a1));
}
TYPEDCALL_METHOD(plus_none, plus_none_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET), TYPEDCALL_ARG(OBJECT, o),
                 TYPEDCALL_ARG(I64, n));

static PyObject *six_impl(int64_t a, int8_t b, uint8_t c, int16_t d, uint32_t e, uint64_t f) {
    return Py_BuildValue("(LbBhIK)", (long long)a, b, c, d, e, (unsigned long long)f);
}
FAST(six) {
    UNUSED(self);
    if (!arity("six", nargs, 6)) return NULL;
    GET(i64, int64_t, 0) GET(i8, int8_t, 1) GET(u8, uint8_t, 2) GET(i16, int16_t, 3) GET(u32, uint32_t, 4)
    GET(u64, uint64_t, 5)
    return six_impl(a0, a1, a2, a3, a4, a5);
}
TYPEDCALL_METHOD(six, six_impl, TYPEDCALL_RESULT(TUPLE, NULL, 0), TYPEDCALL_ARG(I64, a), TYPEDCALL_ARG(I8, b),
                 TYPEDCALL_ARG(U8, c), TYPEDCALL_ARG(I16, d), TYPEDCALL_ARG(U32, e), TYPEDCALL_ARG(U64, f));

static double seven_impl(int64_t a, double b, int32_t c, float d, uint16_t e, double f, bool g) {
    return (double)a + 2 * b + 3.0 * c + 4 * d + 5.0 * e + 6 * f + 7 * g;
}
FAST(seven) {
    UNUSED(self);
    if (!arity("seven", nargs, 7)) return NULL;
    GET(i64, int64_t, 0) GET(f64, double, 1) GET(i32, int32_t, 2) GET(f32, float, 3) GET(u16, uint16_t, 4)
    GET(f64, double, 5) GET(cbool, bool, 6)
    return PyFloat_FromDouble(seven_impl(a0, a1, a2, a3, a4, a5, a6));
}
TYPEDCALL_METHOD(seven, seven_impl, TYPEDCALL_RESULT(F64, NEVER, QUIET), TYPEDCALL_ARG(I64, a), TYPEDCALL_ARG(F64, b),
                 TYPEDCALL_ARG(I32, c), TYPEDCALL_ARG(F32, d), TYPEDCALL_ARG(U16, e), TYPEDCALL_ARG(F64, f),
                 TYPEDCALL_ARG(CBOOL, g));

/* Three of the integers are passed on the stack, narrow ones among them. */
static int64_t nine_impl(int8_t a, int16_t b, int32_t c, int64_t d, uint8_t e, uint16_t f, int8_t g, int16_t h,
                         uint32_t i) {
    return a + 2 * b + 3 * (int64_t)c + 4 * (d >> 8) + 5 * e + 6 * f + 7 * g + 8 * h + 9 * (int64_t)i;
}
FAST(nine) {
    UNUSED(self);
    if (!arity("nine", nargs, 9)) return NULL;
    GET(i8, int8_t, 0) GET(i16, int16_t, 1) GET(i32, int32_t, 2) GET(i64, int64_t, 3) GET(u8, uint8_t, 4)
    GET(u16, uint16_t, 5) GET(i8, int8_t, 6) GET(i16, int16_t, 7) GET(u32, uint32_t, 8)
    return PyLong_FromLongLong(nine_impl(a0, a1, a2, a3, a4, a5, a6, a7, a8));
}
TYPEDCALL_METHOD(nine, nine_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET), TYPEDCALL_ARG(I8, a), TYPEDCALL_ARG(I16, b),
                 TYPEDCALL_ARG(I32, c), TYPEDCALL_ARG(I64, d), TYPEDCALL_ARG(U8, e), TYPEDCALL_ARG(U16, f),
                 TYPEDCALL_ARG(I8, g), TYPEDCALL_ARG(I16, h), TYPEDCALL_ARG(U32, i));

static PyObject *sixteen_impl(int64_t a, double b, int8_t c, float d, uint16_t e, double f, int32_t g, double h,
                              uint8_t i, double j, int16_t k, double l, bool m, double n, uint64_t o, PyObject *p) {
    return Py_BuildValue("(LdbdHdidBdhdidKO)", (long long)a, b, c, (double)d, e, f, g, h, i, j, k, l, m, n,
                         (unsigned long long)o, p);
}
FAST(sixteen) {
    UNUSED(self);
    if (!arity("sixteen", nargs, 16)) return NULL;
    GET(i64, int64_t, 0) GET(f64, double, 1) GET(i8, int8_t, 2) GET(f32, float, 3) GET(u16, uint16_t, 4)
    GET(f64, double, 5) GET(i32, int32_t, 6) GET(f64, double, 7) GET(u8, uint8_t, 8) GET(f64, double, 9)
    GET(i16, int16_t, 10) GET(f64, double, 11) GET(cbool, bool, 12) GET(f64, double, 13) GET(u64, uint64_t, 14)
    return sixteen_impl(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, args[15]);
}
TYPEDCALL_METHOD(sixteen, sixteen_impl, TYPEDCALL_RESULT(TUPLE, NULL, 0), TYPEDCALL_ARG(I64, a), TYPEDCALL_ARG(F64, b),
                 TYPEDCALL_ARG(I8, c), TYPEDCALL_ARG(F32, d), TYPEDCALL_ARG(U16, e), TYPEDCALL_ARG(F64, f),
                 TYPEDCALL_ARG(I32, g), TYPEDCALL_ARG(F64, h), TYPEDCALL_ARG(U8, i), TYPEDCALL_ARG(F64, j),
                 TYPEDCALL_ARG(I16, k), TYPEDCALL_ARG(F64, l), TYPEDCALL_ARG(CBOOL, m), TYPEDCALL_ARG(F64, n),
                 TYPEDCALL_ARG(U64, o), TYPEDCALL_ARG(OBJECT, p));

/* Half of the floats are passed on the stack. */
#define F(index) GET(f64, double, index)
static double floats_impl(double a, double b, double c, double d, double e, double f, double g, double h, double i,
                          double j, double k, double l, double m, double n, double o, double p) {
    return a - 2 * b + 3 * c - 4 * d + 5 * e - 6 * f + 7 * g - 8 * h + 9 * i - 10 * j + 11 * k - 12 * l + 13 * m -
           14 * n + 15 * o - 16 * p;
}
FAST(floats) {
    UNUSED(self);
    if (!arity("floats", nargs, 16)) return NULL;
    F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12) F(13) F(14) F(15)
    return PyFloat_FromDouble(
        floats_impl(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15));
}
#define FLOATS_4 TYPEDCALL_ARG_UNNAMED(F64), TYPEDCALL_ARG_UNNAMED(F64), TYPEDCALL_ARG_UNNAMED(F64), \
                 TYPEDCALL_ARG_UNNAMED(F64)
TYPEDCALL_METHOD(floats, floats_impl, TYPEDCALL_RESULT(F64, NEVER, QUIET), FLOATS_4, FLOATS_4, FLOATS_4, FLOATS_4);

/* ---- Conventions that only a vectorcall stub serves --------------------------------------------------------------- */

static double varargs_impl(int64_t x, double y) { return (double)x * y; }
static PyObject *varargs(PyObject *self, PyObject *args) {
    long long x;
    double y;
    UNUSED(self);
    return PyArg_ParseTuple(args, "Ld:varargs", &x, &y) ? PyFloat_FromDouble(varargs_impl(x, y)) : NULL;
}
TYPEDCALL_METHOD(varargs, varargs_impl, TYPEDCALL_RESULT(F64, NEVER, QUIET), TYPEDCALL_ARG(I64, x),
                 TYPEDCALL_ARG(F64, y));

static PyObject *named(PyObject *self, PyObject *args, PyObject *keywords) {
    static char *names[] = {"x", "y", NULL};
    long long x;
    double y = 2.5;
    UNUSED(self);
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "L|d:named", names, &x, &y)) return NULL;
    return PyFloat_FromDouble(varargs_impl(x, y));
}
TYPEDCALL_METHOD(named, varargs_impl, TYPEDCALL_RESULT(F64, NEVER, QUIET), TYPEDCALL_ARG(I64, x),
                 TYPEDCALL_ARG_DEFAULT_FLOAT(F64, y, 2.5, 0));

static PyObject *fast_named(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names) {
    Py_ssize_t keywords = names == NULL ? 0 : PyTuple_GET_SIZE(names);
    UNUSED(self);
    if (!arity("fast_named", nargs + keywords, 2)) return NULL;
    for (Py_ssize_t index = 0; index < keywords; index++) {
        const char *wanted = nargs + index == 0 ? "x" : "y";
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, index), wanted) != 0) {
            return PyErr_Format(PyExc_TypeError, "fast_named: %s expected, got %R", wanted,
                                PyTuple_GET_ITEM(names, index));
        }
    }
    GET(i64, int64_t, 0) GET(f64, double, 1)
    return PyFloat_FromDouble(varargs_impl(a0, a1));
}
TYPEDCALL_METHOD(fast_named, varargs_impl, TYPEDCALL_RESULT(F64, NEVER, QUIET), TYPEDCALL_ARG(I64, x),
                 TYPEDCALL_ARG(F64, y));

/* ---- Methods of types ---------------------------------------------------------------------------------------------- */

/* Text(str): a method that wants a str exactly, which no instance of Text is. */
static Py_ssize_t width_impl(PyObject *self) { return PyUnicode_GET_LENGTH(self); }
NO_ARGUMENTS(width) {
    UNUSED(unused);
    return PyLong_FromSsize_t(width_impl(self));
}
TYPEDCALL_METHOD(width, width_impl, TYPEDCALL_RESULT(ISIZE, NEVER, QUIET), TYPEDCALL_SELF_OF(STR));

/* Number(int): the receiver as a C integer, where it is an int. */
static int64_t plus_impl(int64_t self, int64_t x) { return (int64_t)((uint64_t)self + (uint64_t)x); }
ONE(plus) {
    int64_t own, x;
    return get_i64(self, &own) < 0 || get_i64(arg, &x) < 0 ? NULL : PyLong_FromLongLong(plus_impl(own, x));
}
TYPEDCALL_METHOD(plus, plus_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET), TYPEDCALL_SELF_OF(I64), TYPEDCALL_ARG(I64, x));

/* A class method and a static one. */
static PyObject *make_impl(PyObject *type, int64_t x) { return Py_BuildValue("(OL)", type, (long long)x); }
ONE(make) {
    int64_t x;
    return get_i64(arg, &x) < 0 ? NULL : make_impl(self, x);
}
TYPEDCALL_METHOD(make, make_impl, TYPEDCALL_RESULT(TUPLE, NULL, 0), TYPEDCALL_SELF, TYPEDCALL_ARG(I64, x));
TYPEDCALL_METHOD_NAMED(fixed, "fixed", echo_i64_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET), TYPEDCALL_ARG(I64, x));

static PyMethodDef text_methods[] = {
    TYPEDCALL_DEF(width, width, METH_NOARGS, NULL),
    TYPEDCALL_DEF(owner, owner, METH_NOARGS, NULL),
    {NULL, NULL, 0, NULL},
};
static PyMethodDef number_methods[] = {
    TYPEDCALL_DEF(plus, plus, METH_O, NULL),
    TYPEDCALL_DEF(owner_and, owner_and, METH_O, NULL),
    {NULL, NULL, 0, NULL},
};
static PyMethodDef point_methods[] = {
    TYPEDCALL_DEF(owner, owner, METH_NOARGS, NULL),
    TYPEDCALL_DEF(owner_and, owner_and, METH_O, NULL),
    TYPEDCALL_DEF(late_owner, late_owner, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(make, make, METH_O | METH_CLASS, NULL),
    TYPEDCALL_DEF(fixed, echo_i64, METH_O | METH_STATIC, NULL),
    {NULL, NULL, 0, NULL},
};

/* ---- The module ------------------------------------------------------------------------------------------------------ */

#define SCALAR_LINES(kind, KIND, type, bits, how, wide, make) \
    TYPEDCALL_DEF(echo_##kind, echo_##kind, METH_O, "echo_" #kind "(x)\n--\n\nThe same number."), \
    TYPEDCALL_DEF(check_##kind, check_##kind, METH_O, NULL),
#define MINUS_ONE_LINES(kind, KIND, type, bits, how, wide, make) TYPEDCALL_DEF(minus_##kind, minus_##kind, METH_O, NULL),
#define TYPE_LINES(kind, KIND, check) TYPEDCALL_DEF(give_##kind, give_##kind, METH_O, NULL),

static PyMethodDef methods[] = {
    SCALARS(SCALAR_LINES)
    NUMBERS(MINUS_ONE_LINES)
    TYPES(TYPE_LINES)
    TYPEDCALL_DEF(nothing, nothing, METH_O, NULL),
    TYPEDCALL_DEF(status, status, METH_O, NULL),
    TYPEDCALL_DEF(quiet, quiet, METH_O, NULL),
    TYPEDCALL_DEF(checked, checked, METH_O, NULL),
    TYPEDCALL_DEF(itself, itself, METH_O, NULL),
    TYPEDCALL_DEF(call, call, METH_O, NULL),
    TYPEDCALL_DEF(answer, answer, METH_NOARGS, NULL),
    TYPEDCALL_DEF(owner, owner, METH_NOARGS, NULL),
    TYPEDCALL_DEF(owner_and, owner_and, METH_O, NULL),
    TYPEDCALL_DEF(late_owner, late_owner, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(state, state, METH_NOARGS, NULL),
    TYPEDCALL_DEF(state_last, state_last, METH_O, NULL),
    TYPEDCALL_DEF(context_address, context_address, METH_NOARGS, NULL),
    TYPEDCALL_DEF(add, add, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(plus_none, plus_none, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(six, six, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(seven, seven, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(nine, nine, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(sixteen, sixteen, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(floats, floats, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(varargs, varargs, METH_VARARGS, NULL),
    TYPEDCALL_DEF(named, named, METH_VARARGS | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(fast_named, fast_named, METH_FASTCALL | METH_KEYWORDS, NULL),
    {NULL, NULL, 0, NULL},
};

static int add_type(PyObject *module, const char *name, PyMethodDef *methods, PyTypeObject *base) {
    PyType_Slot slots[] = {{Py_tp_methods, methods}, {0, NULL}};
    PyType_Spec spec = {name, 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    PyObject *type = PyType_FromSpecWithBases(&spec, (PyObject *)base);
    int status = type == NULL ? -1 : PyModule_AddType(module, (PyTypeObject *)type);
    Py_XDECREF(type);
    return status;
}

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, MODULE_NAME, NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC INIT_OF(MODULE)(void);
PyMODINIT_FUNC INIT_OF(MODULE)(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL) return NULL;
    if (add_type(module, MODULE_NAME ".Text", text_methods, &PyUnicode_Type) < 0 ||
        add_type(module, MODULE_NAME ".Number", number_methods, &PyLong_Type) < 0 ||
        add_type(module, MODULE_NAME ".Point", point_methods, &PyBaseObject_Type) < 0) {
        Py_CLEAR(module);
    }
    return module;
}
