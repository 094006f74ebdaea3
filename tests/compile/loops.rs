//! Loops over typed calls: what a round costs, and that they can be interrupted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::extension;
use crate::support::session::Session;

/// Counts the blocks that this program asks for.
struct Counting;

static BLOCKS: AtomicU64 = AtomicU64::new(0);

// SAFETY: the system's own allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BLOCKS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        BLOCKS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LOOPS: &str = include_str!("loops.py");
const NAMES: [&str; 4] = ["inc", "takes_object", "same", "same_may_raise"];

fn session() -> Session {
    let session = Session::new("");
    let module = extension::import(&session.python, "loops", include_str!("../c/loops.c"), &["-O1", "-std=gnu11"]);
    session.specializer.adopt(&session.python, &module).expect("its metadata is good");
    session.names.set_item(&session.python, "m", &module).expect("there is memory");
    session.run(&format!("loops = '''{LOOPS}'''\nobj = object()"));
    session
}

impl Session {
    fn number(&self, name: &str) -> i64 {
        self.get(name).text(&self.python).expect("an int").parse().expect("an int")
    }

    /// The blocks that Python hands out, and those that Rust does, while so many rounds of a loop run.
    fn blocks(&self, function: &str, rounds: i64) -> (i64, u64) {
        let of_rust = BLOCKS.load(Ordering::Relaxed);
        self.run(&format!(
            "before = m.counted()\nassert {function}(obj, {rounds}) == {rounds}\nblocks = m.counted() - before"
        ));
        let of_rust = BLOCKS.load(Ordering::Relaxed) - of_rust;
        (self.number("blocks"), of_rust)
    }
}

/// The numbers are larger than those that Python has objects for.
const FEW: i64 = 1000;
const MANY: i64 = 5000;

#[test]
fn a_round_allocates_nothing() {
    own_process!();
    let session = session();
    session.run("m.start_counting()");
    for name in NAMES {
        let [few, many] = [FEW, MANY].map(|rounds| {
            session.run(&format!("exec(loops.replace('BOUND', '{rounds}'))"));
            let compiled = session.fast(name);
            session.blocks(&format!("fast_{name}"), rounds);
            let blocks = session.blocks(&format!("fast_{name}"), rounds);
            assert_eq!(compiled.exits(), 0, "{name}");
            blocks
        });
        assert_eq!(few, many, "{name}: blocks of Python's and of Rust's, for {FEW} rounds and for {MANY}");
    }
}

#[test]
fn of_a_round_that_compares_with_any_object_the_number_is_all_that_is_allocated() {
    own_process!();
    let session = session();
    session.run("m.start_counting()\nexec(loops.replace('BOUND', 'n'))");
    for name in NAMES {
        let compiled = session.fast(name);
        let function = format!("fast_{name}");
        session.blocks(&function, FEW);
        let (few, many) = (session.blocks(&function, FEW), session.blocks(&function, MANY));
        let (of_python, of_rust) = (many.0 - few.0, many.1 - few.1);
        // From 3.14 on, the number's memory comes from a free list.
        assert!(of_python == MANY - FEW || of_python == 0, "{name}: {of_python} blocks of Python's");
        assert_eq!(of_rust, 0, "{name}");
        assert_eq!(compiled.exits(), 0, "{name}");
    }
}

#[test]
fn what_waits_is_served_in_a_loop() {
    own_process!();
    let session = session();
    // Nothing else in the loop looks whether anything waits.
    session.run(
        "
import ctypes, signal, sys, threading, time
def endless(obj, n):
    i = 0
    while True:
        m.same(obj)
class Enough(Exception): pass
me = threading.get_ident()
def interrupt(): ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(me), ctypes.py_object(Enough))
def on_signal(number, frame): raise Enough('signal')
signal.signal(signal.SIGALRM, on_signal)
",
    );
    session.fast("endless");
    session.run(
        "
interrupted = 0
for _ in range(5):
    timer = threading.Timer(0.01, interrupt)
    try:
        timer.start()
        fast_endless(obj, 1)
    except Enough as error:
        # It may come before the loop, on a busy machine.
        entry = error.__traceback__.tb_next
        if entry and entry.tb_frame.f_code.co_name == 'endless':
            assert entry.tb_lineno - endless.__code__.co_firstlineno in (2, 3)
            interrupted += 1
    timer.join()
    # To this thread: a signal that another thread of the process gets is not seen before something else wakes the interpreter.
    timer = threading.Timer(0.01, signal.pthread_kill, (me, signal.SIGALRM))
    try:
        timer.start()
        fast_endless(obj, 1)
    except Enough as error: assert error.args == ('signal',)
    timer.join()
    pending = []
    # Another thread gets its share, again and again.
    def count():
        for _ in range(20): pending.append(time.sleep(0))
        interrupt()
    other = threading.Thread(target=count)
    try:
        other.start()
        fast_endless(obj, 1)
    except Enough: assert len(pending) == 20
    other.join()
assert interrupted
",
    );
}
