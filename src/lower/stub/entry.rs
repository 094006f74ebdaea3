//! From a plan to CLIF: a whole stub, or a call that is inlined into a function of an embedder.

use std::ptr::NonNull;

use cranelift_codegen::Context;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AbiParam, Block, InstBuilder, MemFlagsData, Signature, Value, types};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::arguments::{ARGUMENTS_COUNT_MASK, Exits, Objects, StubArguments};
use super::arm_code::ArmCall;
use super::cell::{CellField, CellRegister, CellSource};
use super::frame::{Binding, Convention, Frame};
use super::plan::{Arm, Plan};
use crate::cpython::Layout;
use crate::lower::convention::MethodConvention;
use crate::lower::emit::emitter::{Emitter, POINTER_BYTES, TRUSTED};
use crate::lower::symbol::{Symbol, Symbols};

/// The machine signature of a stub of this frame.
pub fn stub_signature(frame: &Frame, call_conv: CallConv) -> Signature {
    let mut signature = Signature::new(call_conv);
    signature.params.extend((0..frame.c_arguments()).map(|_| AbiParam::new(types::I64)));
    match frame.cell {
        CellSource::Receiver => {}
        CellSource::Thunk(CellRegister::Integer(_)) => signature.params.push(AbiParam::new(types::I64)),
        CellSource::Thunk(CellRegister::Float) => signature.params.push(AbiParam::new(types::F64)),
    }
    signature.returns.push(AbiParam::new(types::I64));
    signature
}

/// Builds the CLIF of a stub in `context`, for any target, any layout and any symbols.
pub fn build_stub(
    context: &mut Context,
    buffer: &mut FunctionBuilderContext,
    isa: &dyn TargetIsa,
    layout: &Layout,
    symbols: &mut dyn Symbols,
    plan: &Plan,
) {
    let call_conv = isa.default_call_conv();
    context.clear();
    context.func.signature = stub_signature(&plan.frame, call_conv);
    let mut builder = FunctionBuilder::new(&mut context.func, buffer);
    Emitter { builder: &mut builder, layout, symbols, call_conv }.stub(plan);
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
}

impl Emitter<'_, '_> {
    /// Emits the body of a stub into a function that has the signature of [`stub_signature`] and no blocks yet.
    pub fn stub(&mut self, plan: &Plan) {
        let entry = self.block();
        self.builder.append_block_params_for_function_params(entry);
        self.enter(entry);
        let mut raw = self.builder.block_params(entry).to_vec();
        let cell = match plan.frame.cell {
            CellSource::Receiver => raw[0],
            CellSource::Thunk(register) => {
                let cell = raw.pop().expect("the cell is a stub's last argument");
                match register {
                    CellRegister::Integer(_) => cell,
                    CellRegister::Float => self.builder.ins().bitcast(types::I64, MemFlagsData::new(), cell),
                }
            }
        };
        let object = self.body(plan, cell, raw);
        self.builder.ins().return_(&[object]);
    }

    /// Emits a call at the builder's position, with the code of the [`Convention::Objects`] stub of the same plan. The
    /// code continues with the result: a new reference, or null with an exception set. `cell` is the cell of a stub of
    /// this plan. `objects` are the receiver of a method and the positional arguments; their types are proven.
    pub fn inline(&mut self, plan: &Plan, cell: Value, objects: &[Value]) -> Value {
        self.body(plan, cell, objects.to_vec())
    }

    /// Like [`Emitter::inline`], with a cell that lives as long as the code.
    pub fn inline_with(&mut self, plan: &Plan, cell: NonNull<u8>, objects: &[Value]) -> Value {
        let cell = self.builder.ins().iconst(types::I64, cell.as_ptr() as i64);
        self.inline(plan, cell, objects)
    }

    /// Emits all arms and exits, and continues where they meet, with the result or null.
    fn body(&mut self, plan: &Plan, cell: Value, raw: Vec<Value>) -> Value {
        let result = self.block();
        self.builder.append_block_param(result, types::I64);
        let (error, fallback) = (self.cold_block(), self.cold_block());
        // Code that may drop the stub runs while the cell is held: the cell owns the machine code to which that code
        // returns. CPython's own callers do not always own what they call (`calliter_iternext` in
        // Objects/iterobject.c).
        if plan.runs_python() {
            self.incref(cell);
        }
        if let Binding::Foreign { watched } = plan.frame.binding {
            self.watch(cell, watched, fallback);
        }
        let arguments = if plan.matches_arguments() {
            self.matching_arms(plan, cell, raw, Exits { result, error, fallback, next_arm: fallback })
        } else {
            let arguments = self.arguments(plan, cell, raw, Some(fallback));
            for (position, arm) in plan.arms.iter().enumerate() {
                let is_last = position + 1 == plan.arms.len();
                let next_arm = if is_last { fallback } else { self.block() };
                self.arm(plan, arm, &arguments, Exits { result, error, fallback, next_arm });
                if !is_last {
                    self.enter(next_arm);
                }
            }
            arguments
        };
        self.enter(error);
        let null = self.null();
        self.builder.ins().jump(result, &[null.into()]);
        self.enter(fallback);
        let arguments = if plan.counts_calls() { self.count_fallback(plan, &arguments) } else { arguments };
        match plan.frame.binding {
            Binding::Function | Binding::Method | Binding::Foreign { .. } => self.fallback(plan, &arguments, result),
            Binding::Bare => self.parse_and_call(plan, &arguments, result),
        }

        self.enter(result);
        if plan.runs_python() {
            self.decref(cell);
        }
        self.builder.block_params(result)[0]
    }

    /// Finds the arguments. If no arm takes names, a call with names goes to `unnamed`.
    pub(super) fn arguments(
        &mut self,
        plan: &Plan,
        cell: Value,
        raw: Vec<Value>,
        unnamed: Option<Block>,
    ) -> StubArguments {
        let frame = &plan.frame;
        let bound = frame.passes_receiver().then(|| raw[0]);
        let (receiver, objects) = match frame.convention {
            Convention::Objects { .. } => (bound, Objects::Values(raw[usize::from(frame.objects(0))..].to_vec())),
            Convention::Method(MethodConvention::O) => (bound, Objects::Values(vec![raw[1]])),
            Convention::Method(method) => match method.array_at() {
                Some(array) => {
                    let names = self.names(raw.get(array + 2).copied(), unnamed);
                    (bound, Objects::Array { start: raw[array], count: raw[array + 1], names })
                }
                None => (bound, Objects::Values(Vec::new())),
            },
            Convention::Vectorcall => {
                let names = self.names(Some(raw[3]), unnamed);
                let count = self.builder.ins().band_imm_s(raw[2], ARGUMENTS_COUNT_MASK);
                (None, Objects::Array { start: raw[1], count, names })
            }
        };
        StubArguments { cell, raw, receiver, objects }
    }

    /// The names in the form in which the arms check them.
    fn names(&mut self, names: Option<Value>, unnamed: Option<Block>) -> Option<Value> {
        match (names, unnamed) {
            (Some(names), Some(unnamed)) => {
                self.refuse(names, unnamed);
                None
            }
            (names, _) => names,
        }
    }

    /// Emits one arm that takes its arguments by position: checks their number, and emits its IR.
    pub(super) fn arm(&mut self, plan: &Plan, arm: &Arm, arguments: &StubArguments, exits: Exits) {
        let (receiver, objects) = match arguments.objects {
            Objects::Values(ref values) => {
                if let Some(receiver) = arguments.receiver.filter(|_| arm.checks_receiver) {
                    self.check_receiver(receiver, arguments.cell, exits.fallback);
                }
                (arguments.receiver, values.clone())
            }
            Objects::Array { start, count, names } => {
                if let Some(names) = names {
                    self.refuse(names, exits.next_arm);
                }
                let skipped = plan.frame.receivers_in_array();
                let arity = self.builder.ins().icmp_imm_s(IntCC::Equal, count, i64::from(arm.arity + skipped));
                self.require(arity, exits.next_arm);
                let receiver = if skipped == 0 {
                    arguments.receiver
                } else {
                    Some(self.checked_receiver(start, arguments.cell, exits.fallback))
                };
                (receiver, self.elements(start, skipped, arm.arity))
            }
        };
        self.arm_code(&ArmCall { plan, arm, exits, cell: arguments.cell, receiver, objects, arguments });
    }

    /// The first of the arguments of a method's vectorcall.
    pub(super) fn checked_receiver(&mut self, array: Value, cell: Value, fallback: Block) -> Value {
        let receiver = self.elements(array, 0, 1)[0];
        self.check_receiver(receiver, cell, fallback);
        receiver
    }

    fn check_receiver(&mut self, receiver: Value, cell: Value, fallback: Block) {
        // CPython's own check accepts subclasses; their instances go to the original.
        let class = self.load(types::I64, receiver, self.layout.ob_type);
        let wanted = self.load_field(cell, CellField::Class);
        let exact = self.builder.ins().icmp(IntCC::Equal, class, wanted);
        self.require(exact, fallback);
    }

    pub(super) fn elements(&mut self, array: Value, first: u16, count: u16) -> Vec<Value> {
        (first..first + count).map(|index| self.load(types::I64, array, i32::from(index) * POINTER_BYTES)).collect()
    }

    /// The original call, with the original arguments.
    fn fallback(&mut self, plan: &Plan, arguments: &StubArguments, result: Block) {
        let cell = arguments.cell;
        let hold = !plan.runs_python();
        // Values that are live across the calls go to the stack here: in registers that survive calls they would have
        // to be saved on the likely path too.
        let held = hold.then(|| {
            self.incref(cell);
            self.spill(&[cell, cell])
        });
        let mut object = self.call_original(plan, arguments);
        if let Some(held) = held {
            self.builder.ins().store(TRUSTED, object, held, POINTER_BYTES);
            let cell = self.load(types::I64, held, 0);
            self.decref(cell);
            object = self.load(types::I64, held, POINTER_BYTES);
        }
        self.builder.ins().jump(result, &[object.into()]);
    }

    /// Calls the original with the stub's arguments.
    pub(super) fn call_original(&mut self, plan: &Plan, arguments: &StubArguments) -> Value {
        let (frame, cell) = (&plan.frame, arguments.cell);
        match frame.convention {
            // CPython's own vectorcall of such a function makes the tuple, and counts against the recursion limit.
            Convention::Method(_)
                if frame.original.takes_tuple()
                    && matches!(frame.binding, Binding::Function | Binding::Foreign { .. }) =>
            {
                let callable = self.load_field(cell, CellField::Callable);
                self.vectorcall(callable, &arguments.raw[1..])
            }
            Convention::Method(_) if frame.original.takes_tuple() => {
                let method = self.load_field(cell, CellField::Method);
                let receiver = self.receiver(cell, arguments.receiver);
                let names = arguments.raw.get(3).copied().unwrap_or_else(|| self.null());
                let rest = [arguments.raw[1], arguments.raw[2], names];
                self.call_with_tuple(method, frame.original, receiver, rest)
            }
            Convention::Method(_) => {
                let method = self.load_field(cell, CellField::Method);
                let mut passed = arguments.raw.clone();
                passed[0] = self.receiver(cell, arguments.receiver);
                self.call_pointers(method, &passed)
            }
            Convention::Vectorcall => {
                let callable = self.load_field(cell, CellField::Callable);
                self.vectorcall(callable, &arguments.raw[1..])
            }
            Convention::Objects { .. } => {
                let callable = self.load_field(cell, CellField::Callable);
                let array = self.spill(&arguments.raw);
                // There is one arm, because a call with C arguments is a call of one overload.
                let named = plan.arms[0].keywords;
                let count = i64::try_from(arguments.raw.len()).expect("a call has at most 17 arguments");
                let count = self.builder.ins().iconst(types::I64, count - i64::from(named));
                let names = if named == 0 { self.null() } else { self.load_field(cell, CellField::Keywords) };
                self.vectorcall(callable, &[array, count, names])
            }
        }
    }

    /// It is loaded at each use, because most stubs need it only on the path of the fallback.
    pub(super) fn receiver(&mut self, cell: Value, bound: Option<Value>) -> Value {
        bound.unwrap_or_else(|| self.load_field(cell, CellField::Receiver))
    }

    fn vectorcall(&mut self, callable: Value, rest: &[Value]) -> Value {
        let mut arguments = vec![callable];
        arguments.extend_from_slice(rest);
        self.call_symbol(Symbol::Vectorcall, &arguments)
    }
}
