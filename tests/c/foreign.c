// A C library for ctypes: what foreign functions get and give back.
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

typedef struct { int x; double y; } Point;

#define ECHO(name, type) type echo_##name(type value) { return value; }
ECHO(b, signed char)
ECHO(B, unsigned char)
ECHO(h, short)
ECHO(H, unsigned short)
ECHO(i, int)
ECHO(I, unsigned int)
ECHO(l, long)
ECHO(L, unsigned long)
ECHO(q, long long)
ECHO(Q, unsigned long long)
ECHO(f, float)
ECHO(d, double)
ECHO(bool, _Bool)
ECHO(c, char)
ECHO(u, wchar_t)
ECHO(z, const char *)
ECHO(Z, const wchar_t *)
ECHO(P, void *)
ECHO(g, long double)

unsigned long long third(unsigned long long a, unsigned long long b, unsigned long long c) { return c; }
uintptr_t address(const void *pointer) { return (uintptr_t)pointer; }
uintptr_t address_of_function(int (*function)(int)) { return (uintptr_t)function; }
int first(const int *numbers) { return numbers ? numbers[0] : -1; }
int sum(const int *numbers, size_t count) {
    int total = 0;
    for (size_t i = 0; i < count; i++) total += numbers[i];
    return total;
}
int bytes_sum(const unsigned char *bytes, size_t count) {
    int total = 0;
    for (size_t i = 0; i < count; i++) total += bytes[i];
    return total;
}
void twice(const Point *from, Point *to) { to->x = from->x * 2; to->y = from->y * 2; }
double norm(Point point) { return point.x + point.y; }
Point *same(Point *point) { return point; }
int apply(int (*function)(int), int value) { return function(value); }
int (*pick(int which))(int) { return which ? abs : NULL; }
int nothing_calls;
void nothing(void) { nothing_calls++; }
int seven(void) { return 7; }
int fail(int number) { errno = number; return -1; }
long many(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j;
}
double mixed(int a, double b, const char *c, float d, long e, double f) {
    return a + b * 2 + (double)strlen(c) * 3 + d * 4 + e * 5 + f * 6;
}
int sleep_ms(int milliseconds) { return usleep(milliseconds * 1000); }
