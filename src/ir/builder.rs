//! Builds a function from front to back.

use std::sync::Arc;

use super::entities::{Block, Value};
use super::function::Function;
use super::instruction::{Failure, Instruction};
use super::types::Type;
use super::verify::or_none;
use crate::metadata::Overload;

/// Appends instructions to a block of a function.
///
/// It gives results their types if the instruction alone decides them. It does not check operands; the verifier does.
#[derive(Debug)]
pub struct Builder {
    function: Function,
    block: Block,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// Starts a function with an empty entry block.
    pub fn new() -> Self {
        let mut function = Function::new();
        let block = function.add_block();
        Self { function, block }
    }

    /// The block that instructions are appended to.
    pub fn block(&self) -> Block {
        self.block
    }

    /// A new block at the end of the function.
    pub fn create_block(&mut self) -> Block {
        self.function.add_block()
    }

    /// Appends to another block from now on.
    pub fn switch_to(&mut self, block: Block) {
        self.block = block;
    }

    /// A new parameter of a block.
    pub fn param(&mut self, block: Block, ty: Type) -> Value {
        self.function.add_param(block, ty)
    }

    /// Appends an instruction with a result.
    pub fn emit(&mut self, instruction: Instruction, ty: Type) -> Value {
        let inst = self.function.add_inst(instruction, Some(ty));
        self.function.blocks[self.block].insts.push(inst);
        self.function.insts[inst].result.expect("an instruction added with a type has a result")
    }

    /// Appends an instruction without a result.
    pub fn emit_void(&mut self, instruction: Instruction) {
        let inst = self.function.add_inst(instruction, None);
        self.function.blocks[self.block].insts.push(inst);
    }

    /// Appends a constant; `ty` carries it.
    pub fn load_const(&mut self, ty: Type) -> Value {
        self.emit(Instruction::LoadConst, ty)
    }

    /// Appends a positional argument of the call.
    pub fn load_arg(&mut self, index: u16) -> Value {
        self.emit(Instruction::LoadArg { index }, Type::OBJECT)
    }

    /// Appends a guard of a stub; the result is as narrow as the value and the guard together.
    pub fn guard(&mut self, ty: Type, value: Value) -> Value {
        let narrowed = self.function.ty(value).intersection(&ty);
        self.emit(Instruction::Guard { ty, value, failure: Failure::Fallback }, narrowed)
    }

    /// Appends the unboxing of a number in a stub.
    pub fn unbox(&mut self, ctype: Type, value: Value) -> Value {
        self.emit(Instruction::unbox(ctype.clone(), value, Failure::Fallback), ctype)
    }

    /// Appends the end of the function.
    pub fn ret(&mut self, value: Value) {
        self.emit_void(Instruction::Return { value });
    }

    /// The function as built so far.
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// The function.
    pub fn finish(self) -> Function {
        self.function
    }
}

/// The IR of a stub's call before specialization: the callable, the receiver if the callable is a method descriptor,
/// the arguments, the call.
///
/// `callable` is the type of one object: `MethodDescr["str.upper"]`, `CFunction["demo.inc"]`. `arguments` does not
/// count the receiver; the last arguments are given by the names in `keywords`.
pub fn call_site(callable: Type, arguments: u16, keywords: &[Arc<str>]) -> Function {
    let mut builder = Builder::new();
    let is_method = callable.is_subtype(&Type::METHOD_DESCR);
    let callable = builder.load_const(callable);
    let mut args = Vec::with_capacity(usize::from(arguments) + 1);
    if is_method {
        args.push(builder.emit(Instruction::LoadSelf, Type::OBJECT));
    }
    args.extend((0..arguments).map(|index| builder.load_arg(index)));
    let keywords = keywords.to_vec();
    let result = builder.emit(Instruction::VectorCallStatic { callable, args, keywords }, Type::OBJECT);
    builder.ret(result);
    builder.finish()
}

/// Sets the types in a [`call_site`] that the caller of a boxed stub has proven: those that this overload takes. Passes
/// then omit the checks.
pub fn assume_arguments(function: &mut Function, overload: &Overload) {
    let receiver = overload.parameters.iter().find(|parameter| parameter.receiver);
    let arguments: Vec<_> = overload.arguments().map(|(_, parameter)| parameter).collect();
    for inst in function.insts.keys() {
        let data = &function.insts[inst];
        let parameter = match data.instruction {
            Instruction::LoadSelf => receiver,
            Instruction::LoadArg { index } => arguments.get(usize::from(index)).copied(),
            _ => None,
        };
        if let (Some(parameter), Some(value)) = (parameter, data.result) {
            function.values[value].ty = or_none(Type::unboxed_from(&parameter.kind), parameter.nullable);
        }
    }
}

/// Sets the types in a [`call_site`] that its caller has proven for the call's objects: none or one receiver, then the
/// arguments.
pub fn assume_types(function: &mut Function, types: &[Type], receivers: usize) {
    for inst in function.insts.keys() {
        let data = &function.insts[inst];
        let ty = match data.instruction {
            Instruction::LoadSelf => types.first(),
            Instruction::LoadArg { index } => types.get(receivers + usize::from(index)),
            _ => None,
        };
        if let (Some(ty), Some(value)) = (ty, data.result) {
            function.values[value].ty = ty.clone();
        }
    }
}
