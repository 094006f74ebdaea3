/* typedcall_pypy.h: the names of PyPy's typed methods, for CPython.
 *
 * A C extension that declares its functions in PyPy's way compiles unmodified against CPython's headers with
 *
 *     cc -include typedcall_pypy.h ...
 *
 * and its metadata is read if the dialect is named (Specializer::adopt_as with Dialect::PyPy). For a new extension use
 * typedcall.h: its metadata is recognised without a name and says more. docs/dialects.md describes every byte.
 *
 * C99 and C++20 (designated initializers), nothing to link, no code at load time. Licence: MIT or Apache-2.0.
 */
#ifndef TYPEDCALL_PYPY_H
#define TYPEDCALL_PYPY_H

/* PyPy's own headers have these names. This header may come before Python.h, which defines PYPY_VERSION; in that case
 * build for PyPy without this header. */
#ifndef PYPY_VERSION

/* The bit of PyMethodDef.ml_flags that says "metadata stands before the name". Free in CPython through 3.15. */
#ifndef METH_TYPED
#define METH_TYPED 0x0400
#endif

/* What arg_types holds, up to a -1, and ret_type. A function that may raise negates its ret_type. */
#ifndef T_C_LONG
#define T_C_LONG 1    /* long */
#define T_C_DOUBLE 2  /* double */
#define T_PY_OBJECT 3 /* PyObject *: an argument is borrowed, a result is a new reference */
#endif

/* ml_name of the PyMethodDef points at ml_name in here. */
typedef struct PyPyTypedMethodMetadata {
    int *arg_types;
    int ret_type;
    void *underlying_func;
    const char ml_name[100];
} PyPyTypedMethodMetadata;

#endif /* PYPY_VERSION */
#endif /* TYPEDCALL_PYPY_H */
