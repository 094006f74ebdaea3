"""The tests again, with other uses of memory: a freed block is the next one of its size to be handed out, so an address that is
remembered but not owned soon belongs to another object; freed memory is filled; development mode."""

import os
import sysconfig
from concurrent.futures import ThreadPoolExecutor

from support import HERE, build, child

#: Those that start processes of their own or call a function a million times say nothing more here. One looks for addresses that
#: are used again, which debug allocators make rare.
ELSEWHERE = {'test_command_line', 'test_docs', 'test_environment', 'test_fork_first_use', 'test_import',
             'test_functions_library', 'test_libm_doubles', 'test_libm_floats', 'test_processes', 'test_reused_addresses',
             'test_reused_memory', 'test_soak',
             'test_subinterpreter', 'test_threads'}

RUN = """
import sys
import run
{start}
sys.exit(bool(run.run({files!r})))
"""

LAST_FREED = """
sys.path.append({folder!r})
import last_freed
last_freed.start()
import atexit
atexit.register(lambda: print('reused', last_freed.reused()))
"""


def again(start='', **environment):
    """Runs the tests in a process of their own, and returns what it prints."""
    files = sorted(name for name in os.listdir(HERE) if name.startswith('test_') and name.endswith('.py'))
    files = [os.path.join(HERE, name) for name in files if name[:-3] not in ELSEWHERE]
    assert len(files) >= 15, files
    return child(RUN.format(files=files, start=start), **environment).stdout


def test_where_memory_is_used_in_other_ways():
    folder = os.path.dirname(build('last_freed.c', 'last_freed.so', '-I' + sysconfig.get_path('include')))
    with ThreadPoolExecutor(2) as pool:
        last_freed = pool.submit(again, LAST_FREED.format(folder=folder))
        # Development mode has the debug allocators, which fill what is freed; here they are asked for by name as well.
        filled = pool.submit(again, PYTHONDEVMODE='1', PYTHONMALLOC='debug', PYTHONWARNINGS='ignore')
        output = last_freed.result()
        filled.result()
    # There must be this many, or the allocator under test was not used.
    assert int(output.rsplit('reused', 1)[1]) > 100_000, output
