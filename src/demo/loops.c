/* The loops that calls are timed in: one for each case and way. The compiler cannot see what the pointers lead to; the
 * processor sees each call instruction lead to one place only, as it does in a compiled call site. (A loop that is
 * shared by cases costs three cycles a call more: its branches have several targets.) */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default"), noinline))

typedef PyObject *(*one_pointer)(PyObject *);
typedef PyObject *(*two_pointers)(PyObject *, PyObject *);
typedef PyObject *(*fastcall)(PyObject *, PyObject *const *, Py_ssize_t);

/* Underlying functions: the sums keep the results alive. */

EXPORT int64_t loop_inc(int64_t (*f)(int64_t), int64_t x, int64_t n) {
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++) sum ^= f(x);
    return sum;
}

EXPORT int64_t loop_add(double (*f)(double, double), double a, double b, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum = f(a, b);
    return (int64_t)sum;
}

EXPORT int64_t loop_obj(int64_t (*f)(PyObject *, int64_t), PyObject *o, int64_t x, int64_t n) {
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++) sum ^= f(o, x);
    return sum;
}

/* Functions of objects, the underlying one of noop among them. Each result is given up, as an interpreter does; a null ends the loop. */

#define LOOP(call) \
    for (int64_t i = 0; i < n; i++) { \
        PyObject *result = (call); \
        if (result == NULL) return -1; \
        Py_DECREF(result); \
    } \
    return n

EXPORT int64_t loop_noop(one_pointer f, PyObject *x, int64_t n) { LOOP(f(x)); }

#define LOOPS_OF(name, count, boxed, guarded) \
    EXPORT int64_t loop_boxed_##name(void *f, PyObject *const *args, int64_t n) { LOOP(boxed); } \
    EXPORT int64_t loop_guarded_##name(void *f, PyObject *self, PyObject *const *args, int64_t n) { LOOP(guarded); } \
    EXPORT int64_t loop_vectorcall_##name(PyObject *callable, PyObject *const *args, int64_t n) { \
        LOOP(PyObject_Vectorcall(callable, args, count, NULL)); \
    }

#define LOOPS_OF_METH_O(name) LOOPS_OF(name, 1, ((one_pointer)f)(args[0]), ((two_pointers)f)(self, args[0]))
#define LOOPS_OF_FASTCALL_2(name) \
    LOOPS_OF(name, 2, ((two_pointers)f)(args[0], args[1]), ((fastcall)f)(self, args, 2))

LOOPS_OF_METH_O(noop)
LOOPS_OF_METH_O(inc)
LOOPS_OF_FASTCALL_2(add)
LOOPS_OF_FASTCALL_2(obj)
