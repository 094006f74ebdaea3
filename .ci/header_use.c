/* A line of each sort, compiled as C and as C++: what the header's macros expand to must be free of warnings too. */
static int64_t inc_impl(int64_t x) { return x + 1; }
static double now_impl(void) { return 0.0; }
static int64_t size_impl(int64_t x) { return x; }
static double half_impl(double x) { return x / 2; }

static PyObject *wrapper(PyObject *self, PyObject *arg) {
    (void)self;
    (void)arg;
    Py_RETURN_NONE;
}

TYPEDCALL_METHOD(inc, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));
TYPEDCALL_METHOD_NAMED(clock_now, "now", now_impl, TYPEDCALL_RESULT(F64, NEVER, 0));
TYPEDCALL_SIGNATURE(half_int, size_impl, TYPEDCALL_RESULT(I64, NEVER, 0), TYPEDCALL_ARG_UNNAMED(I64));
TYPEDCALL_SIGNATURE(half_float, half_impl, TYPEDCALL_RESULT(F64, NEVER, 0), TYPEDCALL_ARG_UNNAMED(F64));
TYPEDCALL_OVERLOADS(half, "half", TYPEDCALL_OF(half_int), TYPEDCALL_OF(half_float));

extern PyMethodDef methods[];
PyMethodDef methods[] = {
    TYPEDCALL_DEF(inc, wrapper, METH_O, "inc(x)\n--\n\nOne more than x."),
    TYPEDCALL_DEF(clock_now, wrapper, METH_NOARGS, NULL),
    TYPEDCALL_DEF(half, wrapper, METH_O, NULL),
    {NULL, NULL, 0, NULL},
};
