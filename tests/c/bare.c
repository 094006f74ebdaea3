// C functions without wrappers, and beside each the wrapper that an extension's author would have written by hand.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

// From 3.13 they are declared in internal headers only; they are exported all the same.
#if PY_VERSION_HEX >= 0x030D0000
int _PyLong_UnsignedShort_Converter(PyObject *, void *);
int _PyLong_UnsignedInt_Converter(PyObject *, void *);
int _PyLong_UnsignedLong_Converter(PyObject *, void *);
int _PyLong_Size_t_Converter(PyObject *, void *);
#endif

typedef struct {
    const char *name;
    const char *signature;
    void *function;
} bare_case;

// --- one argument: METH_O and PyArg_Parse ----------------------------------------------------------------------------

#define ECHO(name, type) \
    static type bare_##name(type x) { return x; }

#define BY_UNIT(name, type, variable, unit, box) \
    ECHO(name, type) \
    static PyObject *wrap_##name(PyObject *self, PyObject *arg) { \
        variable x; \
        (void)self; \
        if (!PyArg_Parse(arg, unit ":" #name, &x)) return NULL; \
        return box(bare_##name((type)x)); \
    }

#define BY_CONVERTER(name, type, converter, box) \
    ECHO(name, type) \
    static PyObject *wrap_##name(PyObject *self, PyObject *arg) { \
        type x; \
        (void)self; \
        if (!PyArg_Parse(arg, "O&:" #name, converter, &x)) return NULL; \
        return box(bare_##name(x)); \
    }

BY_UNIT(f64, double, double, "d", PyFloat_FromDouble)
BY_UNIT(f32, float, float, "f", PyFloat_FromDouble)
BY_UNIT(i64, int64_t, long, "l", PyLong_FromLongLong)
BY_UNIT(i32, int32_t, int, "i", PyLong_FromLong)
BY_UNIT(i16, int16_t, short, "h", PyLong_FromLong)
BY_UNIT(u8, uint8_t, unsigned char, "b", PyLong_FromLong)
BY_UNIT(isize, Py_ssize_t, Py_ssize_t, "n", PyLong_FromSsize_t)
BY_UNIT(cbool, bool, int, "p", PyBool_FromLong)
BY_CONVERTER(u16, uint16_t, _PyLong_UnsignedShort_Converter, PyLong_FromLong)
BY_CONVERTER(u32, uint32_t, _PyLong_UnsignedInt_Converter, PyLong_FromUnsignedLong)
BY_CONVERTER(u64, uint64_t, _PyLong_UnsignedLong_Converter, PyLong_FromUnsignedLongLong)
BY_CONVERTER(usize, size_t, _PyLong_Size_t_Converter, PyLong_FromSize_t)

// There is no unit for it; the words are those of the units beside it.
ECHO(i8, int8_t)
static PyObject *wrap_i8(PyObject *self, PyObject *arg) {
    (void)self;
    long x = PyLong_AsLong(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    if (x < INT8_MIN || x > INT8_MAX) {
        return PyErr_Format(PyExc_OverflowError, "signed byte integer is %s",
                            x < 0 ? "less than minimum" : "greater than maximum");
    }
    return PyLong_FromLong(bare_i8((int8_t)x));
}

static PyObject *bare_object(PyObject *x) { return Py_NewRef(x); }
static PyObject *wrap_object(PyObject *self, PyObject *arg) {
    PyObject *x;
    (void)self;
    if (!PyArg_Parse(arg, "O:object", &x)) return NULL;
    return bare_object(x);
}

#define OF_TYPE(name, type) \
    static PyObject *wrap_##name(PyObject *self, PyObject *arg) { \
        PyObject *x; \
        (void)self; \
        if (!PyArg_Parse(arg, "O!:" #name, &type, &x)) return NULL; \
        return bare_object(x); \
    }

OF_TYPE(int_, PyLong_Type)
OF_TYPE(float_, PyFloat_Type)
OF_TYPE(str_, PyUnicode_Type)
OF_TYPE(bytes_, PyBytes_Type)
OF_TYPE(list_, PyList_Type)
OF_TYPE(tuple_, PyTuple_Type)
OF_TYPE(dict_, PyDict_Type)
OF_TYPE(bool_, PyBool_Type)

// A null pointer and its length, as the caller sees them.
static PyObject *bare_cstr(const char *text, Py_ssize_t length) {
    return text ? PyUnicode_FromStringAndSize(text, length) : Py_NewRef(Py_Ellipsis);
}
static PyObject *wrap_cstr(PyObject *self, PyObject *arg) {
    const char *text;
    (void)self;
    if (!PyArg_Parse(arg, "s:cstr", &text)) return NULL;
    return bare_cstr(text, (Py_ssize_t)strlen(text));
}
static PyObject *wrap_cstr_or_none(PyObject *self, PyObject *arg) {
    const char *text;
    (void)self;
    if (!PyArg_Parse(arg, "z:cstr_or_none", &text)) return NULL;
    return bare_cstr(text, text ? (Py_ssize_t)strlen(text) : 0);
}

static PyObject *bare_buffer(const void *start, Py_ssize_t length) {
    return start ? PyBytes_FromStringAndSize(start, length) : Py_NewRef(Py_Ellipsis);
}
static PyObject *wrap_buffer(PyObject *self, PyObject *arg) {
    Py_buffer view;
    (void)self;
    if (!PyArg_Parse(arg, "y*:buffer", &view)) return NULL;
    PyObject *result = bare_buffer(view.buf, view.len);
    PyBuffer_Release(&view);
    return result;
}

// --- several: PyArg_ParseTuple ---------------------------------------------------------------------------------------

static PyObject *bare_tuple3(double x, int32_t y, PyObject *z) { return Py_BuildValue("diO", x, y, z); }

static double bare_add(double x, double y) { return x + y; }
static PyObject *wrap_add(PyObject *self, PyObject *args) {
    double x, y;
    (void)self;
    if (!PyArg_ParseTuple(args, "dd:add", &x, &y)) return NULL;
    return PyFloat_FromDouble(bare_add(x, y));
}
static PyObject *wrap_scale(PyObject *self, PyObject *args) {
    double x, y = 0.5;
    (void)self;
    if (!PyArg_ParseTuple(args, "d|d:scale", &x, &y)) return NULL;
    return PyFloat_FromDouble(bare_add(x, y));
}
static PyObject *wrap_only_optional(PyObject *self, PyObject *args) {
    double x = 1.5;
    (void)self;
    if (!PyArg_ParseTuple(args, "|d:only_optional", &x)) return NULL;
    return PyFloat_FromDouble(bare_f64(x));
}
static PyObject *the_default;
static PyObject *wrap_mixed(PyObject *self, PyObject *args) {
    double x;
    int y = -7;
    PyObject *z = the_default;
    (void)self;
    if (!PyArg_ParseTuple(args, "d|iO:mixed", &x, &y, &z)) return NULL;
    return bare_tuple3(x, y, z);
}
static int64_t bare_sixteen(int64_t a, double b, int64_t c, double d, int64_t e, double f, int64_t g, double h, int64_t i,
                            double j, int64_t k, double l, int64_t m, double n, int64_t o, double p) {
    return a + 2 * c + 3 * e + 4 * g + 5 * i + 6 * k + 7 * m + 8 * o + (int64_t)(b + d + f + h + j + l + n + p);
}
static PyObject *wrap_sixteen(PyObject *self, PyObject *args) {
    long a, c, e, g, i, k, m, o;
    double b, d, f, h, j, l, n, p;
    (void)self;
    if (!PyArg_ParseTuple(args, "ldldldldldldldld:sixteen", &a, &b, &c, &d, &e, &f, &g, &h, &i, &j, &k, &l, &m, &n, &o,
                          &p)) {
        return NULL;
    }
    return PyLong_FromLongLong(bare_sixteen(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p));
}
static PyObject *bare_texts(const char *a, Py_ssize_t na, const char *b, Py_ssize_t nb, const void *c, Py_ssize_t nc,
                            const void *d, Py_ssize_t nd) {
    return Py_BuildValue("s#s#y#y#", a, na, b, nb, c, nc, d, nd);
}
static PyObject *wrap_texts(PyObject *self, PyObject *args) {
    const char *a, *b = "one";
    Py_buffer c, d;
    (void)self;
    if (!PyArg_ParseTuple(args, "ssy*y*:texts", &a, &b, &c, &d)) return NULL;
    PyObject *result = bare_texts(a, (Py_ssize_t)strlen(a), b, (Py_ssize_t)strlen(b), c.buf, c.len, d.buf, d.len);
    PyBuffer_Release(&c);
    PyBuffer_Release(&d);
    return result;
}

// As METH_FASTCALL methods: those of METH_VARARGS refuse keywords in words of their own, which do not name the module.
static PyObject *with_tuple(PyCFunction wrapper, PyObject *self, PyObject *const *args, Py_ssize_t count) {
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t i = 0; tuple && i < count; i++) PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
    PyObject *result = tuple ? wrapper(self, tuple) : NULL;
    Py_XDECREF(tuple);
    return result;
}
#define FAST(name) \
    static PyObject *fast_##name(PyObject *self, PyObject *const *args, Py_ssize_t count) { \
        return with_tuple(wrap_##name, self, args, count); \
    }
FAST(add)
FAST(scale)
FAST(only_optional)
FAST(mixed)
FAST(sixteen)
FAST(texts)

// --- named: PyArg_ParseTupleAndKeywords ------------------------------------------------------------------------------

#define NAMED(name, format, keywords, declarations, variables, result) \
    static PyObject *wrap_##name(PyObject *self, PyObject *args, PyObject *kwargs) { \
        static char *names[] = {PASS keywords, NULL}; \
        declarations; \
        (void)self; \
        if (!PyArg_ParseTupleAndKeywords(args, kwargs, format ":" #name, names, PASS variables)) return NULL; \
        return result; \
    }
#define PASS(...) __VA_ARGS__

static PyObject *bare_three(double x, double y, double z) { return Py_BuildValue("ddd", x, y, z); }

NAMED(named, "d", ("x"), double x, (&x), PyFloat_FromDouble(bare_f64(x)))
NAMED(two_named, "dd", ("x", "y"), double x; double y, (&x, &y), PyFloat_FromDouble(bare_add(x, y)))
NAMED(optional_named, "d|dd", ("x", "y", "z"), double x; double y = 2; double z = 3, (&x, &y, &z), bare_three(x, y, z))
NAMED(all_optional, "|ddd", ("x", "y", "z"), double x = 1; double y = 2; double z = 3, (&x, &y, &z), bare_three(x, y, z))
NAMED(positional_first, "dd|d", ("", "y", "z"), double x; double y; double z = 3, (&x, &y, &z), bare_three(x, y, z))
NAMED(keyword_only, "d$dd", ("x", "y", "z"), double x; double y; double z, (&x, &y, &z), bare_three(x, y, z))
NAMED(optional_keyword_only, "d|$dd", ("x", "y", "z"), double x; double y = 2; double z = 3, (&x, &y, &z),
      bare_three(x, y, z))
NAMED(all_sorts, "d|d$d", ("", "y", "z"), double x; double y = 2; double z = 3, (&x, &y, &z), bare_three(x, y, z))
NAMED(named_object, "d|iO", ("x", "y", "z"), double x; int y = -7; PyObject *z = the_default, (&x, &y, &z),
      bare_tuple3(x, y, z))

// No format says that `z` is required: an author checks it by hand.
static PyObject *wrap_required_behind(PyObject *self, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"x", "y", "z", NULL};
    double x, y = 2;
    PyObject *z = NULL;
    (void)self;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "d|$dO:required_behind", names, &x, &y, &z)) return NULL;
    if (!z) return PyErr_Format(PyExc_TypeError, "required_behind() missing required argument 'z' (pos 3)");
    return Py_BuildValue("ddO", x, y, z);
}
static PyObject *bare_two_and_object(double x, double y, PyObject *z) { return Py_BuildValue("ddO", x, y, z); }

// --- none, and how functions raise -----------------------------------------------------------------------------------

static int64_t bare_nothing(void) { return 42; }
static PyObject *wrap_nothing(PyObject *self, PyObject *unused) {
    (void)self, (void)unused;
    return PyLong_FromLongLong(bare_nothing());
}

static PyObject *bare_null(double x) {
    return x == 7 ? PyErr_Format(PyExc_LookupError, "seven") : PyFloat_FromDouble(x);
}
static PyObject *wrap_null(PyObject *self, PyObject *arg) {
    double x;
    (void)self;
    return PyArg_Parse(arg, "d:null", &x) ? bare_null(x) : NULL;
}
static int64_t bare_minus_one(int64_t x) {
    if (x == 7) PyErr_SetString(PyExc_LookupError, "seven");
    return x == 7 ? -1 : x;
}
static PyObject *wrap_minus_one(PyObject *self, PyObject *arg) {
    long x;
    (void)self;
    if (!PyArg_Parse(arg, "l:minus_one", &x)) return NULL;
    int64_t result = bare_minus_one(x);
    return result == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(result);
}
static int bare_nonzero(double x) {
    if (x == 7) PyErr_SetString(PyExc_LookupError, "seven");
    return x == 7 ? 3 : 0;
}
static PyObject *wrap_nonzero(PyObject *self, PyObject *arg) {
    double x;
    (void)self;
    if (!PyArg_Parse(arg, "d:nonzero", &x) || bare_nonzero(x)) return NULL;
    return Py_NewRef(Py_None);
}
static double bare_check(double x) {
    if (x == 7) PyErr_SetString(PyExc_LookupError, "seven");
    return x;
}
static PyObject *wrap_check(PyObject *self, PyObject *arg) {
    double x;
    (void)self;
    if (!PyArg_Parse(arg, "d:check", &x)) return NULL;
    double result = bare_check(x);
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(result);
}
static PyObject *bare_buffer_null(const void *start, Py_ssize_t length) {
    (void)start;
    return PyErr_Format(PyExc_LookupError, "%zd bytes", length);
}
static PyObject *wrap_buffer_null(PyObject *self, PyObject *arg) {
    Py_buffer view;
    (void)self;
    if (!PyArg_Parse(arg, "y*:buffer_null", &view)) return NULL;
    PyObject *result = bare_buffer_null(view.buf, view.len);
    PyBuffer_Release(&view);
    return result;
}

// --- null, exact types, references, and results of two parts ---------------------------------------------------------

static PyObject *bare_or_ellipsis(PyObject *x) { return Py_NewRef(x ? x : Py_Ellipsis); }
static PyObject *wrap_object_or_none(PyObject *self, PyObject *arg) {
    (void)self;
    return bare_or_ellipsis(arg == Py_None ? NULL : arg);
}
static PyObject *wrap_list_or_none(PyObject *self, PyObject *arg) {
    (void)self;
    if (arg != Py_None && !PyList_Check(arg)) {
        return PyErr_Format(PyExc_TypeError, "list_or_none() argument must be list or None, not %.50s",
                            Py_TYPE(arg)->tp_name);
    }
    return bare_or_ellipsis(arg == Py_None ? NULL : arg);
}
static PyObject *wrap_exact_int(PyObject *self, PyObject *arg) {
    PyObject *x;
    (void)self;
    if (!PyArg_Parse(arg, "O!:exact_int", &PyLong_Type, &x)) return NULL;
    if (!PyLong_CheckExact(x)) {
        return PyErr_Format(PyExc_TypeError, "exact_int() argument must be exactly int, not %.50s",
                            Py_TYPE(x)->tp_name);
    }
    return bare_object(x);
}
static PyObject *wrap_buffer_or_none(PyObject *self, PyObject *arg) {
    Py_buffer view = {NULL};
    (void)self;
    if (arg != Py_None && !PyArg_Parse(arg, "y*:buffer_or_none", &view)) return NULL;
    PyObject *result = bare_buffer(view.buf, view.len);
    PyBuffer_Release(&view);
    return result;
}
static PyObject *bare_steal(PyObject *x) {
    PyObject *pair = PyTuple_Pack(2, x, Py_None);
    Py_DECREF(x);
    return pair;
}
static PyObject *wrap_steal(PyObject *self, PyObject *args) {
    PyObject *x;
    double y;
    (void)self;
    if (!PyArg_ParseTuple(args, "Od:steal", &x, &y)) return NULL;
    return bare_steal(Py_NewRef(x));
}
static PyObject *bare_steal_first(PyObject *x, double y) {
    (void)y;
    return bare_steal(x);
}
static PyObject *bare_borrowed(PyObject *x) { return x; }
static PyObject *wrap_borrowed(PyObject *self, PyObject *arg) {
    (void)self;
    return Py_NewRef(bare_borrowed(arg));
}
static const char *bare_spelled(int64_t x) { return x == 0 ? NULL : x < 0 ? "negative" : "positive, ä"; }
static PyObject *wrap_spelled(PyObject *self, PyObject *arg) {
    long x;
    (void)self;
    if (!PyArg_Parse(arg, "l:spelled", &x)) return NULL;
    const char *text = bare_spelled(x);
    return text ? PyUnicode_FromString(text) : Py_NewRef(Py_None);
}
typedef struct {
    const void *start;
    Py_ssize_t length;
} bytes_result;
static bytes_result bare_tail(const void *start, Py_ssize_t length, int64_t from) {
    if (from < 0) from = 0;
    if (from > length) from = length;
    return (bytes_result){(const char *)start + from, length - from};
}
static PyObject *wrap_tail(PyObject *self, PyObject *args) {
    Py_buffer view;
    long from;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*l:tail", &view, &from)) return NULL;
    bytes_result tail = bare_tail(view.buf, view.len, from);
    PyObject *result = PyBytes_FromStringAndSize(tail.start, tail.length);
    PyBuffer_Release(&view);
    return result;
}
FAST(steal)
FAST(tail)

// Waits, without the GIL, until other threads have called `tick` so often; 0 where they do not.
static int ticks;
static int64_t bare_wait(int64_t count, const void *start, Py_ssize_t length) {
    (void)start;
    for (int i = 0; i < 10000 && __atomic_load_n(&ticks, __ATOMIC_ACQUIRE) < count; i++) usleep(1000);
    return __atomic_load_n(&ticks, __ATOMIC_ACQUIRE) < count ? 0 : length;
}
static PyObject *tick(PyObject *self, PyObject *unused) {
    (void)self, (void)unused;
    return PyLong_FromLong(__atomic_add_fetch(&ticks, 1, __ATOMIC_ACQ_REL));
}

// --- the module ------------------------------------------------------------------------------------------------------

#define CASE(name, function, signature) {#name, signature, (void *)bare_##function}
#define ONE(name) CASE(name, name, "(" #name ") -> " #name)
static const bare_case cases[] = {
    ONE(f64), ONE(f32), ONE(i8), ONE(i16), ONE(i32), ONE(i64), ONE(u8), ONE(u16), ONE(u32), ONE(u64), ONE(isize),
    ONE(usize), ONE(cbool),
    CASE(object, object, "(object) -> object"),
    CASE(add, add, "(f64, f64) -> f64 [no_python]"),
    CASE(scale, add, "(f64, f64 = 0.5) -> f64 [no_python]"),
    CASE(only_optional, f64, "(f64 = 1.5) -> f64"),
    CASE(mixed, tuple3, "(f64, i32 = -7, object = DEFAULT) -> object raises null"),
    CASE(sixteen, sixteen, "(i64, f64, i64, f64, i64, f64, i64, f64, i64, f64, i64, f64, i64, f64, i64, f64) -> i64"),
    CASE(named, f64, "(x: f64) -> f64"),
    CASE(two_named, add, "(x: f64, y: f64) -> f64"),
    CASE(optional_named, three, "(x: f64, y: f64 = 2.0, z: f64 = 3.0) -> object raises null"),
    CASE(all_optional, three, "(x: f64 = 1.0, y: f64 = 2.0, z: f64 = 3.0) -> object raises null"),
    CASE(positional_first, three, "(f64, y: f64, z: f64 = 3.0) -> object raises null"),
    CASE(keyword_only, three, "(x: f64, *, y: f64, z: f64) -> object raises null"),
    CASE(optional_keyword_only, three, "(x: f64, *, y: f64 = 2.0, z: f64 = 3.0) -> object raises null"),
    CASE(all_sorts, three, "(f64, y: f64 = 2.0, *, z: f64 = 3.0) -> object raises null"),
    CASE(named_object, tuple3, "(x: f64, y: i32 = -7, z: object = DEFAULT) -> object raises null"),
    CASE(required_behind, two_and_object, "(x: f64, *, y: f64 = 2.0, z: object) -> object raises null"),
    CASE(nothing, nothing, "() -> i64"),
    CASE(null, null, "(f64) -> object raises null"),
    CASE(minus_one, minus_one, "(i64) -> i64 raises minus_one"),
    CASE(nonzero, nonzero, "(f64) -> void raises nonzero"),
    CASE(check, check, "(f64) -> f64 raises check"),
    CASE(int_, object, "(int+) -> object"),
    CASE(float_, object, "(float+) -> object"),
    CASE(str_, object, "(str+) -> object"),
    CASE(bytes_, object, "(bytes+) -> object"),
    CASE(list_, object, "(list+) -> object"),
    CASE(tuple_, object, "(tuple+) -> object"),
    CASE(dict_, object, "(dict+) -> object"),
    CASE(bool_, object, "(bool) -> object"),
    CASE(cstr, cstr, "(cstr) -> object raises null"),
    CASE(cstr_or_none, cstr, "(cstr?) -> object raises null"),
    CASE(buffer, buffer, "(buffer) -> object raises null"),
    CASE(texts, texts, "(cstr, cstr, buffer, buffer) -> object raises null"),
    CASE(buffer_null, buffer_null, "(buffer) -> object raises null"),
    CASE(object_or_none, or_ellipsis, "(object?) -> object"),
    CASE(list_or_none, or_ellipsis, "(list+?) -> object"),
    CASE(exact_int, object, "(int) -> object"),
    CASE(buffer_or_none, buffer, "(buffer?) -> object raises null"),
    CASE(steal, steal_first, "(object, f64) -> object raises null [steals(0)]"),
    CASE(borrowed, borrowed, "(object) -> object [borrowed_result]"),
    CASE(spelled, spelled, "(i64) -> cstr"),
    CASE(tail, tail, "(buffer, i64) -> buffer"),
};

// (name, signature, address), and the address of the variable that holds the default object.
static PyObject *list_cases(PyObject *self, PyObject *unused) {
    (void)self, (void)unused;
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < sizeof cases / sizeof *cases; i++) {
        PyObject *item = Py_BuildValue("ssN", cases[i].name, cases[i].signature, PyLong_FromVoidPtr(cases[i].function));
        if (!item || PyList_Append(list, item) < 0) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list ? Py_BuildValue("NN", list, PyLong_FromVoidPtr(&the_default)) : NULL;
}
// Calls a callable that only the list holds: an argument may take it out.
static PyObject *call_first(PyObject *self, PyObject *args) {
    PyObject *list, *arg;
    (void)self;
    if (!PyArg_ParseTuple(args, "O!O:call_first", &PyList_Type, &list, &arg)) return NULL;
    return PyObject_CallOneArg(PyList_GET_ITEM(list, 0), arg);
}
static PyObject *wait_address(PyObject *self, PyObject *unused) {
    (void)self, (void)unused;
    return PyLong_FromVoidPtr((void *)bare_wait);
}
static PyObject *set_default(PyObject *self, PyObject *arg) {
    (void)self;
    Py_XSETREF(the_default, arg == Py_Ellipsis ? NULL : Py_NewRef(arg));
    Py_RETURN_NONE;
}

#define O(name) {#name, wrap_##name, METH_O, NULL}
#define POSITIONAL(name) {#name, (PyCFunction)(void (*)(void))fast_##name, METH_FASTCALL, NULL}
#define KEYWORDS(name) {#name, (PyCFunction)(void (*)(void))wrap_##name, METH_VARARGS | METH_KEYWORDS, NULL}
static PyMethodDef methods[] = {
    O(f64), O(f32), O(i8), O(i16), O(i32), O(i64), O(u8), O(u16), O(u32), O(u64), O(isize), O(usize), O(cbool),
    O(object), O(int_), O(float_), O(str_), O(bytes_), O(list_), O(tuple_), O(dict_), O(bool_), O(cstr), O(cstr_or_none),
    O(buffer), O(null), O(minus_one), O(nonzero), O(check), O(buffer_null), O(object_or_none), O(list_or_none), O(exact_int), O(buffer_or_none), O(borrowed), O(spelled),
    POSITIONAL(add), POSITIONAL(scale), POSITIONAL(only_optional), POSITIONAL(mixed), POSITIONAL(sixteen), POSITIONAL(texts),
    POSITIONAL(steal), POSITIONAL(tail),
    KEYWORDS(named), KEYWORDS(two_named), KEYWORDS(optional_named), KEYWORDS(all_optional), KEYWORDS(positional_first),
    KEYWORDS(keyword_only), KEYWORDS(optional_keyword_only), KEYWORDS(all_sorts), KEYWORDS(named_object),
    KEYWORDS(required_behind),
    {"nothing", wrap_nothing, METH_NOARGS, NULL},
    {"cases", list_cases, METH_NOARGS, NULL},
    {"tick", tick, METH_NOARGS, NULL},
    {"wait_address", wait_address, METH_NOARGS, NULL},
    {"call_first", call_first, METH_VARARGS, NULL},
    {"set_default", set_default, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "bare", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_bare(void) { return PyModule_Create(&module); }
