/* The parts of underlying functions: numbers made of arguments, and results made of numbers. */

#include "matrix.h"

int matrix_mode;

/* Each step is a bijection of either side, so that nothing that differs gets lost on the way. */
uint64_t matrix_mix(uint64_t hash, uint64_t next) {
    hash = (hash ^ next) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

#define HASH_INTEGER(T, NAME, MIN, MAX) \
    uint64_t hash_##NAME(T value) { return (uint64_t)value; }
MATRIX_INTEGERS(HASH_INTEGER)

uint64_t hash_f32(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

uint64_t hash_f64(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

uint64_t hash_cbool(bool value) { return value ? 3 : 2; }

/* Both sides pass the same object. */
uint64_t hash_ptr(PyObject *value) { return (uint64_t)(uintptr_t)value; }

/* Two contexts of a thread have the same public fields. */
uint64_t hash_context(typedcall_context *value) {
    if (value->size < sizeof(typedcall_context)) return 0;
    uint64_t hash = matrix_mix(value->version, (uint64_t)(uintptr_t)value->thread_state);
    return matrix_mix(hash, (uint64_t)(uintptr_t)value->interpreter);
}

uint64_t hash_buffer(const void *start, Py_ssize_t length) {
    if (start == NULL) return matrix_mix(42, (uint64_t)length);
    uint64_t hash = (uint64_t)length;
    for (Py_ssize_t index = 0; index < length; index++) hash = matrix_mix(hash, ((const unsigned char *)start)[index]);
    return hash;
}

/* A function may rely on the NUL after the text. */
uint64_t hash_cstr(const char *start, Py_ssize_t length) {
    return hash_buffer(start, start == NULL ? length : length + 1);
}

PyObject *matrix_raise(uint64_t hash) {
    PyGILState_STATE state = PyGILState_Ensure();
    PyErr_Format(PyExc_ArithmeticError, "raised for %llu", (unsigned long long)hash);
    PyGILState_Release(state);
    return NULL;
}

PyObject *matrix_lend(PyObject *object) {
    static PyObject *kept;
    Py_XDECREF(kept);
    return kept = object;
}

/* A result, and beside it perhaps an exception. */
#define CHECKED(T, NAME) \
    T make_##NAME##_check(uint64_t hash) { \
        T result = NAME##_of(hash); \
        if (matrix_mode == MATRIX_RAISE) matrix_raise(hash); \
        return result; \
    }

/* -1 with an exception, and in the odd mode -1 that is a result like others. */
#define NUMBER(T, NAME) \
    T make_##NAME##_never(uint64_t hash) { return NAME##_of(hash); } \
    T make_##NAME##_minus_one(uint64_t hash) { \
        if (matrix_mode == MATRIX_RAISE) matrix_raise(hash); \
        return NAME##_of(hash); \
    } \
    CHECKED(T, NAME)

/* The convention of `check` may return anything beside an exception, the others' -1 is in the odd mode's results. */
#define INTEGER(T, NAME, MIN, MAX) \
    static T NAME##_of(uint64_t hash) { \
        if (matrix_mode != MATRIX_NORMAL) return (T)-1; \
        switch (hash >> 32 & 7) { \
        case 0: return MIN; \
        case 1: return MAX; \
        case 2: return 0; \
        case 3: return (T)(hash >> 40 & 15); \
        default: return (T)hash; \
        } \
    } \
    NUMBER(T, NAME)
MATRIX_INTEGERS(INTEGER)

static double f64_of(uint64_t hash) {
    static const double edges[8] = {0.0, -0.0, -1.0, 1e300, -1e-320, Py_HUGE_VAL, 1.5, 3.0};
    if (matrix_mode != MATRIX_NORMAL) return -1.0;
    /* A NaN with some bits of its own, and quiet. */
    uint64_t nan = UINT64_C(0x7FF8000000000000) | hash >> 20;
    double number;
    memcpy(&number, &nan, sizeof(number));
    return (hash & 15) == 8 ? number : hash & 8 ? (double)(int64_t)hash : edges[hash & 7];
}
static float f32_of(uint64_t hash) { return (float)f64_of(hash); }
NUMBER(float, f32)
NUMBER(double, f64)

static bool cbool_of(uint64_t hash) { return matrix_mode == MATRIX_NORMAL ? hash & 1 : matrix_mode == MATRIX_ODD; }
bool make_cbool_never(uint64_t hash) { return cbool_of(hash); }
CHECKED(bool, cbool)

static PyObject *exact_of(int kind, uint64_t hash) {
    unsigned long long number = hash >> (hash & 48);
    switch (kind) {
    case TYPEDCALL_KIND_INT: return PyLong_FromUnsignedLongLong(number);
    case TYPEDCALL_KIND_FLOAT: return PyFloat_FromDouble((double)number);
    case TYPEDCALL_KIND_BOOL: return PyBool_FromLong(hash & 1);
    case TYPEDCALL_KIND_STR: return PyUnicode_FromFormat("%llu", number);
    case TYPEDCALL_KIND_BYTES: return PyBytes_FromFormat("%lx", (unsigned long)number);
    case TYPEDCALL_KIND_LIST: return Py_BuildValue("[K]", number);
    case TYPEDCALL_KIND_TUPLE: return Py_BuildValue("(K)", number);
    case TYPEDCALL_KIND_DICT: return Py_BuildValue("{iK}", 1, number);
    case TYPEDCALL_KIND_USER: return PyObject_CallFunction((PyObject *)matrix_point, "((K))", number);
    default: Py_RETURN_NONE;
    }
}

static PyObject *object_of(int kind, int subclasses, uint64_t hash) {
    static const int any[8] = {TYPEDCALL_KIND_INT,  TYPEDCALL_KIND_FLOAT, TYPEDCALL_KIND_STR,  TYPEDCALL_KIND_NONE,
                               TYPEDCALL_KIND_DICT, TYPEDCALL_KIND_USER,  TYPEDCALL_KIND_LIST, TYPEDCALL_KIND_BOOL};
    PyGILState_STATE state = PyGILState_Ensure();
    if (kind == TYPEDCALL_KIND_OBJECT) kind = any[hash >> 40 & 7];
    PyObject *object = exact_of(kind, hash);
    if (subclasses && hash & 1 && matrix_subclass[kind] != NULL && object != NULL) {
        PyObject *exact = object;
        object = PyObject_CallFunctionObjArgs((PyObject *)matrix_subclass[kind], exact, NULL);
        Py_DECREF(exact);
    }
    PyGILState_Release(state);
    return object;
}

/* By `check` a function may return an object beside its exception, too. */
#define OBJECT_MAKER(NAME, KIND, SUBCLASSES) \
    PyObject *make_##NAME##_never(uint64_t hash) { return object_of(TYPEDCALL_KIND_##KIND, SUBCLASSES, hash); } \
    PyObject *make_##NAME##_null(uint64_t hash) { \
        return matrix_mode == MATRIX_RAISE ? matrix_raise(hash) : make_##NAME##_never(hash); \
    } \
    PyObject *make_##NAME##_check(uint64_t hash) { \
        PyObject *result = matrix_mode == MATRIX_RAISE && hash & 2 ? NULL : make_##NAME##_never(hash); \
        if (matrix_mode == MATRIX_RAISE) matrix_raise(hash); \
        return result; \
    }
MATRIX_OBJECTS(OBJECT_MAKER)

static const char *cstr_of(uint64_t hash) {
    static const char *const texts[4] = {"", "plain", "\xc3\xa4\xe2\x82\xac", "\xf0\x9f\x98\x80 and more than eight bytes"};
    /* No UTF-8: boxing it raises; or null, which stands for None where it is no error. */
    if (matrix_mode == MATRIX_ODD) return hash & 1 ? "\xff" : NULL;
    return texts[hash & 3];
}
static matrix_buffer buffer_of(uint64_t hash) {
    static const char bytes[] = "\0bytes\xff";
    matrix_buffer result = {bytes, matrix_mode == MATRIX_ODD ? 0 : (Py_ssize_t)(hash & 7)};
    if (matrix_mode == MATRIX_ODD && hash & 1) result.start = NULL;
    return result;
}
const char *make_cstr_never(uint64_t hash) { return cstr_of(hash); }
const char *make_cstr_null(uint64_t hash) {
    return matrix_mode == MATRIX_RAISE ? (const char *)matrix_raise(hash) : cstr_of(hash | 1);
}
const char *make_cstr_check(uint64_t hash) {
    if (matrix_mode == MATRIX_RAISE) matrix_raise(hash);
    return matrix_mode == MATRIX_RAISE && hash & 1 ? NULL : cstr_of(hash);
}
matrix_buffer make_buffer_never(uint64_t hash) { return buffer_of(hash); }
matrix_buffer make_buffer_null(uint64_t hash) {
    matrix_buffer result = buffer_of(hash & ~UINT64_C(1));
    if (matrix_mode == MATRIX_RAISE) result.start = matrix_raise(hash);
    return result;
}
matrix_buffer make_buffer_check(uint64_t hash) {
    matrix_buffer result = buffer_of(hash);
    if (matrix_mode == MATRIX_RAISE) {
        matrix_raise(hash);
        if (hash & 1) result.start = NULL;
    }
    return result;
}

void make_void_never(uint64_t hash) { (void)hash; }
int make_void_nonzero(uint64_t hash) {
    static const int statuses[4] = {1, -1, INT32_MIN, 256};
    if (matrix_mode != MATRIX_RAISE) return 0;
    matrix_raise(hash);
    return statuses[hash & 3];
}
void make_void_check(uint64_t hash) {
    if (matrix_mode == MATRIX_RAISE) matrix_raise(hash);
}
