//! CPython's own frames, for functions that compiled code runs.
//!
//! A compiled function has a frame like those that CPython's interpreter makes: in the thread's data stack, linked as the innermost
//! one. So whoever looks back sees it, tracers and tracebacks too, and the interpreter can go on in it. Compiled code uses these
//! functions, and stores into the frame itself at the offsets of [`FrameLayout`](crate::cpython::FrameLayout).
//!
//! | function | when |
//! | --- | --- |
//! | [`push`] | makes a frame for a function and links it |
//! | [`set_unit`] | before whatever may look at the frame: says where it is |
//! | [`unlink`] | takes it out of the chain, so that what dies next does not see it |
//! | [`pop`], [`give_back`] | the end of a linked, of an unlinked frame whose words are not its own |
//! | [`clear_and_pop`] | the end of a linked frame that owns its words |
//! | [`hand_over`] | lets the interpreter go on in a linked frame |
//! | [`hand_over_raised`] | lets the interpreter handle the current exception, which an instruction has raised |
//! | [`frame_object`] | the frame object of the innermost frame |
//! | [`word`], [`words`], [`replace`] | a word of an object; the words of a frame; puts an object into the word of a local |
//!
//! # Who owns what
//!
//! A pushed frame owns its code object, its function, and the cells in the words of the free variables. All other words are null, and
//! belong to the compiled function: what it stores there stays its own reference. It must have one for each word that holds an object:
//! somebody who writes to `f_locals` gives up the reference that the word had, and the word owns the new one. So where a word
//! differs after a call from what was stored, the reference that was stored is gone, and the new one is there in its place. (Only a
//! frame with a frame object can be written to.)
//!
//! [`hand_over`], [`hand_over_raised`] and [`clear_and_pop`] take over the reference of each word. After [`pop`] and [`give_back`]
//! the compiled function still has its references; if a frame object outlives the frame, it got references of its own. The room of the
//! frame is then free for others: what is still needed of its words must have been loaded before.
//!
//! # Words
//!
//! A word is a pointer; from 3.14 on it has tags in its low two bits (see `cpython::frame`). While a frame is linked, a word must not be
//! a plain 0 from 3.14 on: null is [`FrameLayout::null`](crate::cpython::FrameLayout). A plain pointer is right for every object while
//! compiled code runs; the functions here add the tag of immortal objects where CPython needs it.
//!
//! # Positions
//!
//! A unit is two bytes of code; `unit` counts them from the start of the code object's instructions, so it is half an offset in
//! `co_code`. An instruction begins at its first `EXTENDED_ARG`.
//!
//! No function here holds anything that must be dropped while Python code may run: a daemon thread may end there.

mod fields;
mod hand_over;
mod life;
mod word;

pub use fields::{InterpreterFrame, code_units, frame_object, set_unit, words};
pub use hand_over::{hand_over, hand_over_raised};
pub use life::{clear_and_pop, give_back, pop, push, unlink};
pub use word::{replace, word};
