/* Calls a method through its wrapper and through a stub, over all inputs, and compares. */

#include "matrix.h"

PyTypeObject *matrix_point;
PyTypeObject *matrix_subclass[TYPEDCALL_KIND_NONE + 1];
uint64_t matrix_conversions;

/* Made by the setup: a tuple of inputs for each kind, the first ones good; objects for the parameters around the one
 * under test, by position; receivers that a method of a type admits, then some that it does not. */
static PyObject *inputs[TYPEDCALL_KIND_NONE + 1];
static PyObject *fillers[4];
static PyObject *admitted, *refused;

/* So many inputs of each kind are good: a stub must not need the wrapper for them. */
enum { GOOD_INPUTS = 3 };

/* ---- Objects with conversions of their own ------------------------------------------------------------------------ */

static PyObject *convert_index(PyObject *self) {
    (void)self;
    matrix_conversions++;
    return PyLong_FromLong(3);
}
static PyObject *convert_float(PyObject *self) {
    (void)self;
    matrix_conversions++;
    return PyFloat_FromDouble(1.5);
}
static int convert_bool(PyObject *self) {
    (void)self;
    matrix_conversions++;
    return 1;
}
static PyObject *raise_index(PyObject *self) {
    (void)self;
    matrix_conversions++;
    return PyErr_Format(PyExc_LookupError, "from a conversion");
}

static PyObject *converter(const char *name, int slot, void *function) {
    PyType_Slot slots[] = {{slot, function}, {0, NULL}};
    PyType_Spec spec = {name, sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, slots};
    PyObject *type = PyType_FromSpec(&spec);
    PyObject *instance = type == NULL ? NULL : PyObject_CallFunctionObjArgs(type, NULL);
    Py_XDECREF(type);
    return instance;
}

/* Puts instances of such types into a namespace. */
int matrix_converters(PyObject *names) {
    PyObject *index = converter("matrix.Index", Py_nb_index, (void *)convert_index);
    PyObject *real = converter("matrix.Real", Py_nb_float, (void *)convert_float);
    PyObject *truth = converter("matrix.Truth", Py_nb_bool, (void *)convert_bool);
    PyObject *raising = converter("matrix.Raising", Py_nb_index, (void *)raise_index);
    if (index == NULL || real == NULL || truth == NULL || raising == NULL) return -1;
    return PyDict_SetItemString(names, "index", index) | PyDict_SetItemString(names, "real", real) |
           PyDict_SetItemString(names, "truth", truth) | PyDict_SetItemString(names, "raising", raising);
}

/* Takes over what the setup in Python has made. */
int matrix_setup(PyObject *names) {
    PyObject *all = PyDict_GetItemString(names, "INPUTS"), *subclasses = PyDict_GetItemString(names, "SUBCLASSES");
    PyObject *around = PyDict_GetItemString(names, "FILLERS");
    matrix_point = (PyTypeObject *)PyDict_GetItemString(names, "Point");
    admitted = PyDict_GetItemString(names, "ADMITTED");
    refused = PyDict_GetItemString(names, "REFUSED");
    if (all == NULL || subclasses == NULL || around == NULL || matrix_point == NULL || !admitted || !refused) return -1;
    Py_INCREF(names);
    for (int kind = 0; kind <= TYPEDCALL_KIND_NONE; kind++) {
        PyObject *key = PyLong_FromLong(kind);
        inputs[kind] = PyDict_GetItem(all, key);
        if (inputs[kind] != NULL) matrix_default[kind] = PyTuple_GET_ITEM(inputs[kind], GOOD_INPUTS - 1);
        matrix_subclass[kind] = (PyTypeObject *)PyDict_GetItem(subclasses, key);
        Py_DECREF(key);
    }
    for (int index = 0; index < 4; index++) fillers[index] = PyTuple_GET_ITEM(around, index);
    return 0;
}

static PyObject *filler(int kind, int position) {
    int which = kind == TYPEDCALL_KIND_I64 ? 0 : kind == TYPEDCALL_KIND_F64 ? 1 : kind == TYPEDCALL_KIND_F32 ? 2 : 3;
    return PyTuple_GET_ITEM(fillers[which], position);
}

/* ---- One call ----------------------------------------------------------------------------------------------------- */

/* In the order of the generator's entries. */
enum { GUARDED, VECTORCALL, BOXED, FUNCTION, NATIVE };

/* The outcome of a call, for comparison. */
typedef struct {
    const matrix_method *method;
    PyObject *callable;
    PyObject *bound_to;
    PyTypeObject *type;
    int entry;
    void *address;
    PyObject *function;
    char *message;
    size_t size;
    uint64_t calls;
    uint64_t fast;
} matrix_comparison;

/* The passed objects: a receiver, if it is a method of a type, then the arguments. */
typedef struct {
    PyObject *objects[32];
    Py_ssize_t count; /* those given by position */
    PyObject *names;  /* of the arguments after them */
} arguments;

static Py_ssize_t all_of(const arguments *given) {
    return given->count + (given->names == NULL ? 0 : PyTuple_GET_SIZE(given->names));
}

typedef PyObject *(*method_fastcall)(PyObject *, PyObject *const *, Py_ssize_t);
typedef PyObject *(*method_keywords)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);

static PyObject *by_method(const matrix_comparison *about, void *meth, PyObject *const *objects, const arguments *given) {
    PyObject *self = about->bound_to;
    Py_ssize_t count = given->count;
    if (about->type != NULL) {
        self = *objects++;
        count--;
    }
    PyTypeObject *class = about->type != NULL ? about->type : Py_TYPE(self);
    switch (about->method->def.ml_flags) {
    case METH_NOARGS: return ((PyCFunction)meth)(self, NULL);
    case METH_O: return ((PyCFunction)meth)(self, objects[0]);
    case METH_FASTCALL: return ((method_fastcall)meth)(self, objects, count);
    case METH_FASTCALL | METH_KEYWORDS: return ((method_keywords)meth)(self, objects, count, given->names);
    default: return ((PyCMethod)meth)(self, class, objects, (size_t)count, given->names);
    }
}

#define P1 PyObject *
#define P2 P1, P1
#define P3 P2, P1
#define P4 P2, P2
#define P8 P4, P4
#define P16 P8, P8
#define A1(i) o[i]
#define A2(i) A1(i), A1(i + 1)
#define A4(i) A2(i), A2(i + 2)
#define A8(i) A4(i), A4(i + 4)
#define WITH(count, types, values) \
    case count: return ((PyObject * (*)(types)) code)(values)
#define TYPES(...) __VA_ARGS__

static PyObject *by_pointers(void *code, PyObject *const *o, Py_ssize_t count) {
    switch (count) {
    case 0: return ((PyObject * (*)(void)) code)();
    case 1: return ((PyObject * (*)(P1)) code)(A1(0));
    case 2: return ((PyObject * (*)(P2)) code)(A2(0));
    case 3: return ((PyObject * (*)(P3)) code)(A2(0), A1(2));
    case 6: return ((PyObject * (*)(P4, P2)) code)(A4(0), A2(4));
    case 7: return ((PyObject * (*)(P4, P3)) code)(A4(0), A2(4), A1(6));
    case 15: return ((PyObject * (*)(P8, P4, P3)) code)(A8(0), A4(8), A2(12), A1(14));
    case 16: return ((PyObject * (*)(P16)) code)(A8(0), A8(8));
    default: return PyErr_Format(PyExc_SystemError, "no raw call with %zd objects", count);
    }
}

static PyObject *invoke(const matrix_comparison *about, int stub, const arguments *given) {
    /* The callee may use the slot before the arguments. */
    PyObject *copy[33] = {NULL};
    PyObject **objects = copy + 1;
    memcpy(objects, given->objects, sizeof(given->objects));
    size_t flagged = (size_t)given->count | PY_VECTORCALL_ARGUMENTS_OFFSET;
    if (about->entry == GUARDED) {
        return by_method(about, stub ? about->address : (void *)about->method->def.ml_meth, objects, given);
    }
    if (!stub) return PyObject_Vectorcall(about->callable, objects, flagged, given->names);
    switch (about->entry) {
    case VECTORCALL: return ((vectorcallfunc)about->address)(about->callable, objects, flagged, given->names);
    case BOXED: return by_pointers(about->address, objects, all_of(given));
    case FUNCTION: return PyObject_Vectorcall(about->function, objects, flagged, given->names);
    default: {
        /* A native stub is the underlying function: the wrapper's own code calls it. */
        matrix_method native = *about->method;
        native.function = (matrix_function)about->address;
        matrix_current = &native;
        PyObject *result = PyObject_Vectorcall(about->callable, objects, flagged, given->names);
        matrix_current = about->method;
        return result;
    }
    }
}

/* ---- The outcome -------------------------------------------------------------------------------------------------- */

enum { MAX_WATCHED = 64 };

typedef struct {
    PyObject *result;
    PyObject *type;
    PyObject *text;
    uint64_t conversions;
    uint64_t wrapped;
    uint64_t released;
    Py_ssize_t references; /* to the result */
    Py_ssize_t counts[MAX_WATCHED];
} outcome;

static int watch(const matrix_comparison *about, const arguments *given, PyObject **watched) {
    int count = 0;
    watched[count++] = Py_None;
    watched[count++] = Py_True;
    watched[count++] = Py_False;
    watched[count++] = about->callable;
    watched[count++] = (PyObject *)matrix_point;
    if (about->function != NULL) watched[count++] = about->function;
    if (about->bound_to != NULL) watched[count++] = about->bound_to;
    for (Py_ssize_t index = 0; index < all_of(given); index++) watched[count++] = given->objects[index];
    return count;
}

static void observe(const matrix_comparison *about, int stub, const arguments *given, outcome *outcome) {
    PyObject *watched[MAX_WATCHED];
    int count = watch(about, given, watched);
    /* The object that the last call lent is dropped now, and not while references are counted. */
    matrix_lend(NULL);
    for (int index = 0; index < count; index++) outcome->counts[index] = -Py_REFCNT(watched[index]);
    outcome->conversions = matrix_conversions;
    outcome->wrapped = matrix_wrapped;
    outcome->released = matrix_released;
    outcome->result = invoke(about, stub, given);
    outcome->references = outcome->result == NULL ? 0 : Py_REFCNT(outcome->result);
    outcome->released = matrix_released - outcome->released;
    outcome->conversions = matrix_conversions - outcome->conversions;
    outcome->wrapped = matrix_wrapped - outcome->wrapped;
    outcome->type = outcome->text = NULL;
    if (PyErr_Occurred()) {
        PyObject *value, *traceback;
        PyErr_Fetch(&outcome->type, &value, &traceback);
        PyErr_NormalizeException(&outcome->type, &value, &traceback);
        outcome->text = PyObject_Str(value);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
    }
    for (int index = 0; index < count; index++) outcome->counts[index] += Py_REFCNT(watched[index]);
}

static void forget(outcome *outcome) {
    Py_XDECREF(outcome->result);
    Py_XDECREF(outcome->type);
    Py_XDECREF(outcome->text);
}

/* Whether nobody but the caller has an object of this type: its reference count means something. */
static int is_fresh(PyTypeObject *type) {
    return type == &PyFloat_Type || type == &PyList_Type || type == &PyTuple_Type || type == &PyDict_Type ||
           type == matrix_point || type->tp_flags & Py_TPFLAGS_HEAPTYPE;
}

static const char *difference(const outcome *original, const outcome *stub) {
    if ((original->result == NULL) != (stub->result == NULL)) return "one raises, the other returns";
    if (original->type != stub->type) return "another exception, or one beside a result";
    if ((original->result == NULL) == (original->type == NULL)) return "no exception without a result, or one beside it";
    if (original->text != NULL && PyUnicode_Compare(original->text, stub->text) != 0) return "another text";
    if (original->result == NULL) return NULL;
    PyTypeObject *type = Py_TYPE(original->result);
    if (type != Py_TYPE(stub->result)) return "another type";
    if (is_fresh(type) && original->references != stub->references) return "the result's reference count";
    if (type == &PyFloat_Type) {
        double numbers[2] = {PyFloat_AS_DOUBLE(original->result), PyFloat_AS_DOUBLE(stub->result)};
        return memcmp(&numbers[0], &numbers[1], sizeof(double)) == 0 ? NULL : "another number";
    }
    return PyObject_RichCompareBool(original->result, stub->result, Py_EQ) == 1 ? NULL : "another result";
}

static void text_of(PyObject *object, char *text, size_t size) {
    PyObject *repr = object == NULL ? NULL : PyObject_ASCII(object);
    snprintf(text, size, "%.200s", object == NULL ? "-" : repr == NULL ? "?" : PyUnicode_AsUTF8(repr));
    Py_XDECREF(repr);
    PyErr_Clear();
}

/* Both ways of one call, and how they differ. */
static const char *observe_both(matrix_comparison *about, const arguments *given, outcome *original, outcome *stub,
                                int stub_first) {
    PyObject *watched[MAX_WATCHED];
    observe(about, stub_first, given, stub_first ? stub : original);
    observe(about, !stub_first, given, stub_first ? original : stub);
    const char *reason = difference(original, stub);
    if (reason != NULL) return reason;
    if (original->conversions != stub->conversions) return "another number of conversions";
    if (original->released != stub->released) return "the GIL released by one of them";
    int count = watch(about, given, watched);
    for (int index = 0; index < count; index++) {
        if (original->counts[index] != stub->counts[index]) return "a reference count";
    }
    return NULL;
}

/* The interpreter caches objects now and then, and may keep a reference. What a stub does, it does each time. */
enum { ATTEMPTS = 3 };

/* Compares one call; nonzero, and a message, if the two differ. `fast`: the stub must not need the wrapper. */
static int compare(matrix_comparison *about, const arguments *given, int fast) {
    outcome original, stub;
    const char *reason;
    for (int attempt = 1;; attempt++) {
        /* Neither is always the first: an object may remember what was asked of it. */
        reason = observe_both(about, given, &original, &stub, about->calls++ & 1);
        if (reason == NULL || attempt == ATTEMPTS) break;
        forget(&original);
        forget(&stub);
    }
    if (fast && about->entry != NATIVE && stub.wrapped != 0 && reason == NULL) reason = "the stub called the wrapper";
    about->fast += stub.wrapped == 0 && original.wrapped != 0;
    if (reason != NULL) {
        char texts[5][256];
        PyObject *shown = PyTuple_New(all_of(given));
        for (Py_ssize_t index = 0; index < all_of(given); index++) {
            Py_INCREF(given->objects[index]);
            PyTuple_SET_ITEM(shown, index, given->objects[index]);
        }
        text_of(shown, texts[0], sizeof(texts[0]));
        Py_DECREF(shown);
        text_of(original.result, texts[1], sizeof(texts[1]));
        text_of(original.text, texts[2], sizeof(texts[2]));
        text_of(stub.result, texts[3], sizeof(texts[3]));
        text_of(stub.text, texts[4], sizeof(texts[4]));
        snprintf(about->message, about->size,
                 "%s (mode %d, %s wrapper) of %s%s: original %s raising %s, stub %s raising %s", reason,
                 matrix_mode, matrix_lenient ? "lenient" : "strict", texts[0], given->names == NULL ? "" : " by name",
                 texts[1], texts[2], texts[3], texts[4]);
    }
    forget(&original);
    forget(&stub);
    return reason != NULL;
}

/* ---- All calls ---------------------------------------------------------------------------------------------------- */

/* The arguments that go with a method, and where among them is the one under test; -1 where it is none of them. */
static int base_arguments(const matrix_comparison *about, arguments *given) {
    const typedcall_value *values = about->method->signature->values + 1;
    /* The name of the parameter under test. */
    static PyObject *by_name;
    if (by_name == NULL) by_name = Py_BuildValue("(s)", "x");
    int target = -1;
    given->count = 0;
    given->names = NULL;
    if (about->type != NULL) given->objects[given->count++] = PyTuple_GET_ITEM(admitted, 0);
    for (uint32_t index = 0; index + 1 < about->method->signature->value_count; index++) {
        if (values[index].kind == TYPEDCALL_KIND_CONTEXT) continue;
        if (values[index].flags & TYPEDCALL_RECEIVER) {
            if ((int)index == about->method->target) target = 0;
            continue;
        }
        if ((int)index == about->method->target) {
            target = (int)given->count;
            if (values[index].flags & TYPEDCALL_KEYWORD_ONLY) {
                given->names = by_name;
            } else {
                given->count++;
            }
        } else {
            given->objects[given->count++] = filler(values[index].kind, (int)index);
        }
    }
    return target;
}

static int inputs_agree(matrix_comparison *about, const typedcall_value *value, arguments *given, int target) {
    PyObject *all = inputs[value->kind];
    int is_receiver = (value->flags & TYPEDCALL_RECEIVER) != 0;
    for (Py_ssize_t index = 0; index < PyTuple_GET_SIZE(all); index++) {
        PyObject *input = PyTuple_GET_ITEM(all, index);
        int proven = matrix_proven(value, input), good = index < GOOD_INPUTS;
        /* The caller of a ml_meth has checked its receiver, the caller of a boxed stub all arguments. */
        int looked = about->entry == GUARDED || about->entry == BOXED;
        if (looked && is_receiver && !PyObject_TypeCheck(input, about->type)) continue;
        if (about->entry == BOXED && !proven) continue;
        given->objects[target] = input;
        int fast = proven && (good || input == Py_None);
        if (compare(about, given, fast)) return 1;
        matrix_lenient = 1;
        int differs = compare(about, given, fast);
        matrix_lenient = 0;
        if (differs) return 1;
        if (!good) continue;
        for (matrix_mode = MATRIX_RAISE; matrix_mode <= MATRIX_ODD; matrix_mode++) {
            if (compare(about, given, fast)) return 1;
        }
        matrix_mode = MATRIX_NORMAL;
    }
    given->objects[target] = PyTuple_GET_ITEM(all, 0);
    return 0;
}

/* Fewer and more arguments than there are parameters, for conventions that pass a number. */
static int arities_agree(matrix_comparison *about, const arguments *base) {
    int own = about->entry == GUARDED, counted = (about->method->def.ml_flags & METH_FASTCALL) != 0;
    if ((own && !counted) || about->entry == BOXED || about->entry == NATIVE) return 0;
    const typedcall_value *target = &about->method->signature->values[about->method->target + 1];
    int may_be_left_out = about->method->target >= 0 && target->flags & TYPEDCALL_OPTIONAL;
    Py_ssize_t least = own && about->type != NULL;
    arguments given = *base;
    given.names = NULL;
    given.objects[given.count++] = Py_Ellipsis;
    if (compare(about, &given, 0)) return 1;
    given.objects[given.count++] = Py_Ellipsis;
    if (compare(about, &given, 0)) return 1;
    given.count = all_of(base) - 1;
    if (given.count >= least && compare(about, &given, may_be_left_out)) return 1;
    given.count = least;
    return compare(about, &given, 0);
}

static int call_by_name(matrix_comparison *about, arguments *given, PyObject *names) {
    given->names = names;
    int differs = names == NULL || compare(about, given, 0);
    Py_XDECREF(names);
    return differs;
}

/* Calls by name, right and wrong: the last argument, all of them in reverse, one of no such name, one given twice. */
static int keywords_agree(matrix_comparison *about, const arguments *base) {
    int takes = (about->method->def.ml_flags & METH_KEYWORDS) != 0;
    if ((about->entry == GUARDED && !takes) || about->entry == BOXED || about->entry == NATIVE) return 0;
    const typedcall_signature *signature = about->method->signature;
    const char *names[MATRIX_MAX_VALUES];
    Py_ssize_t count = 0, first = about->type != NULL;
    for (uint32_t index = 1; index < signature->value_count; index++) {
        const typedcall_value *value = &signature->values[index];
        if (!(value->flags & TYPEDCALL_RECEIVER) && value->kind != TYPEDCALL_KIND_CONTEXT) names[count++] = value->name;
    }
    arguments given = *base;
    given.objects[given.count] = Py_Ellipsis;
    if (call_by_name(about, &given, Py_BuildValue("(s)", "nobody"))) return 1;
    if (count == 0) return 0;
    if (call_by_name(about, &given, Py_BuildValue("(s)", names[count - 1]))) return 1;
    if (base->count > first) {
        given.count = base->count - 1;
        if (call_by_name(about, &given, Py_BuildValue("(s)", names[count - 1]))) return 1;
        if (call_by_name(about, &given, Py_BuildValue("(s)", "nobody"))) return 1;
    }
    PyObject *reversed = PyTuple_New(count);
    for (Py_ssize_t index = 0; index < count && reversed != NULL; index++) {
        PyTuple_SET_ITEM(reversed, index, PyUnicode_InternFromString(names[count - 1 - index]));
        given.objects[first + index] = base->objects[all_of(base) - 1 - index];
    }
    given.count = first;
    return call_by_name(about, &given, reversed);
}

/* Methods of types, on other receivers. */
static int receivers_agree(matrix_comparison *about, const arguments *base) {
    if (about->type != matrix_point || about->entry == NATIVE) return 0;
    arguments given = *base;
    for (Py_ssize_t index = 0; index < PyTuple_GET_SIZE(admitted); index++) {
        given.objects[0] = PyTuple_GET_ITEM(admitted, index);
        /* The caller of a boxed stub has checked them. */
        if (about->entry == BOXED && !Py_IS_TYPE(given.objects[0], about->type)) continue;
        if (compare(about, &given, 0)) return 1;
    }
    for (Py_ssize_t index = 0; index < PyTuple_GET_SIZE(refused); index++) {
        given.objects[0] = PyTuple_GET_ITEM(refused, index);
        if ((about->entry == VECTORCALL || about->entry == FUNCTION) && compare(about, &given, 0)) return 1;
    }
    return 0;
}

/* Nonzero if a call differs, with a message that says how. */
int matrix_compare(matrix_comparison *about) {
    arguments given;
    const matrix_method *method = about->method;
    matrix_current = method;
    matrix_mode = MATRIX_NORMAL;
    matrix_lenient = 0;
    int target = base_arguments(about, &given), differs = 0;
    if (target >= 0) {
        differs = inputs_agree(about, &method->signature->values[method->target + 1], &given, target);
    } else {
        for (matrix_mode = MATRIX_NORMAL; matrix_mode <= MATRIX_ODD && !differs; matrix_mode++) {
            differs = compare(about, &given, 1);
        }
    }
    matrix_mode = MATRIX_NORMAL;
    return differs || arities_agree(about, &given) || keywords_agree(about, &given) || receivers_agree(about, &given);
}
