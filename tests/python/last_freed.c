/* An allocator that hands out the block which was freed last: `last_freed.start()` puts it before Python's own, for good. A
 * block that is freed is given to the next request of the same size, whatever that is for; so an address that somebody
 * remembers and does not own is soon another object's. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SIZES 4096        /* Larger blocks are Python's own affair. */
#define SLOTS (1u << 22)  /* Blocks that may be in use at a time. */

typedef struct freed {
    struct freed *next;
} freed;

static freed *newest[SIZES + 1];
static size_t reused;
/* The blocks that came from here, an open hash table of addresses: their sizes. */
static uintptr_t *blocks;
static uint16_t *sizes;
static size_t count;
static PyMemAllocatorEx objects, memory;

static size_t slot_of(uintptr_t block) {
    size_t slot = (size_t)((block >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (SLOTS - 1);
    while (blocks[slot] != 0 && blocks[slot] != block) slot = (slot + 1) & (SLOTS - 1);
    return slot;
}

static void *known(void *block, size_t size) {
    size_t slot = slot_of((uintptr_t)block);
    if (blocks[slot] == 0) {
        if (++count > SLOTS / 2) abort();
        blocks[slot] = (uintptr_t)block;
    }
    sizes[slot] = (uint16_t)size;
    return block;
}

static void *allocate(void *context, size_t size) {
    PyMemAllocatorEx *own = context;
    size = size == 0 ? 1 : size;
    if (size > SIZES) return own->malloc(own->ctx, size);
    freed *block = newest[size];
    if (block != NULL) {
        newest[size] = block->next;
        reused++;
        return block;
    }
    /* Room for the link. */
    void *fresh = own->malloc(own->ctx, size < sizeof(freed) ? sizeof(freed) : size);
    return fresh == NULL ? NULL : known(fresh, size);
}

static void *allocate_zeroed(void *context, size_t number, size_t size) {
    if (size != 0 && number > PY_SSIZE_T_MAX / size) return NULL;
    void *block = allocate(context, number * size);
    if (block != NULL) memset(block, 0, number * size);
    return block;
}

/* The size that a block of ours was asked with; 0 for others. A block keeps its size for ever. */
static size_t size_of(void *block) {
    size_t slot = slot_of((uintptr_t)block);
    return blocks[slot] == 0 ? 0 : sizes[slot];
}

static void release(void *context, void *block) {
    PyMemAllocatorEx *own = context;
    if (block == NULL) return;
    size_t size = size_of(block);
    if (size == 0) {
        own->free(own->ctx, block);
        return;
    }
    ((freed *)block)->next = newest[size];
    newest[size] = block;
}

static void *reallocate(void *context, void *block, size_t size) {
    PyMemAllocatorEx *own = context;
    if (block == NULL) return allocate(context, size);
    size_t old = size_of(block);
    if (old == 0) return own->realloc(own->ctx, block, size == 0 ? 1 : size);
    if (size <= old) return block;
    void *larger = allocate(context, size);
    if (larger != NULL) {
        memcpy(larger, block, old);
        release(context, block);
    }
    return larger;
}

static PyObject *start(PyObject *self, PyObject *nothing) {
    (void)self;
    (void)nothing;
    if (blocks == NULL) {
        blocks = calloc(SLOTS, sizeof(*blocks));
        sizes = calloc(SLOTS, sizeof(*sizes));
        if (blocks == NULL || sizes == NULL) return PyErr_NoMemory();
        PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &objects);
        PyMem_GetAllocator(PYMEM_DOMAIN_MEM, &memory);
        PyMemAllocatorEx before_objects = {&objects, allocate, allocate_zeroed, reallocate, release};
        PyMemAllocatorEx before_memory = {&memory, allocate, allocate_zeroed, reallocate, release};
        PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &before_objects);
        PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &before_memory);
    }
    Py_RETURN_NONE;
}

static PyObject *blocks_reused(PyObject *self, PyObject *nothing) {
    (void)self;
    (void)nothing;
    return PyLong_FromSize_t(reused);
}

static PyMethodDef methods[] = {
    {"start", start, METH_NOARGS, "From now on a block that is freed is the next one of its size to be handed out."},
    {"reused", blocks_reused, METH_NOARGS, "How many blocks were handed out again so far."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "last_freed", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_last_freed(void);
PyMODINIT_FUNC PyInit_last_freed(void) { return PyModule_Create(&definition); }
