/* typedcall_cinder.h: Cinder's typed methods, for CPython.
 *
 * The method tables of such an extension hold typed definitions in the way of Cinder and CinderX: `ml_meth` is a
 * Ci_PyTypedMethodDef *, and `ml_flags` is Ci_METH_TYPED. It compiles unmodified against CPython's headers with
 *
 *     cc -I include/cinder -include typedcall_cinder.h ...
 *
 * The folder has those of Cinder's headers that extensions include; each of them includes this one. CPython makes no
 * function of a typed definition. So typedcall_cinder_ready() has typedcall make working callables of them, in place,
 * before CPython sees the table. This header makes that call before PyModule_Create, PyModuleDef_Init,
 * PyModule_AddFunctions, PyType_Ready and the functions that make a type of a spec. If TYPEDCALL_CINDER_BY_HAND is
 * defined it does not: then make the call yourself, once for each table.
 *
 * typedcall must be in the process: if `import typedcall` gives no module with its capsule, the extension's import raises
 * ImportError. A table without typed definitions needs no typedcall. docs/dialects.md says how arguments are checked.
 *
 * This header includes Python.h: pass on the command line what must be defined before that (Py_BUILD_CORE,
 * Py_LIMITED_API). C99 and C++17, nothing to link. Licence: MIT or Apache-2.0.
 */
#ifndef TYPEDCALL_CINDER_H
#define TYPEDCALL_CINDER_H

/* An extension may define this before its own include of Python.h, which comes too late. */
#ifndef PY_SSIZE_T_CLEAN
#define PY_SSIZE_T_CLEAN
#endif
#include <Python.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Names of Cinder's ----------------------------------------------------------------------------------------- */

/* The bit of PyMethodDef.ml_flags that says "ml_meth is a Ci_PyTypedMethodDef *". Free in CPython through 3.15. */
#ifndef Ci_METH_TYPED
#define Ci_METH_TYPED 0x0400
#endif

#ifndef TYPED_INT_SIGNED
#define TYPED_INT_UNSIGNED 0
#define TYPED_INT_SIGNED 1
#define TYPED_INT_8BIT 0
#define TYPED_INT_16BIT 1
#define TYPED_INT_32BIT 2
#define TYPED_INT_64BIT 3
#define TYPED_INT8 (TYPED_INT_8BIT << 1 | TYPED_INT_SIGNED)
#define TYPED_INT16 (TYPED_INT_16BIT << 1 | TYPED_INT_SIGNED)
#define TYPED_INT32 (TYPED_INT_32BIT << 1 | TYPED_INT_SIGNED)
#define TYPED_INT64 (TYPED_INT_64BIT << 1 | TYPED_INT_SIGNED)
#define TYPED_UINT8 (TYPED_INT_8BIT << 1 | TYPED_INT_UNSIGNED)
#define TYPED_UINT16 (TYPED_INT_16BIT << 1 | TYPED_INT_UNSIGNED)
#define TYPED_UINT32 (TYPED_INT_32BIT << 1 | TYPED_INT_UNSIGNED)
#define TYPED_UINT64 (TYPED_INT_64BIT << 1 | TYPED_INT_UNSIGNED)
#define TYPED_OBJECT 0x08
#define TYPED_DOUBLE 0x09 /* these four are types of fields only, not of arguments or results */
#define TYPED_SINGLE 0x0A
#define TYPED_CHAR 0x0B
#define TYPED_BOOL 0x0C
#define TYPED_VOID 0x0D
#define TYPED_STRING 0x0E
#define TYPED_ERROR 0x0F
#endif

#define Ci_Py_SIG_OPTIONAL 0x01   /* None is accepted, and passed unchanged */
#define Ci_Py_SIG_TYPE_PARAM 0x02 /* a parameter of a generic type, which only Cinder has */
#define Ci_Py_SIG_TYPE_PARAM_IDX(x) (((x) << 2) | Ci_Py_SIG_TYPE_PARAM)
#define Ci_Py_SIG_TYPE_PARAM_OPT(x) (((x) << 2) | Ci_Py_SIG_TYPE_PARAM | Ci_Py_SIG_OPTIONAL)
#define Ci_Py_SIG_TYPE_MASK(x) ((x) >> 2)

#define Ci_Py_SIG_INT8 (TYPED_INT8 << 2)     /* int8_t, and so on: an int or an instance of a subclass */
#define Ci_Py_SIG_INT16 (TYPED_INT16 << 2)
#define Ci_Py_SIG_INT32 (TYPED_INT32 << 2)
#define Ci_Py_SIG_INT64 (TYPED_INT64 << 2)
#define Ci_Py_SIG_UINT8 (TYPED_UINT8 << 2)
#define Ci_Py_SIG_UINT16 (TYPED_UINT16 << 2)
#define Ci_Py_SIG_UINT32 (TYPED_UINT32 << 2)
#define Ci_Py_SIG_UINT64 (TYPED_UINT64 << 2)
#define Ci_Py_SIG_SSIZE_T (sizeof(void *) == 8 ? Ci_Py_SIG_INT64 : Ci_Py_SIG_INT32)
#define Ci_Py_SIG_SIZE_T (sizeof(void *) == 8 ? Ci_Py_SIG_UINT64 : Ci_Py_SIG_UINT32)
#define Ci_Py_SIG_OBJECT (TYPED_OBJECT << 2) /* PyObject *: an argument is borrowed, a result is a new reference */
#define Ci_Py_SIG_STRING (TYPED_STRING << 2) /* the same, a str or an instance of a subclass */
#define Ci_Py_SIG_VOID (TYPED_VOID << 2)     /* a result: None */
#define Ci_Py_SIG_ERROR (TYPED_ERROR << 2)   /* a result: None for 0; for all else an exception is set */

/* A parameter after self. */
typedef struct Ci_Py_SigElement {
    int se_argtype;
    PyObject *se_default_value; /* the value of an argument that is left out; may be NULL */
    const char *se_name;        /* may be NULL: arguments are passed by position */
} Ci_Py_SigElement;

/* ml_meth of the PyMethodDef points at one of these. */
typedef struct {
    void *tmd_meth;                         /* takes self (a module for its functions), then the parameters */
    const Ci_Py_SigElement *const *tmd_sig; /* ends with NULL */
    int tmd_ret;
} Ci_PyTypedMethodDef;

#ifdef __GNUC__
#define TYPEDCALL_CINDER_UNUSED __attribute__((__unused__))
/* A function's address as a void *, which POSIX allows and ISO C does not. */
#define TYPEDCALL_CINDER_FUNCTION(name) __extension__(void *)(name)
#else
#define TYPEDCALL_CINDER_UNUSED
#define TYPEDCALL_CINDER_FUNCTION(name) (void *)(name)
#endif

/* Ci_Py_TYPED_SIGNATURE(f, Ci_Py_SIG_INT64, &Ci_Py_Sig_INT64, NULL); declares f_def, the definition of f. */
#define Ci_Py_TYPED_SIGNATURE(name, ret_type, ...) \
    static const Ci_Py_SigElement *const name##_sig[] = {__VA_ARGS__}; \
    static Ci_PyTypedMethodDef name##_def = {TYPEDCALL_CINDER_FUNCTION(name), name##_sig, ret_type}

#define TYPEDCALL_CINDER_ELEMENT(name, type, default_value) \
    static const Ci_Py_SigElement name TYPEDCALL_CINDER_UNUSED = {type, default_value, NULL}
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_T0, Ci_Py_SIG_TYPE_PARAM_IDX(0), NULL);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_T1, Ci_Py_SIG_TYPE_PARAM_IDX(1), NULL);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_T0_Opt, Ci_Py_SIG_TYPE_PARAM_OPT(0), &_Py_NoneStruct);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_T1_Opt, Ci_Py_SIG_TYPE_PARAM_OPT(1), &_Py_NoneStruct);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_Object, Ci_Py_SIG_OBJECT, NULL);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_Object_Opt, Ci_Py_SIG_OBJECT | Ci_Py_SIG_OPTIONAL, &_Py_NoneStruct);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_String, Ci_Py_SIG_STRING, NULL);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_String_Opt, Ci_Py_SIG_STRING | Ci_Py_SIG_OPTIONAL, &_Py_NoneStruct);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_SSIZET, Ci_Py_SIG_SSIZE_T, NULL);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_SIZET, Ci_Py_SIG_SIZE_T, NULL);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_INT8, Ci_Py_SIG_INT8, NULL);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_INT16, Ci_Py_SIG_INT16, NULL);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_INT32, Ci_Py_SIG_INT32, NULL);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_INT64, Ci_Py_SIG_INT64, NULL);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_UINT8, Ci_Py_SIG_UINT8, NULL);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_UINT16, Ci_Py_SIG_UINT16, NULL);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_UINT32, Ci_Py_SIG_UINT32, NULL);
TYPEDCALL_CINDER_ELEMENT(Ci_Py_Sig_UINT64, Ci_Py_SIG_UINT64, NULL);

/* --- Making tables ready --------------------------------------------------------------------------------------- */

/* The contents of the capsule `typedcall._cinder`. Later versions add fields after these. */
typedef struct {
    uint32_t version; /* 1 */
    int (*ready)(PyMethodDef *table);
} typedcall_cinder_interface;

/* The first typed definition of a table, or NULL. A line with a calling convention next to the flag is of another dialect. */
static inline const PyMethodDef *typedcall_cinder_first(const PyMethodDef *table) {
    const int conventions = 0x028F; /* METH_VARARGS, _KEYWORDS, _NOARGS, _O, _FASTCALL, _METHOD: not all are in each API */
    for (; table != NULL && table->ml_name != NULL; table++) {
        if ((table->ml_flags & (Ci_METH_TYPED | conventions)) == Ci_METH_TYPED) {
            return table;
        }
    }
    return NULL;
}

/* Makes working callables of the typed definitions in a table, in place. Returns 0, or -1 with an exception set and the
 * table unchanged. NULL, a table without typed definitions, and one that is ready already are left alone. */
static inline int typedcall_cinder_ready(PyMethodDef *table) {
    const typedcall_cinder_interface *found;
    const PyMethodDef *first = typedcall_cinder_first(table);
    if (first == NULL) {
        return 0;
    }
    found = (const typedcall_cinder_interface *)PyCapsule_Import("typedcall._cinder", 0);
    if (found == NULL) {
        /* There is no such module, it has no capsule, or something else is in the capsule's place. */
        if (PyErr_ExceptionMatches(PyExc_ImportError) || PyErr_ExceptionMatches(PyExc_AttributeError)) {
            PyErr_Clear();
            PyErr_Format(PyExc_ImportError,
                         "%s() is a typed method in Cinder's form, which CPython can't call without typedcall: install it "
                         "(an embedder calls typedcall::cinder::provide before this import)",
                         first->ml_name);
        }
        return -1;
    }
    if (found->version < 1) {
        PyErr_SetString(PyExc_ImportError, "the capsule typedcall._cinder is of no version that typedcall_cinder.h knows");
        return -1;
    }
    return found->ready(table);
}

#ifndef TYPEDCALL_CINDER_BY_HAND

static inline PyObject *typedcall_cinder_module_create(PyModuleDef *def, int version) {
    return typedcall_cinder_ready(def->m_methods) == 0 ? PyModule_Create2(def, version) : NULL;
}

static inline PyObject *typedcall_cinder_module_def_init(PyModuleDef *def) {
    return typedcall_cinder_ready(def->m_methods) == 0 ? PyModuleDef_Init(def) : NULL;
}

static inline int typedcall_cinder_add_functions(PyObject *module, PyMethodDef *table) {
    return typedcall_cinder_ready(table) == 0 ? PyModule_AddFunctions(module, table) : -1;
}

static inline int typedcall_cinder_spec_ready(PyType_Spec *spec) {
    const PyType_Slot *slot = spec->slots;
    for (; slot != NULL && slot->slot != 0; slot++) {
        if (slot->slot == Py_tp_methods && typedcall_cinder_ready((PyMethodDef *)slot->pfunc) != 0) {
            return -1;
        }
    }
    return 0;
}

static inline PyObject *typedcall_cinder_from_spec(PyType_Spec *spec, PyObject *bases) {
    return typedcall_cinder_spec_ready(spec) == 0 ? PyType_FromSpecWithBases(spec, bases) : NULL;
}

#undef PyModule_Create
#define PyModule_Create(def) typedcall_cinder_module_create((def), PYTHON_API_VERSION)
#ifndef PyModule_Create2 /* a macro where references are traced */
#define PyModule_Create2(def, version) typedcall_cinder_module_create((def), (version))
#endif
#define PyModuleDef_Init(def) typedcall_cinder_module_def_init(def)
#define PyModule_AddFunctions(module, table) typedcall_cinder_add_functions((module), (table))
#define PyType_FromSpec(spec) typedcall_cinder_from_spec((spec), NULL)
#define PyType_FromSpecWithBases(spec, bases) typedcall_cinder_from_spec((spec), (bases))

#if !defined(Py_LIMITED_API) || Py_LIMITED_API + 0 >= 0x030A0000
static inline PyObject *typedcall_cinder_from_module_and_spec(PyObject *module, PyType_Spec *spec, PyObject *bases) {
    return typedcall_cinder_spec_ready(spec) == 0 ? PyType_FromModuleAndSpec(module, spec, bases) : NULL;
}
#define PyType_FromModuleAndSpec(module, spec, bases) typedcall_cinder_from_module_and_spec((module), (spec), (bases))
#endif

#if PY_VERSION_HEX >= 0x030C0000 && (!defined(Py_LIMITED_API) || Py_LIMITED_API + 0 >= 0x030C0000)
static inline PyObject *typedcall_cinder_from_metaclass(PyTypeObject *metaclass, PyObject *module, PyType_Spec *spec,
                                                        PyObject *bases) {
    return typedcall_cinder_spec_ready(spec) == 0 ? PyType_FromMetaclass(metaclass, module, spec, bases) : NULL;
}
#define PyType_FromMetaclass(metaclass, module, spec, bases) \
    typedcall_cinder_from_metaclass((metaclass), (module), (spec), (bases))
#endif

#ifndef Py_LIMITED_API /* the limited API has only types that are made of specs */
/* Makes the tables of a type and of its bases ready, since CPython makes bases ready itself. */
static inline int typedcall_cinder_static_ready(PyTypeObject *type) {
    for (; type != NULL && !(type->tp_flags & Py_TPFLAGS_READY); type = type->tp_base) {
        if (typedcall_cinder_ready(type->tp_methods) != 0) {
            return -1;
        }
    }
    return 0;
}

static inline int typedcall_cinder_type_ready(PyTypeObject *type) {
    return typedcall_cinder_static_ready(type) == 0 ? PyType_Ready(type) : -1;
}

static inline int typedcall_cinder_add_type(PyObject *module, PyTypeObject *type) {
    return typedcall_cinder_static_ready(type) == 0 ? PyModule_AddType(module, type) : -1;
}
#define PyType_Ready(type) typedcall_cinder_type_ready(type)
#define PyModule_AddType(module, type) typedcall_cinder_add_type((module), (type))
#endif

#endif /* TYPEDCALL_CINDER_BY_HAND */

#ifdef __cplusplus
}
#endif

#endif /* TYPEDCALL_CINDER_H */
