//! Blocks, in an order in which every value is defined before it is used, and the branches between them.

use cranelift_codegen::ir::{Block as Label, BlockArg, InstBuilder, StackSlot, TrapCode, Value as Register, types};
use cranelift_entity::SecondaryMap;

use super::exit::{ExitPoint, ExitWords, Pending};
use super::reference::{Reference, References};
use crate::ir::dominators::reverse_postorder;
use crate::ir::{Block, BlockCall, Callees, ConstObject, Function, Inst, Type, Value};
use crate::lower::emit::emitter::{Emitter, POINTER_BYTES, TRUSTED};
use crate::lower::emit::surroundings::EmittedFunction;
use crate::lower::emit::values::Values;
use crate::lower::machine::CType;
use crate::lower::symbol::Symbol;
use crate::lower::unsupported::Unsupported;

/// The state of lowering one function to CLIF.
pub(super) struct Lowering<'e, 'f, 'b> {
    pub(super) emitter: Emitter<'e, 'f>,
    pub(super) references: &'b mut dyn References,
    pub(super) function: &'b Function,
    pub(super) callees: &'b Callees,
    pub(super) values: Values,
    /// The array of arguments.
    pub(super) arguments: Register,
    /// The state of the thread, if the function needs it.
    pub(super) thread_state: Option<Register>,
    /// For each method that an operation looked up: the object that it is called on.
    pub(super) method_selves: SecondaryMap<Value, Option<Register>>,
    /// Methods whose receiver is used.
    pub(super) wanted_selves: Vec<Value>,
    /// The exits of the function, so far.
    pub(super) exits: Vec<ExitPoint>,
    /// Cold paths that are not emitted yet.
    pub(super) pending: Vec<Pending>,
    /// The index in that list at which the cold paths of the current block begin.
    pub(super) pending_of_block: usize,
    /// The words for exits, at this point of the block.
    pub(super) exit_words: ExitWords,
    /// Modules whose type was tested. Code that could change the type clears the list.
    pub(super) modules_tested: Vec<ConstObject>,
    /// Dicts whose versions were tested. Code that could change a version clears the list.
    pub(super) dicts_tested: Vec<u32>,
    /// Whether the word of assumptions was tested. Code that could change the word clears this.
    pub(super) assumptions_tested: bool,
    labels: SecondaryMap<Block, Option<Label>>,
    /// Stack space for the words of one call.
    words: Option<StackSlot>,
    /// Stack space for the words of exits.
    exit_array: Option<StackSlot>,
    /// Stack space for the object that a method is called on.
    method_self: Option<StackSlot>,
}

impl<'e, 'f, 'b> Lowering<'e, 'f, 'b> {
    pub(super) fn new(
        emitter: Emitter<'e, 'f>,
        references: &'b mut dyn References,
        function: &'b Function,
        callees: &'b Callees,
    ) -> Result<Self, Unsupported> {
        let start = emitter.builder.create_block();
        emitter.builder.append_block_params_for_function_params(start);
        emitter.builder.switch_to_block(start);
        let arguments = emitter.builder.block_params(start)[0];
        let wanted_selves = function
            .instructions()
            .filter_map(|(_, _, data)| match data.instruction {
                crate::ir::Instruction::MethodSelf { method } => Some(method),
                _ => None,
            })
            .collect();
        Ok(Self {
            emitter,
            references,
            function,
            callees,
            values: Values::default(),
            arguments,
            thread_state: None,
            method_selves: SecondaryMap::new(),
            wanted_selves,
            exits: Vec::new(),
            pending: Vec::new(),
            pending_of_block: 0,
            exit_words: ExitWords::default(),
            modules_tested: Vec::new(),
            dicts_tested: Vec::new(),
            assumptions_tested: false,
            labels: SecondaryMap::new(),
            words: None,
            exit_array: None,
            method_self: None,
        })
    }

    /// Emits the whole function. The result is the list of its exits.
    pub(super) fn function(mut self) -> Result<Vec<ExitPoint>, Unsupported> {
        let entry =
            self.function.entry().ok_or_else(|| Unsupported::new("a function without blocks", "nothing to do"))?;
        let order = reverse_postorder(self.function, entry);
        for block in &order {
            let label = self.emitter.builder.create_block();
            self.labels[*block] = Some(label);
            for param in &self.function.blocks[*block].params {
                let ty = self.function.ty(*param);
                let parts: Vec<_> =
                    clif_types(ty)?.iter().map(|ty| self.emitter.builder.append_block_param(label, *ty)).collect();
                self.values.set_parts(*param, &parts);
            }
        }
        let code = EmittedFunction::of(self.function, self.callees)?;
        let first = self.label(entry)?;
        if !self.function.blocks[entry].params.is_empty() {
            return Err(Unsupported::new("a function whose entry has parameters", "arguments are loaded"));
        }
        self.load_thread_state();
        self.emitter.builder.ins().jump(first, &[]);
        for block in order {
            let label = self.label(block)?;
            self.emitter.builder.switch_to_block(label);
            self.pending_of_block = self.pending.len();
            self.forget_tests();
            self.forget_words();
            for inst in &self.function.blocks[block].insts {
                self.instruction(&code, *inst)?;
            }
        }
        self.cold_paths()?;
        Ok(self.exits)
    }

    fn label(&self, block: Block) -> Result<Label, Unsupported> {
        self.labels[block].ok_or_else(|| Unsupported::new(block.to_string(), "nothing leads to it"))
    }

    /// The CLIF block of a call of a block, and the values that are passed to it.
    pub(super) fn block_call(&self, call: &BlockCall) -> Result<(Label, Vec<BlockArg>), Unsupported> {
        let mut args = Vec::new();
        for value in &call.args {
            args.extend(self.parts(*value)?.into_iter().map(BlockArg::from));
        }
        Ok((self.label(call.block)?, args))
    }

    /// The registers of a value: two for text and bytes.
    pub(super) fn parts(&self, value: Value) -> Result<Vec<Register>, Unsupported> {
        self.values.parts(value)
    }

    /// The register of a value; the pointer's register, if there are two.
    pub(super) fn get(&self, value: Value) -> Result<Register, Unsupported> {
        self.values.defined(value)
    }

    /// The values that the function gives up if an instruction leaves it early.
    pub(super) fn releases(&self, inst: Inst) -> &'b [Value] {
        &self.function.releases[inst]
    }

    pub(super) fn address(&mut self, reference: Reference) -> Register {
        let address = self.references.address(reference);
        self.emitter.builder.ins().iconst(types::I64, address)
    }

    pub(super) fn call_runtime(&mut self, function: Symbol, arguments: &[Register]) -> Option<Register> {
        let target = self.address(Reference::Function(function));
        self.emitter.call_function_at(target, function, arguments)
    }

    /// Writes words to the stack, for the next call. All calls share the same space, so a function with many calls needs
    /// no more stack than one with few.
    pub(super) fn spill(&mut self, words: &[Register]) -> Register {
        let slot = *self.words.get_or_insert_with(|| self.emitter.stack_slot(1));
        let array = self.shared_array(slot, words.len());
        for (index, word) in (0..).zip(words) {
            self.emitter.builder.ins().store(TRUSTED, *word, array, index * POINTER_BYTES);
        }
        array
    }

    /// The address of the words of exits, at least this many. All exits share them.
    pub(super) fn exit_array(&mut self, count: usize) -> Register {
        let slot = *self.exit_array.get_or_insert_with(|| self.emitter.stack_slot(1));
        self.shared_array(slot, count)
    }

    fn shared_array(&mut self, slot: StackSlot, count: usize) -> Register {
        let bytes = u32::try_from(count * POINTER_BYTES as usize).expect("a function has fewer values");
        let size = &mut self.emitter.builder.func.sized_stack_slots[slot].size;
        *size = bytes.max(*size);
        self.emitter.stack_address(slot)
    }

    /// The address to which the next call writes the object that a method is called on.
    pub(super) fn method_self_address(&mut self) -> Register {
        let slot = *self.method_self.get_or_insert_with(|| self.emitter.stack_slot(1));
        self.emitter.stack_address(slot)
    }

    /// Forgets all tests, because code may have run that broke an assumption.
    pub(super) fn forget_tests(&mut self) {
        self.assumptions_tested = false;
        self.modules_tested.clear();
        self.dicts_tested.clear();
    }

    pub(super) fn trap(&mut self) {
        self.emitter.builder.ins().trap(TrapCode::unwrap_user(1));
    }
}

/// The types of the registers of a value of this type.
pub(super) fn clif_types(ty: &Type) -> Result<Vec<cranelift_codegen::ir::Type>, Unsupported> {
    if let Some(scalar) = ty.scalar() {
        return Ok(vec![CType::Scalar(scalar).clif()]);
    }
    let is = |other: &Type| !ty.is_bottom() && ty.is_subtype(other);
    if is(&Type::C_STR) || is(&Type::C_BUFFER) {
        return Ok(vec![types::I64; 2]);
    }
    // A parameter without any incoming value has no type left.
    if ty.is_object_or_null() || is(&Type::C_PTR) {
        return Ok(vec![types::I64]);
    }
    Err(Unsupported::new(format!("a value of type {ty}"), "it is of no one C type"))
}
