//! The frames of the interpreter: their layout by version, and the fields of threads, code objects, functions and frame objects that
//! belong to them.
//!
//! A frame (`_PyInterpreterFrame`) is a header and then the words of locals, cells and stack. It is in a thread's data stack, in a
//! generator, or in a frame object that has outlived it.
//!
//! Offsets are in bytes. Source: `Include/internal/pycore_frame.h` (from 3.14 on `pycore_interpframe_structs.h`),
//! `Include/cpython/pystate.h`, `code.h` and `funcobject.h`. `frame_proof` has the proofs.

use super::facts::facts;
use super::frame_proof as proof;

type Proof = super::facts::Proof<proof::Check>;

facts! {
    /// The layout of a frame, and of what belongs to it.
    pub struct FrameLayout(minor) {
        /// The words of locals, cells and free variables; then those of the stack. The header ends here.
        words: i32 = if minor <= 13 { 72 } else { 80 }, proven by WORDS;
        /// Whether a word has tags in its low two bits: see [`TAG_UNCOUNTED`] and [`TAG_INT`].
        tagged: bool = minor >= 14, proven by WORDS;
        /// What a word of no object is.
        null: u64 = if minor >= 14 { 1 } else { 0 }, proven by WORDS;
        /// The code object, a word.
        code: i32 = if minor <= 11 { 32 } else { 0 }, proven by RUNNING;
        /// The function, a word.
        function: i32 = if minor <= 11 { 0 } else { 16 }, proven by RUNNING;
        /// The globals, borrowed from the function.
        globals: i32 = if minor <= 11 { 8 } else { 24 }, proven by RUNNING;
        /// The builtins, borrowed from the function.
        builtins: i32 = if minor <= 11 { 16 } else { 32 }, proven by RUNNING;
        /// The mapping of the locals of a class body or a module; null in a function.
        mapping: i32 = if minor <= 11 { 24 } else { 40 }, proven by MAPPING;
        /// The frame object, null until somebody asks for it.
        object: i32 = if minor <= 11 { 40 } else { 48 }, proven by RUNNING;
        /// The frame of the caller.
        previous: i32 = if minor <= 11 { 48 } else { 8 }, proven by PREVIOUS;
        /// Where the frame is in its code, an address.
        instruction: i32 = 56, proven by INSTRUCTION;
        /// Which instruction that is when the frame goes on.
        resumes: ResumePoint = if minor <= 12 { ResumePoint::AfterUnit } else { ResumePoint::AtUnit }, proven by RESUME_POINT;
        /// Where the stack of the frame ends.
        stack_top: StackTop = if minor <= 13 { StackTop::Count(64) } else { StackTop::Address(64) }, proven by STACK_TOP;
        /// Who owns the frame, 8 bits: see [`OWNED_BY_THREAD`].
        owner: i32 = match minor {
            ..=11 => 69,
            12 | 13 => 70,
            _ => 74,
        }, proven by OWNER;
        /// The fields of a thread.
        thread: ThreadLayout = ThreadLayout::of_version(minor), proven by CURRENT_FRAME;
        /// The fields of a code object.
        code_object: CodeLayout = CodeLayout::of_version(minor), proven by CODE;
        /// The fields of a function object.
        function_object: FunctionLayout = FunctionLayout::of_version(minor), proven by FUNCTION;
        /// The fields of a frame object.
        frame_object: FrameObjectLayout = FrameObjectLayout::of_version(minor), proven by ENDED;
    }
}

facts! {
    /// The fields of a thread's state (`PyThreadState`) that frames need.
    pub struct ThreadLayout(minor) {
        /// The innermost frame.
        current_frame: CurrentFrame = match minor {
            ..=11 => CurrentFrame::InRecord { record: 56, frame: 8 },
            12 => CurrentFrame::InRecord { record: 56, frame: 0 },
            _ => CurrentFrame::InThread(72),
        }, proven by CURRENT_FRAME;
        /// The piece of the data stack that is in use: see [`CHUNK`].
        chunk: i32 = match minor {
            ..=11 => 296,
            12..=14 => 232,
            _ => 256,
        }, proven by DATA_STACK;
        /// The first free word of it; null before the first frame.
        top: i32 = match minor {
            ..=11 => 304,
            12..=14 => 240,
            _ => 264,
        }, proven by DATA_STACK;
        /// Its end.
        limit: i32 = match minor {
            ..=11 => 312,
            12..=14 => 248,
            _ => 272,
        }, proven by DATA_STACK;
        /// How many calls of Python functions are left until the limit, 32 bits.
        recursion_remaining: i32 = match minor {
            ..=11 => 32,
            12 => 28,
            13 => 44,
            14 => 48,
            _ => 52,
        }, proven by RECURSION;
        /// The frame that a profiler in another process saw last, which must not be one that has ended, and after it the number
        /// of its changes. Only 3.15 has it.
        last_profiled: Option<i32> = if minor >= 15 { Some(88) } else { None }, proven by LAST_PROFILED;
    }
}

facts! {
    /// The fields of a code object (`PyCodeObject`).
    pub struct CodeLayout(minor) {
        /// The number of locals, cells and free variables, 32 bits.
        locals: i32 = if minor <= 11 { 76 } else { 72 }, proven by CODE;
        /// The number of words of the stack, 32 bits.
        stack_size: i32 = if minor <= 11 { 68 } else { 64 }, proven by CODE;
        /// The number of free variables, 32 bits: the last of the locals.
        free: i32 = if minor <= 11 { 92 } else { 88 }, proven by CODE;
        /// The number of words of a frame, 32 bits. 3.11 has none: see [`FrameLayout::frame_words`].
        frame_words: Option<i32> = if minor <= 11 { None } else { Some(76) }, proven by CODE;
        /// The instructions, units of two bytes.
        units: i32 = match minor {
            ..=11 => 184,
            12 => 192,
            13 => 200,
            _ => 208,
        }, proven by INSTRUCTION;
        /// The version of the monitoring that the instructions were changed for, 64 bits. From 3.12 on.
        monitoring_version: Option<i32> = match minor {
            ..=11 => None,
            12 => Some(160),
            _ => Some(168),
        }, proven by MONITORING;
        /// The data of the monitoring of this code alone, or null. Its first bytes are one set of tools for each event.
        monitoring: Option<i32> = match minor {
            ..=11 => None,
            12 => Some(168),
            _ => Some(176),
        }, proven by MONITORING;
    }
}

facts! {
    /// The fields of a function object (`PyFunctionObject`).
    pub struct FunctionLayout(minor) {
        /// The globals.
        globals: i32 = 16, proven by FUNCTION;
        /// The builtins.
        builtins: i32 = 24, proven by FUNCTION;
        /// The code object.
        code: i32 = 48, proven by FUNCTION;
        /// The closure, a tuple of cells or null.
        closure: i32 = 72, proven by FUNCTION;
        /// The C function that calls it.
        vectorcall: i32 = match minor {
            ..=11 => 120,
            12 | 13 => 128,
            _ => 136,
        }, proven by VECTORCALL;
        /// The number by which CPython's specialized calls know the function, 32 bits; 0 for none.
        version: i32 = match minor {
            ..=11 => 128,
            12 | 13 => 136,
            _ => 144,
        }, proven by FUNCTION_VERSION;
    }
}

facts! {
    /// The fields of a frame object (`PyFrameObject`).
    pub struct FrameObjectLayout(minor) {
        /// The frame object of the caller, once the frame has ended.
        back: i32 = 16, proven by ENDED;
        /// The frame.
        frame: i32 = 24, proven by RUNNING;
        /// The room for the frame when it has ended.
        data: i32 = match minor {
            ..=12 => 48,
            13 => 64,
            _ => 72,
        }, proven by ENDED;
    }
}

/// The fields of a piece of a data stack (`_PyStackChunk`), the same in all versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChunkLayout {
    /// The piece before it, or null.
    pub previous: i32,
    /// Its size in bytes.
    pub size: i32,
    /// The first free word, counted from `data`, while a later piece is in use.
    pub top: i32,
    /// Its words.
    pub data: i32,
}

/// The layout of a piece of a data stack. `DATA_STACK` proves it.
pub const CHUNK: ChunkLayout = ChunkLayout { previous: 0, size: 8, top: 16, data: 24 };

/// The least size of a piece of a data stack, in bytes.
pub const CHUNK_BYTES: usize = 16 << 10;

/// The free words that a piece that is larger than that has beside a frame (`MINIMUM_OVERHEAD` in Python/pystate.c).
pub const CHUNK_SPARE_WORDS: usize = 1000;

/// The owner of a frame that is in a thread's data stack.
pub const OWNED_BY_THREAD: u8 = 0;
/// The owner of a frame that is in a frame object.
pub const OWNED_BY_FRAME_OBJECT: u8 = 2;

/// The tag of a word whose reference is not counted: that of an immortal object, or a borrowed one.
pub const TAG_UNCOUNTED: u64 = 1;
/// The tag of a word that is an int, not an object; the int is in the other bits.
pub const TAG_INT: u64 = 3;
/// The bits of the tags.
pub const TAG_BITS: u64 = 3;

/// The size of a unit of code in bytes.
pub const UNIT_BYTES: usize = 2;

/// The place of the innermost frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CurrentFrame {
    /// Up to 3.12: in a record of the running evaluator (`_PyCFrame`), to which the thread points.
    InRecord {
        /// The record, in the thread's state.
        record: i32,
        /// The frame, in the record.
        frame: i32,
    },
    /// From 3.13 on: in the thread's state.
    InThread(i32),
}

/// What the position of a frame means when it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResumePoint {
    /// Up to 3.12: it goes on after that unit.
    AfterUnit,
    /// From 3.13 on: it goes on at that unit.
    AtUnit,
}

/// The end of a frame's stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StackTop {
    /// Up to 3.13: the number of words, those of the locals too, 32 bits.
    Count(i32),
    /// From 3.14 on: the address of the first free word.
    Address(i32),
}

impl FrameLayout {
    /// All proofs, once each.
    pub(super) fn proofs() -> Vec<&'static Proof> {
        super::facts::once_each(&[
            Self::PROOFS,
            ThreadLayout::PROOFS,
            CodeLayout::PROOFS,
            FunctionLayout::PROOFS,
            FrameObjectLayout::PROOFS,
        ])
    }

    /// The number of words of a frame with so many locals and so large a stack.
    pub const fn frame_words(&self, locals: usize, stack: usize) -> usize {
        self.words as usize / size_of::<usize>() + locals + stack
    }
}
