/* A library for the tests in Python: functions that ctypes calls, with every kind of argument and result that is
 * specialized, and some that are not. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

/* ---- Scalars ---- */

#define SCALARS(X) \
    X(byte, int8_t) X(ubyte, uint8_t) X(short, int16_t) X(ushort, uint16_t) X(int, int32_t) X(uint, uint32_t) \
    X(long, int64_t) X(ulong, uint64_t) X(float, float) X(double, double) X(bool, bool) X(char, char) \
    X(wchar, wchar_t) X(pointer, void *)

#define ECHO(name, type) type echo_##name(type x) { return x; }
SCALARS(ECHO)

/* What is in the register above a short type is not the callee's to know: these look at the whole argument. */
uint64_t widened_int(int8_t a, uint8_t b, int16_t c, uint16_t d) { return a * 1000000 + b * 10000 + c * 100 + d; }

int64_t add_long(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
double add_double(double a, double b) { return a + b; }
int64_t mixed(int32_t a, double b, int8_t c, float d, uint64_t e, bool f) {
    return (int64_t)((uint64_t)(a + (int64_t)b + c + (int64_t)d + f) + e);
}
int64_t ten(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, int64_t g, int64_t h, int64_t i,
            int64_t j) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j;
}
double ten_doubles(double a, double b, double c, double d, double e, double f, double g, double h, double i, double j) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j;
}
int32_t answer(void) { return 42; }
static int32_t counter;
void count(void) { ++counter; }
int32_t counted(void) { return counter; }

/* ---- Pointers, arrays, structures ---- */

typedef struct { int32_t x, y; } Point;
typedef struct { Point corner; double weight; char name[8]; } Item;

int64_t sum_ints(const int32_t *values, size_t count) {
    int64_t total = 0;
    for (size_t i = 0; i < count; ++i) total += values[i];
    return total;
}
double sum_doubles(const double *values, size_t count) {
    double total = 0;
    for (size_t i = 0; i < count; ++i) total += values[i];
    return total;
}
/* -1 where there is none. */
int32_t first_int(const int32_t *values) { return values ? *values : -1; }
void store_int(int32_t *to, int32_t value) { if (to) *to = value; }
void divide(int32_t a, int32_t b, int32_t *quotient, int32_t *remainder) { *quotient = a / b; *remainder = a % b; }
int32_t area(const Point *point) { return point ? point->x * point->y : -1; }
void move(Point *point, int32_t x, int32_t y) { point->x += x; point->y += y; }
Point *farther(Point *a, Point *b) { return a->x * a->x + a->y * a->y > b->x * b->x + b->y * b->y ? a : b; }
double weigh(const Item *items, size_t count) {
    double total = 0;
    for (size_t i = 0; i < count; ++i) total += items[i].weight * items[i].corner.x;
    return total;
}
Point swapped(Point point) { return (Point){point.y, point.x}; }
uintptr_t address_of(const void *pointer) { return (uintptr_t)pointer; }
int32_t *numbers(void) {
    static int32_t all[4] = {10, 20, 30, 40};
    return all;
}
int32_t *no_numbers(void) { return NULL; }
void set_pointer(int32_t **to, int32_t *value) { *to = value; }
unsigned char checksum(const unsigned char *data, size_t count) {
    unsigned char total = 0;
    for (size_t i = 0; i < count; ++i) total = (unsigned char)(total * 31 + data[i]);
    return total;
}
void fill(unsigned char *data, unsigned char value, size_t count) { memset(data, value, count); }

/* ---- Strings ---- */

size_t length(const char *text) { return text ? strlen(text) : (size_t)-1; }
size_t wide_length(const wchar_t *text) { return text ? wcslen(text) : (size_t)-1; }
const char *name_of(int32_t number) {
    static const char *const names[] = {"zero", "one", "", "\xff\xfe"};
    return number >= 0 && number < 4 ? names[number] : NULL;
}
const wchar_t *wide_name_of(int32_t number) {
    static const wchar_t *const names[] = {L"zero", L"\u00e4\u03b1", L"", L"\U0001f40d"};
    return number >= 0 && number < 4 ? names[number] : NULL;
}
const char *skip(const char *text, int32_t count) { return text + count; }

/* ---- Callbacks ---- */

typedef int32_t (*Unary)(int32_t);
typedef int32_t (*Compare)(const void *, const void *);

int32_t apply(Unary function, int32_t x) { return function ? function(x) : -1; }
int64_t apply_often(Unary function, int32_t count) {
    int64_t total = 0;
    for (int32_t i = 0; i < count; ++i) total += function(i);
    return total;
}
void sort_ints(int32_t *values, size_t count, Compare compare) { qsort(values, count, sizeof *values, compare); }
static int32_t twice(int32_t x) { return 2 * x; }
Unary get_twice(void) { return twice; }

/* ---- Time, and what is not specialized ---- */

/* Blocks without using the processor. */
int32_t doze(int32_t milliseconds) {
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    return nanosleep(&time, NULL);
}
/* Waits until another thread has set the flag, at most so long; how often it looked, or -1. */
int32_t wait_for(const volatile int32_t *flag, int32_t milliseconds) {
    for (int32_t i = 0; i < milliseconds; ++i) {
        if (*flag) return i;
        doze(1);
    }
    return -1;
}
int64_t sum_all(int32_t count, ...) {
    va_list list;
    int64_t total = 0;
    va_start(list, count);
    while (count-- > 0) total += va_arg(list, int64_t);
    va_end(list);
    return total;
}
