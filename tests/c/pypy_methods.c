/* An extension in the style of those written for PyPy's typed methods: it knows nothing of this crate, and compiles
 * with METH_TYPED and without. */
#include <Python.h>

#ifdef METH_TYPED
#define LIST(...) __VA_ARGS__
#define SIG(name, args, ret)                    \
    int name##_arg_types[] = {args - 1};        \
    PyPyTypedMethodMetadata name##_sig = {      \
        .arg_types = name##_arg_types,          \
        .ret_type = ret,                        \
        .underlying_func = name##_impl,         \
        .ml_name = #name,                       \
    };
#define DEF(name, flags, doc) {name##_sig.ml_name, (PyCFunction)(void *)name, flags | METH_TYPED, doc}
#else
#define SIG(...)
#define DEF(name, flags, doc) {#name, (PyCFunction)(void *)name, flags, doc}
#endif

long inc_impl(long x) { return x + 1; }

static PyObject *inc(PyObject *module, PyObject *arg) {
    (void)module;
    long x = PyLong_AsLong(arg);
    return x == -1 && PyErr_Occurred() ? NULL : PyLong_FromLong(inc_impl(x));
}

SIG(inc, LIST(T_C_LONG, ), T_C_LONG)

long pick_impl(long x) {
    if (x == 7) {
        PyErr_SetString(PyExc_RuntimeError, "seven");
        return -1;
    }
    return x;
}

static PyObject *pick(PyObject *module, PyObject *arg) {
    (void)module;
    long x = PyLong_AsLong(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    x = pick_impl(x);
    return x == -1 && PyErr_Occurred() ? NULL : PyLong_FromLong(x);
}

SIG(pick, LIST(T_C_LONG, ), -T_C_LONG)

double add_impl(double left, double right) { return left + right; }

static PyObject *add(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 2) return PyErr_Format(PyExc_TypeError, "add expected 2 arguments but got %zd", count);
    double left = PyFloat_AsDouble(args[0]);
    if (left == -1 && PyErr_Occurred()) return NULL;
    double right = PyFloat_AsDouble(args[1]);
    return right == -1 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(add_impl(left, right));
}

SIG(add, LIST(T_C_DOUBLE, T_C_DOUBLE, ), T_C_DOUBLE)

/* Some say -1 for an error, some 0. */
double half_impl(double x) {
    if (x == 7.0 || x == 0.5) {
        PyErr_SetString(PyExc_RuntimeError, "no half");
        return x == 7.0 ? -1.0 : -0.0;
    }
    return x / 2;
}

static PyObject *half(PyObject *module, PyObject *arg) {
    (void)module;
    double x = PyFloat_AsDouble(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    x = half_impl(x);
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(x);
}

SIG(half, LIST(T_C_DOUBLE, ), -T_C_DOUBLE)

long takes_object_impl(PyObject *object, long x) {
    (void)object;
    return x + 1;
}

static PyObject *takes_object(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 2) return PyErr_Format(PyExc_TypeError, "takes_object expected 2 arguments but got %zd", count);
    long x = PyLong_AsLong(args[1]);
    return x == -1 && PyErr_Occurred() ? NULL : PyLong_FromLong(takes_object_impl(args[0], x));
}

SIG(takes_object, LIST(T_PY_OBJECT, T_C_LONG, ), T_C_LONG)

PyObject *same_impl(PyObject *object) {
    Py_INCREF(object);
    return object;
}

static PyObject *same(PyObject *module, PyObject *arg) {
    (void)module;
    return same_impl(arg);
}

SIG(same, LIST(T_PY_OBJECT, ), T_PY_OBJECT)

PyObject *sized_impl(PyObject *object) {
    Py_ssize_t size = PyObject_Size(object);
    return size < 0 ? NULL : PyLong_FromSsize_t(size);
}

static PyObject *sized(PyObject *module, PyObject *arg) {
    (void)module;
    return sized_impl(arg);
}

SIG(sized, LIST(T_PY_OBJECT, ), -T_PY_OBJECT)

long seven_impl(void) { return 7; }

static PyObject *seven(PyObject *module, PyObject *nothing) {
    (void)module, (void)nothing;
    return PyLong_FromLong(seven_impl());
}

SIG(seven, , T_C_LONG)

static PyObject *plain(PyObject *module, PyObject *arg) {
    (void)module;
    Py_INCREF(arg);
    return arg;
}

#ifdef BROKEN
/* One field wrong in each. */
static int unknown_types[] = {T_C_LONG, 999, -1};
static int endless_types[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static char function[1];
#define BREAK(name, types, ret, function) PyPyTypedMethodMetadata name##_sig = {types, ret, function, #name};
#define BROKEN_DEF(name, flags) {name##_sig.ml_name, plain, flags | METH_TYPED, NULL}
BREAK(unknown, unknown_types, T_C_LONG, function)
BREAK(endless, endless_types, T_C_LONG, function)
BREAK(no_types, NULL, T_C_LONG, function)
BREAK(odd_types, (int *)((char *)unknown_types + 2), T_C_LONG, function)
/* An earlier form had the one parameter's code in place of the pointer. */
BREAK(early, (int *)(((long)T_C_DOUBLE << 32) | T_C_LONG), T_C_LONG, function)
BREAK(no_result, inc_arg_types, 0, function)
BREAK(far_result, inc_arg_types, 999, function)
BREAK(least_result, inc_arg_types, -2147483647 - 1, function)
BREAK(no_function, inc_arg_types, T_C_LONG, NULL)
BREAK(far_function, inc_arg_types, T_C_LONG, (void *)64)
BREAK(no_arguments, inc_arg_types, T_C_LONG, function)
BREAK(many_arguments, add_arg_types, T_C_LONG, function)
PyPyTypedMethodMetadata long_name_sig = {
    inc_arg_types, T_C_LONG, function,
    "a234567890a234567890a234567890a234567890a234567890a234567890a234567890a234567890a234567890a234567890"};
#endif

static PyMethodDef methods[] = {
    DEF(inc, METH_O, "One more."),
    DEF(pick, METH_O, NULL),
    DEF(add, METH_FASTCALL, NULL),
    DEF(half, METH_O, NULL),
    DEF(takes_object, METH_FASTCALL, NULL),
    DEF(same, METH_O, NULL),
    DEF(sized, METH_O, NULL),
    DEF(seven, METH_NOARGS, NULL),
#ifdef BROKEN
    BROKEN_DEF(unknown, METH_O),
    BROKEN_DEF(endless, METH_O),
    BROKEN_DEF(no_types, METH_O),
    BROKEN_DEF(odd_types, METH_O),
    BROKEN_DEF(early, METH_O),
    BROKEN_DEF(no_result, METH_O),
    BROKEN_DEF(far_result, METH_O),
    BROKEN_DEF(least_result, METH_O),
    BROKEN_DEF(no_function, METH_O),
    BROKEN_DEF(far_function, METH_O),
    BROKEN_DEF(no_arguments, METH_NOARGS),
    BROKEN_DEF(many_arguments, METH_O),
    BROKEN_DEF(long_name, METH_O),
#endif
    {"plain", plain, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

PyMethodDef *table(void) { return methods; }

#define QUOTE(name) #name
#define NAME(name) QUOTE(name)
#define INIT(name) PyInit_##name
#define INIT_OF(name) INIT(name)

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, NAME(MODULE), NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC INIT_OF(MODULE)(void) { return PyModule_Create(&definition); }
