"""While somebody observes how functions run, the original runs: tracers, profilers, `sys.monitoring`, coverage."""

import sys
import threading

import typedcall
from functions import ByPython, Compiled, counts, made, plain, specialized

SOURCE = '''
def function(a, inner):
    b = a + 1
    inner()
    c = [b,
         a]
    return c
'''


def pair():
    return made(SOURCE), specialized(made(SOURCE))


def events(function, start, stop, log, *arguments):
    """What an observer sees of a call."""
    log.clear()
    start()
    try:
        result = function(*arguments)
    finally:
        stop()
    return result, list(log)


def tracer(log):
    def trace(frame, event, argument):
        if frame.f_code.co_name == 'function':
            log.append((event, frame.f_lineno, dict(frame.f_locals).keys(), argument))
        return trace
    return trace


def test_a_trace_function():
    reference, function = pair()
    log = []
    trace = tracer(log)
    start, stop = (lambda: sys.settrace(trace)), (lambda: sys.settrace(None))
    with Compiled(0.99, calls=1):
        function(1, int)
    for _ in range(3):
        with ByPython():
            found = events(function, start, stop, log, 1, int)
        assert found == events(reference, start, stop, log, 1, int)
        assert len(found[1]) > 5
        with Compiled(0.99, 'after tracing', 1):
            assert function(1, int) == [2, 1]


def test_a_trace_function_before_the_first_call():
    reference, function = pair()
    log = []
    trace = tracer(log)
    start, stop = (lambda: sys.settrace(trace)), (lambda: sys.settrace(None))
    assert events(function, start, stop, log, 1, int) == events(reference, start, stop, log, 1, int)
    assert typedcall.explain(function).state == 'waiting'
    with Compiled(0.99, calls=1):
        function(1, int)


def test_a_profile_function():
    reference, function = pair()
    log = []

    def profile(frame, event, argument):
        if frame.f_code.co_name == 'function':
            log.append((event, getattr(argument, '__name__', argument)))

    start, stop = (lambda: sys.setprofile(profile)), (lambda: sys.setprofile(None))
    function(1, int)
    for _ in range(2):
        with ByPython():
            found = events(function, start, stop, log, 1, int)
        assert found == events(reference, start, stop, log, 1, int) and found[1]
    with Compiled(0.99, calls=1):
        function(1, int)


def test_another_thread_is_traced():
    _, function = pair()
    function(1, int)
    log = []
    trace = tracer(log)
    ready, go = threading.Event(), threading.Event()

    def other():
        sys.settrace(trace)
        function(1, int)
        ready.set()
        go.wait(10)
        function(2, int)
        sys.settrace(None)

    thread = threading.Thread(target=other)
    thread.start()
    ready.wait(10)
    seen = len(log)
    assert seen
    with Compiled(0.99, 'beside a traced thread', 10):
        for _ in range(10):
            assert function(1, int) == [2, 1]
    assert len(log) == seen
    go.set()
    thread.join()
    assert len(log) == 2 * seen


def test_local_variables_are_seen_by_what_it_calls():
    function = specialized(made('def function(a, look):\n    b = a\n    return look()'))
    assert function(1, lambda: 5) == 5


def monitored(events_of, tool=4):
    """Calls both functions with events on, as `events_of` switches them on, and returns what was seen of each."""
    monitoring = sys.monitoring
    kinds = monitoring.events
    results = []
    compiled = 0
    for function in pair():
        log = []
        monitoring.use_tool_id(tool, 'test')
        for kind in (kinds.PY_START, kinds.PY_RETURN, kinds.LINE, kinds.CALL):
            def seen(code, *rest, kind=kind):
                if code.co_name == 'function':
                    log.append((kind, [getattr(each, '__name__', each) for each in rest]))
            monitoring.register_callback(tool, kind, seen)
        function(0, int)
        on, off = events_of(monitoring, tool, plain(function).__code__)
        try:
            assert not log
            on()
            with ByPython():
                function(1, int)
                function(2, int)
            off()
            counted = len(log)
            before = counts()
            for _ in range(4):
                function(3, int)
            # The plain function is not counted.
            assert counts() in (before, (before[0] + 4, before[1])), (before, counts())
            compiled += counts()[0] - before[0]
            assert len(log) == counted
            on()
            function(4, int)
        finally:
            off()
            for kind in (kinds.PY_START, kinds.PY_RETURN, kinds.LINE, kinds.CALL):
                monitoring.register_callback(tool, kind, None)
            monitoring.free_tool_id(tool)
        results.append(log)
    assert results[0] == results[1] and len(results[0]) > 5 and compiled == 4, results


if sys.version_info >= (3, 12):
    def test_global_events():
        def events_of(monitoring, tool, code):
            kinds = monitoring.events
            every = kinds.PY_START | kinds.PY_RETURN | kinds.LINE | kinds.CALL
            return (lambda: monitoring.set_events(tool, every)), (lambda: monitoring.set_events(tool, 0))

        monitored(events_of)

    def test_local_events():
        def events_of(monitoring, tool, code):
            every = monitoring.events.PY_START | monitoring.events.LINE
            return (lambda: monitoring.set_local_events(tool, code, every)), (
                lambda: monitoring.set_local_events(tool, code, 0))

        monitored(events_of)

    def test_coverage_of_lines():
        # As coverage.py does it: local events, each line once.
        monitoring = sys.monitoring
        found = []
        for function in pair():
            function(0, int)
            lines = []
            monitoring.use_tool_id(monitoring.COVERAGE_ID, 'test')
            try:
                def line(code, number):
                    lines.append(number)
                    return monitoring.DISABLE

                monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, line)
                monitoring.set_local_events(monitoring.COVERAGE_ID, plain(function).__code__, monitoring.events.LINE)
                for _ in range(3):
                    function(1, int)
            finally:
                monitoring.set_local_events(monitoring.COVERAGE_ID, plain(function).__code__, 0)
                monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, None)
                monitoring.free_tool_id(monitoring.COVERAGE_ID)
            found.append(lines)
        assert found[0] == found[1] and len(found[0]) >= 4, found

    def test_all_tools_are_taken():
        # It was tried before that the tools can be told apart.
        _, function = pair()
        taken = [tool for tool in range(6) if sys.monitoring.get_tool(tool) is None]
        for tool in taken:
            sys.monitoring.use_tool_id(tool, 'test')
        try:
            with Compiled(0.99, 'with all tools taken', 2):
                function(1, int)
                function(1, int)
        finally:
            for tool in taken:
                sys.monitoring.free_tool_id(tool)
