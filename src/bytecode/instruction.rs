//! The version-neutral instructions: those of a stack machine, with CPython's names.
//!
//! The decoder removes the differences between CPython 3.11 and 3.15. In particular:
//!
//! - a stack slot holds an object, unless an instruction is documented to push null. CPython's `PUSH_NULL` does not
//!   exist here: [`Op::Call`] finds the callable below its arguments, [`Op::CallMethod`] a pair that [`Op::LoadMethod`]
//!   pushed;
//! - an iterator takes one slot, and [`Op::ForIter`] itself drops one that is exhausted;
//! - jumps name the index of an instruction, in either direction; conditional ones test the truth themselves;
//! - superinstructions, borrowed loads and inline caches don't exist.
//!
//! Stack pictures read from the bottom to the top: `a b -- c` pops `b` and `a`, and pushes `c`.

use std::sync::Arc;

use crate::operators::{
    BinaryOperator, CompareOperator, Conversion, FunctionAttribute, Intrinsic1, Intrinsic2, Special, UnaryOperator,
};

/// An instruction and its place in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BytecodeInstruction {
    /// The operation.
    pub op: Op,
    /// The byte offset of CPython's instruction in the code object, or the position in the text of a snippet.
    pub offset: u32,
    /// The line in the source, if it is known.
    pub line: Option<u32>,
}

/// Index of a fast local, a cell or a free variable in [`Code::locals`](super::Code::locals).
pub type Local = u32;
/// Index into [`Code::consts`](super::Code::consts).
pub type Const = u32;
/// Index into [`Code::names`](super::Code::names).
pub type Name = u32;
/// Index of an instruction in [`Code::instructions`](super::Code::instructions).
pub type Target = u32;

/// The operation of an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// `--` Nothing.
    Nop,
    /// `--` The function starts, or continues after a suspension. Interrupts are served here.
    Resume,
    /// `a --`
    Pop,
    /// `… -- … a` Pushes the value or null at this depth once more; 1 is the top.
    Copy(u32),
    /// Swaps the top with the value or null at this depth; 2 is next to the top.
    Swap(u32),

    /// `-- constant`
    LoadConst(Const),
    /// `-- value` Raises `UnboundLocalError` if the local is unbound.
    LoadFast(Local),
    /// `-- value` Unbinds the local; pushes null if it was unbound. Used around inlined comprehensions.
    LoadFastAndClear(Local),
    /// `value --` Null unbinds the local.
    StoreFast(Local),
    /// `--` Raises `UnboundLocalError` if the local is unbound.
    DeleteFast(Local),
    /// `--` Replaces a local's value by a new cell that contains it, or by an empty cell.
    MakeCell(Local),
    /// `--` Copies the function's closure, this many cells, into the last locals.
    CopyFreeVars(u32),
    /// `-- cell` The cell itself.
    LoadClosure(Local),
    /// `-- value` The content of the cell; raises `UnboundLocalError` or `NameError` if it is empty.
    LoadDeref(Local),
    /// `value --`
    StoreDeref(Local),
    /// `--` Raises if the cell is empty.
    DeleteDeref(Local),
    /// `-- value` Looks into the locals of a class body, then into the cell.
    LoadClassDeref(Local),
    /// `mapping -- value` Looks into the mapping, then into the cell.
    LoadFromDictOrDeref(Local),
    /// `mapping -- value` Looks into the mapping, then into globals and builtins.
    LoadFromDictOrGlobals(Name),
    /// `-- mapping` The namespace of a class body or module.
    LoadLocals,
    /// `-- value` Looks into the namespace, then into globals and builtins.
    LoadName(Name),
    /// `value --`
    StoreName(Name),
    /// `--`
    DeleteName(Name),
    /// `-- value` Looks into globals, then into builtins.
    LoadGlobal(Name),
    /// `value --`
    StoreGlobal(Name),
    /// `--`
    DeleteGlobal(Name),
    /// `-- function` `builtins.__build_class__`.
    LoadBuildClass,
    /// `--` Gives an `__annotations__` to the namespace.
    SetupAnnotations,

    /// `object -- value`
    LoadAttr(Name),
    /// `object -- method self`, or `object -- attribute null`
    LoadMethod(Name),
    /// `super class self -- value`
    LoadSuperAttr {
        /// The attribute.
        name: Name,
        /// Whether the source is `super()` rather than `super(class, self)`.
        zero_arguments: bool,
    },
    /// `super class self -- method self`, or `super class self -- attribute null`
    LoadSuperMethod {
        /// The method.
        name: Name,
        /// Whether the source is `super()` rather than `super(class, self)`.
        zero_arguments: bool,
    },
    /// `object -- method self`, or `object -- method null`. A special method, looked up on the type.
    LoadSpecial(Special),
    /// `value object --`
    StoreAttr(Name),
    /// `object --`
    DeleteAttr(Name),

    /// `container key -- value`
    LoadSubscr,
    /// `value container key --`
    StoreSubscr,
    /// `container key --`
    DeleteSubscr,
    /// `a -- value`
    Unary(UnaryOperator),
    /// `a -- bool`
    Not,
    /// `a -- bool`
    ToBool,
    /// `a b -- value`
    Binary {
        /// The operator.
        operator: BinaryOperator,
        /// Whether it is that of an augmented assignment.
        in_place: bool,
    },
    /// `a b -- value`
    Compare(CompareOperator),
    /// `a b -- bool`
    Is {
        /// `is not`.
        inverted: bool,
    },
    /// `value container -- bool`
    Contains {
        /// `not in`.
        inverted: bool,
    },

    /// `a₁ … aₙ -- tuple`
    BuildTuple(u32),
    /// `a₁ … aₙ -- list`
    BuildList(u32),
    /// `a₁ … aₙ -- set`
    BuildSet(u32),
    /// `k₁ v₁ … kₙ vₙ -- dict`
    BuildMap(u32),
    /// `v₁ … vₙ keys -- dict`. `keys` is a tuple.
    BuildConstKeyMap(u32),
    /// `s₁ … sₙ -- str`
    BuildString(u32),
    /// `start stop -- slice`, or `start stop step -- slice`
    BuildSlice {
        /// Whether there is a step.
        step: bool,
    },
    /// `list … value -- list …`. The list is at this depth after the value is popped.
    ListAppend(u32),
    /// `list … iterable -- list …`
    ListExtend(u32),
    /// `set … value -- set …`
    SetAdd(u32),
    /// `set … iterable -- set …`
    SetUpdate(u32),
    /// `dict … key value -- dict …`
    MapAdd(u32),
    /// `dict … mapping -- dict …`
    DictUpdate(u32),
    /// `callable … dict … mapping -- callable … dict …`, for `**kwargs` of a call. If a name is given twice, raises an
    /// error that names the callable.
    DictMerge {
        /// Depth of the dict after the mapping is popped.
        depth: u32,
        /// Depth of the callable after the mapping is popped.
        callable: u32,
    },
    /// `list -- tuple`
    ListToTuple,
    /// `value -- str`
    FormatSimple,
    /// `value spec -- str`
    FormatWithSpec,
    /// `value -- str`
    Convert(Conversion),
    /// `strings interpolations -- template`, of 3.14's t-strings.
    BuildTemplate,
    /// `value expression -- interpolation`, or with a format specification on top of the stack.
    BuildInterpolation {
        /// The conversion before the format specification.
        conversion: Option<Conversion>,
        /// Whether there is a format specification.
        format: bool,
    },

    /// `callable a₁ … aₙ -- result`
    Call(Arguments),
    /// `method self a₁ … aₙ -- result`. If `self` is null, `method` is called without it.
    CallMethod(Arguments),
    /// `callable args -- result`, or `callable args kwargs -- result`
    CallEx {
        /// Whether there is a dict of keywords.
        keywords: bool,
    },
    /// `code -- function`
    MakeFunction,
    /// `value function -- function`
    SetFunctionAttribute(FunctionAttribute),

    /// `sequence -- aₙ … a₁`, with the first item on top.
    UnpackSequence(u32),
    /// `iterable -- aₙ … rest … a₁`, with the first item on top.
    UnpackEx {
        /// Items before the starred one.
        before: u32,
        /// Items after the starred one.
        after: u32,
    },
    /// `iterable -- iterator`
    GetIter,
    /// `iterator -- iterator item`. If the iterator is exhausted, pops it and jumps.
    ForIter(Target),

    /// `--`
    Jump(Target),
    /// `a --`
    JumpIf {
        /// When to jump.
        condition: Condition,
        /// The target.
        target: Target,
    },
    /// `a --` Leaves the function.
    Return,

    /// `--`, `exception --` or `exception cause --`, by this number of operands. Without operands, the handled
    /// exception is raised again.
    Raise(u32),
    /// `… exception --` Raises the exception again. With a depth, the offset of the instruction that first raised it is
    /// at that depth below it; 1 is next to it.
    Reraise(u32),
    /// `exception -- previous exception` Makes it the handled exception. `previous` is the one that was handled before,
    /// or `None`.
    PushExcInfo,
    /// `previous --` Makes `previous` the handled exception again.
    PopExcept,
    /// `exception class -- exception bool`
    CheckExcMatch,
    /// `exception class -- rest match`, of `except*`.
    CheckEgMatch,
    /// `original list -- exception`, of `except*`: the exception to raise again, or `None`.
    PrepReraiseStar,
    /// `manager -- exit result` Looks up both methods and calls `__enter__`.
    BeforeWith,
    /// `exit lasti previous exception -- exit lasti previous exception result`, or with `exit self` in the place of
    /// `exit`. Calls `exit` with the exception.
    WithExceptStart {
        /// Whether `exit` is a pair that `LoadSpecial` pushed.
        has_self: bool,
    },

    /// `subject -- subject length`
    GetLen,
    /// `subject -- subject bool`
    MatchMapping,
    /// `subject -- subject bool`
    MatchSequence,
    /// `subject keys -- subject keys values`. `values` is a tuple or `None`.
    MatchKeys,
    /// `subject class names -- attributes`, a tuple or `None`. The operand is the number of positional patterns.
    MatchClass(u32),

    /// `level names -- module`
    ImportName(Name),
    /// `module -- module value`
    ImportFrom(Name),
    /// `a -- value`
    Intrinsic1(Intrinsic1),
    /// `a b -- value`
    Intrinsic2(Intrinsic2),

    /// The operations of generators, coroutines and asynchronous code. They are decoded, so that every code object can
    /// be, but neither interpreted nor compiled.
    Suspend(Suspend),
}

/// The arguments of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// Their number, with those given by name; the receiver is not counted.
    pub count: u32,
    /// The names of the last arguments.
    pub keywords: Vec<Arc<str>>,
}

/// When a conditional jump jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// The value is true.
    True,
    /// The value is false.
    False,
    /// It is `None`.
    None,
    /// It is not `None`.
    NotNone,
}

/// An operation of generators, coroutines or asynchronous code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suspend {
    /// `--` Returns the generator. The rest of the code runs in the generator and starts with `-- value`.
    ReturnGenerator,
    /// `value -- sent`
    Yield,
    /// `receiver value -- receiver yielded`. If the receiver is finished, jumps with `receiver result`.
    Send(Target),
    /// `receiver value -- value`
    EndSend,
    /// `receiver sent exception -- none value`
    CleanupThrow,
    /// `iterable -- iterator`, for `yield from`.
    GetYieldFromIter,
    /// `awaitable -- iterator`
    GetAwaitable,
    /// `iterable -- iterator`
    GetAsyncIter,
    /// `iterator -- iterator awaitable`
    GetAsyncNext,
    /// `iterator exception --`
    EndAsyncFor,
    /// `manager -- exit awaitable`
    BeforeAsyncWith,
}
