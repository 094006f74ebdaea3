//! The verifier of reference counts, for functions in which they are explicit: on every path each reference that the
//! function owns is given up once, and no value is used without a reference.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::callee::{CalleeTarget, Callees};
use super::entities::{Block, Inst, Value};
use super::function::Function;
use super::instruction::{BlockCall, Instruction};
use super::lifetimes::Lifetimes;
use super::questions::Leaves;
use super::verify::VerifyError;

/// The number of references that the function holds, by owner. Owners with none have no entry.
type HeldReferences = BTreeMap<Value, i64>;

impl Function {
    /// Checks the reference counts of a function after the pass `refcounts`.
    ///
    /// # Errors
    /// The first error: a value is used or given up without a reference, or is not given up, or the number differs
    /// between two paths to the same block.
    pub fn verify_references(&self, callees: &Callees) -> Result<(), VerifyError> {
        let Some(entry) = self.entry() else { return Ok(()) };
        let mut checker = Checker { function: self, callees, lifetimes: Lifetimes::compute(self), at: HashMap::new() };
        checker.at.insert(entry, HeldReferences::new());
        let mut open = VecDeque::from([entry]);
        while let Some(block) = open.pop_front() {
            let mut held = checker.at[&block].clone();
            for &inst in &self.blocks[block].insts {
                let fail = |reason: String| VerifyError { block, text: self.display_inst(&self.insts[inst]), reason };
                let next = checker.visit(inst, &mut held).map_err(fail)?;
                for (call, held) in next {
                    if checker.enter(&call, held).map_err(fail)? {
                        open.push_back(call.block);
                    }
                }
            }
        }
        Ok(())
    }
}

struct Checker<'a> {
    function: &'a Function,
    callees: &'a Callees,
    lifetimes: Lifetimes,
    /// The references held at the start of each block that was reached.
    at: HashMap<Block, HeldReferences>,
}

impl Checker<'_> {
    fn owner(&self, value: Value) -> Option<Value> {
        self.lifetimes.ownership.owner(self.function, value)
    }

    /// The value whose references are counted, if the function takes one to an object that others own too.
    fn counted(&self, value: Value) -> Value {
        let mut value = value;
        while let Some(Instruction::Guard { value: same, .. } | Instruction::NullIfNone { value: same }) =
            self.function.definition(value)
        {
            value = *same;
        }
        value
    }

    fn take(&self, value: Value, held: &mut HeldReferences) -> Result<(), String> {
        let counted = self.counted(value);
        let count = held.get(&counted).copied().unwrap_or(0);
        match count {
            0 => Err(format!("there is no reference to {counted} to give up")),
            1 => {
                held.remove(&counted);
                Ok(())
            }
            _ => {
                held.insert(counted, count - 1);
                Ok(())
            }
        }
    }

    /// Follows an instruction. Returns the blocks in which the function may continue, with the references held then.
    fn visit(&self, inst: Inst, held: &mut HeldReferences) -> Result<Vec<(BlockCall, HeldReferences)>, String> {
        let data = &self.function.insts[inst];
        // An `Incref` may take the first reference to a borrowed result: the lender keeps it alive until then.
        let takes = matches!(data.instruction, Instruction::Incref { .. });
        for owner in self.lifetimes.uses(self.function, inst) {
            if !takes && !held.contains_key(&owner) {
                return Err(format!("{owner} is used without a reference"));
            }
        }
        let mut next = Vec::new();
        let mut before = held.clone();
        self.take_stolen(&data.instruction, &mut before)?;
        let can_leave = self.function.effects(self.callees, inst).raises || data.instruction.leaves() != Leaves::Never;
        if can_leave {
            let mut left = before;
            for &value in &self.function.releases[inst] {
                self.take(value, &mut left)?;
            }
            if let Some(value) = left.keys().next() {
                return Err(format!("{value} is not given up where the function is left"));
            }
        }
        self.take_stolen(&data.instruction, held)?;
        match &data.instruction {
            Instruction::Incref { value } => *held.entry(self.counted(*value)).or_default() += 1,
            Instruction::Decref { value } => self.take(*value, held)?,
            Instruction::Return { value } => {
                self.take(*value, held)?;
                if let Some(value) = held.keys().next() {
                    return Err(format!("{value} is not given up"));
                }
            }
            other => next.extend(other.targets().into_iter().map(|call| (call.clone(), held.clone()))),
        }
        if let Some(result) = data.result.filter(|&result| self.owner(result) == Some(result))
            && !self.is_borrowed(&data.instruction)
        {
            *held.entry(result).or_default() += 1;
        }
        Ok(next)
    }

    /// Removes the references that a callee takes over.
    fn take_stolen(&self, instruction: &Instruction, held: &mut HeldReferences) -> Result<(), String> {
        let Instruction::CallCFunction { callee, args } = instruction else { return Ok(()) };
        let Some((known, overload)) = self.callees.overload(callee) else { return Ok(()) };
        if known.target == CalleeTarget::Underlying {
            let stolen = args.iter().enumerate().filter(|(position, _)| overload.effects.steals >> position & 1 == 1);
            stolen.into_iter().try_for_each(|(_, &arg)| self.take(arg, held))?;
        }
        Ok(())
    }

    /// Whether the result is borrowed from the callee, and only an `Incref` after it makes it the function's.
    fn is_borrowed(&self, instruction: &Instruction) -> bool {
        let Instruction::CallCFunction { callee, .. } = instruction else { return false };
        self.callees.overload(callee).is_some_and(|(known, overload)| {
            known.target == CalleeTarget::Underlying && overload.effects.borrowed_result
        })
    }

    /// Whether a block is reached for the first time.
    fn enter(&mut self, call: &BlockCall, mut held: HeldReferences) -> Result<bool, String> {
        let handed: Vec<_> = self.lifetimes.ownership.handed_over(self.function, call).collect();
        for arg in handed {
            self.take(arg, &mut held)?;
        }
        for param in self.lifetimes.ownership.params(self.function, call.block) {
            *held.entry(param).or_default() += 1;
        }
        match self.at.get(&call.block) {
            None => {
                self.at.insert(call.block, held);
                Ok(true)
            }
            Some(known) if *known == held => Ok(false),
            Some(known) => Err(format!("{} is entered with {held:?} held, and with {known:?}", call.block)),
        }
    }
}
