//! Operations on objects on the stack: the operations borrow them, and they are given up after that in CPython's order.

use crate::thread::owned::{Owned, give_up};
use crate::thread::{Result, errors};

use super::activation::Activation;

impl Activation<'_> {
    /// Pops `N` objects; the last of them was on top.
    pub(super) fn pop_array<const N: usize>(&mut self) -> Result<[Owned; N]> {
        let start = self.stack.len().checked_sub(N);
        let start = start.filter(|start| self.stack[*start..].iter().all(Option::is_some));
        let start = start.ok_or_else(|| errors::system_error(c"no object on top of the stack"))?;
        let mut operands = self.stack.drain(start..).flatten();
        Ok(std::array::from_fn(|_| operands.next().expect("so many objects lie on the stack, as was just checked")))
    }

    /// `a… -- result`
    pub(super) fn apply<const N: usize>(&mut self, operation: impl FnOnce([&Owned; N]) -> Result<Owned>) -> Result {
        self.apply_as(false, operation)
    }

    /// `a… -- result`, for arithmetic and `a[b]`, whose operands die in an order of their own.
    pub(super) fn apply_operator<const N: usize>(
        &mut self,
        operation: impl FnOnce([&Owned; N]) -> Result<Owned>,
    ) -> Result {
        self.apply_as(true, operation)
    }

    fn apply_as<const N: usize>(
        &mut self,
        of_operator: bool,
        operation: impl FnOnce([&Owned; N]) -> Result<Owned>,
    ) -> Result {
        let operands = self.pop_array::<N>()?;
        let result = operation(operands.each_ref());
        give_up(operands, of_operator);
        self.push(result?);
        Ok(())
    }

    /// `a… -- bool`
    pub(super) fn test<const N: usize>(&mut self, operation: impl FnOnce([&Owned; N]) -> Result<bool>) -> Result {
        let truth = self.ask(operation)?;
        self.push_bool(truth);
        Ok(())
    }

    /// `a… --`; the result is the operation's.
    pub(super) fn ask<const N: usize, T>(&mut self, operation: impl FnOnce([&Owned; N]) -> Result<T>) -> Result<T> {
        let operands = self.pop_array::<N>()?;
        let result = operation(operands.each_ref());
        give_up(operands, false);
        result
    }

    /// `a… -- a… result`: an operation on the topmost objects, which stay on the stack.
    pub(super) fn look<const N: usize>(&mut self, operation: impl FnOnce(&[Owned; N]) -> Result<Owned>) -> Result {
        let start = self.top(N as u32)?;
        let operands =
            self.objects(start).first_chunk().expect("so many objects lie on the stack, as was just checked");
        let result = operation(operands)?;
        self.push(result);
        Ok(())
    }

    /// `container … a… -- container …`; the container is at this depth once the operands are popped.
    pub(super) fn fill<const N: usize>(
        &mut self,
        depth: u32,
        operation: impl FnOnce(&Owned, [&Owned; N]) -> Result,
    ) -> Result {
        let operands = self.pop_array::<N>()?;
        let result = operation(self.peek(depth)?, operands.each_ref());
        give_up(operands, false);
        result
    }

    /// `a₁ … aₙ -- result`
    pub(super) fn build(&mut self, count: u32, operation: impl FnOnce(&[Owned]) -> Result<Owned>) -> Result {
        let start = self.top(count)?;
        let result = operation(self.objects(start))?;
        // The lowest first.
        self.stack[start..].iter_mut().for_each(|slot| drop(slot.take()));
        self.stack.truncate(start);
        self.push(result);
        Ok(())
    }

    /// `a -- aₙ … a₁`: the items of a tuple that an operation makes, the first on top.
    pub(super) fn spread(&mut self, operation: impl FnOnce(&Owned) -> Result<Owned>) -> Result {
        let operand = self.pop()?;
        let tuple = operation(&operand)?;
        // SAFETY: the operations that are passed here make a tuple, which keeps its items alive.
        unsafe {
            for index in (0..pyo3_ffi::PyTuple_GET_SIZE(tuple.as_ptr())).rev() {
                self.push(Owned::borrowed(pyo3_ffi::PyTuple_GET_ITEM(tuple.as_ptr(), index)));
            }
        }
        Ok(())
    }

    /// The objects from an index on; the index must come from [`Activation::top`].
    pub(super) fn objects(&self, start: usize) -> &[Owned] {
        let slots = &self.stack[start..];
        debug_assert!(slots.iter().all(Option::is_some));
        // SAFETY: none of the slots is null, as `top` checked; an `Option<Owned>` that is not null is an `Owned`.
        unsafe { std::slice::from_raw_parts(slots.as_ptr().cast(), slots.len()) }
    }
}
