# Four loops over typed methods, to a bound that is put in the place of BOUND: a parameter or a constant.
def inc(obj, n):
    i = 0
    while i < BOUND: i = m.inc(i)
    return i
def takes_object(obj, n):
    i = 0
    while i < BOUND: i = m.takes_object(obj, i)
    return i
def same(obj, n):
    i = 0
    while i < BOUND:
        m.same(obj)
        i += 1
    return i
def same_may_raise(obj, n):
    i = 0
    while i < BOUND:
        m.same_may_raise(obj)
        i += 1
    return i
