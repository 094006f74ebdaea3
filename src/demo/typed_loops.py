def loop_inc(obj, n):
    i = 0
    while i < n: i = m.inc(i)
    return i
def loop_obj(obj, n):
    i = 0
    while i < n: i = m.takes_object(obj, i)
    return i
def loop_same(obj, n):
    i = 0
    while i < n:
        m.same(obj)
        i += 1
    return i
def loop_same_raise(obj, n):
    i = 0
    while i < n:
        m.same_may_raise(obj)
        i += 1
    return i
def loop_exc(obj, n):
    i = 10_000_000 - n
    while True:
        try: i = m.inc_or_stop(i)
        except StopIteration: return i
