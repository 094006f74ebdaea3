//! From a plan to CLIF: a whole stub, or a call inlined into a function of an embedder's.

use cranelift_codegen::Context;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AbiParam, Block, InstBuilder, MemFlagsData, Signature, Value, types};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::cell::{CellField, CellRegister, CellSource};
use super::emitter::{Emitter, POINTER_BYTES, TRUSTED};
use super::machine::CType;
use super::plan::{Arm, Binding, Convention, Frame, MethodConvention, Plan, Step};
use super::symbol::{Symbol, Symbols};
use super::values::Values;
use crate::runtime::Layout;

/// `PY_VECTORCALL_ARGUMENTS_OFFSET` takes the top bit of `nargsf`: what is below it counts.
pub(super) const ARGUMENTS_COUNT_MASK: i64 = i64::MAX;

/// What a stub gets from its caller.
pub(super) struct Arguments {
    pub(super) cell: Value,
    /// The C arguments before the cell, as the fallback passes them on.
    pub(super) raw: Vec<Value>,
    /// The object that the original is called on; `None` for what its cell knows, or what the array begins with.
    pub(super) receiver: Option<Value>,
    /// Where the positional arguments are.
    objects: Objects,
}

/// Where a stub finds its positional arguments.
enum Objects {
    /// In registers, one each.
    Values(Vec<Value>),
    /// In an array.
    Array {
        start: Value,
        /// How many there are.
        count: Value,
    },
}

/// What the steps of one arm deal with.
pub(super) struct ArmCall<'p> {
    pub(super) plan: &'p Plan,
    pub(super) arm: &'p Arm,
    pub(super) exits: Exits,
    pub(super) cell: Value,
    /// The object that the original is called on; `None` for what its cell knows.
    pub(super) receiver: Option<Value>,
    /// The positional arguments.
    pub(super) objects: Vec<Value>,
}

/// Where a stub leaves to.
pub(super) struct Exits {
    /// With a result, as this block's parameter; null means that an exception is set.
    pub(super) result: Block,
    /// With an exception set.
    pub(super) error: Block,
    /// With the original call.
    pub(super) fallback: Block,
    /// To the next arm; with the original call from the last one.
    pub(super) next_arm: Block,
}

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

    /// Emits a call, as the [`Convention::Objects`] stub of the same plan would make it, at the builder's position:
    /// goes on with the result, a new reference, or null with an exception set. `cell` is the cell of a stub of
    /// this plan, `objects` the receiver of a method and the positional arguments, whose types are proven.
    pub fn inline(&mut self, plan: &Plan, cell: Value, objects: &[Value]) -> Value {
        self.body(plan, cell, objects.to_vec())
    }

    /// Emits all steps and exits, and goes on where they meet, with the result or null.
    fn body(&mut self, plan: &Plan, cell: Value, raw: Vec<Value>) -> Value {
        let result = self.block();
        self.builder.append_block_param(result, types::I64);
        let (error, fallback) = (self.cold_block(), self.cold_block());
        // Code that may drop the stub runs while the cell is held: the cell owns the machine code that it returns to. Not
        // even CPython's own callers always own what they call (`calliter_iternext` in Objects/iterobject.c).
        if plan.runs_python() {
            self.incref(cell);
        }
        let arguments = self.arguments(&plan.frame, cell, raw, fallback);
        for (position, arm) in plan.arms.iter().enumerate() {
            let is_last = position + 1 == plan.arms.len();
            let next_arm = if is_last { fallback } else { self.block() };
            self.arm(plan, arm, &arguments, Exits { result, error, fallback, next_arm });
            if !is_last {
                self.enter(next_arm);
            }
        }
        self.enter(error);
        let null = self.null();
        self.builder.ins().jump(result, &[null.into()]);
        self.enter(fallback);
        match plan.frame.binding {
            Binding::Function | Binding::Method => self.fallback(plan, &arguments, result),
            Binding::Bare => self.parse_and_call(plan, &arguments, result),
        }

        self.enter(result);
        if plan.runs_python() {
            self.decref(cell);
        }
        self.builder.block_params(result)[0]
    }

    /// Finds the arguments, and checks what no arm admits.
    fn arguments(&mut self, frame: &Frame, cell: Value, raw: Vec<Value>, fallback: Block) -> Arguments {
        let bound = frame.passes_receiver().then(|| raw[0]);
        let (receiver, objects) = match frame.convention {
            Convention::Objects { .. } => (bound, Objects::Values(raw[usize::from(frame.objects(0))..].to_vec())),
            Convention::Method(MethodConvention::NoArgs) => (bound, Objects::Values(Vec::new())),
            Convention::Method(MethodConvention::O) => (bound, Objects::Values(vec![raw[1]])),
            Convention::Method(MethodConvention::FastCall | MethodConvention::Other) => {
                (bound, Objects::Array { start: raw[1], count: raw[2] })
            }
            Convention::Method(MethodConvention::FastCallKeywords) => {
                self.refuse(raw[3], fallback);
                (bound, Objects::Array { start: raw[1], count: raw[2] })
            }
            Convention::Vectorcall => {
                self.refuse(raw[3], fallback);
                let count = self.builder.ins().band_imm_s(raw[2], ARGUMENTS_COUNT_MASK);
                (None, Objects::Array { start: raw[1], count })
            }
        };
        Arguments { cell, raw, receiver, objects }
    }

    /// Emits one arm: its number of arguments, its steps.
    fn arm(&mut self, plan: &Plan, arm: &Arm, arguments: &Arguments, exits: Exits) {
        let (receiver, objects) = match arguments.objects {
            Objects::Values(ref values) => (arguments.receiver, values.clone()),
            Objects::Array { start, count } => {
                let by_vectorcall = plan.frame.convention == Convention::Vectorcall;
                let skipped = if by_vectorcall { plan.frame.objects(0) } else { 0 };
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
        let call = ArmCall { plan, arm, exits, cell: arguments.cell, receiver, objects };
        let mut values = Values::default();
        for step in &arm.steps {
            self.step(&call, step, &mut values);
        }
    }

    /// The first of the arguments of a method's vectorcall.
    fn checked_receiver(&mut self, array: Value, cell: Value, fallback: Block) -> Value {
        let receiver = self.elements(array, 0, 1)[0];
        // CPython's own check admits subclasses; they take the original's way.
        let class = self.load(types::I64, receiver, self.layout.ob_type);
        let wanted = self.load_field(cell, CellField::Class);
        let exact = self.builder.ins().icmp(IntCC::Equal, class, wanted);
        self.require(exact, fallback);
        receiver
    }

    /// The C function of an arm.
    fn target(&mut self, call: &ArmCall) -> Value {
        if call.plan.arms.len() == 1 {
            return self.load_field(call.cell, CellField::Target);
        }
        let targets = self.load_field(call.cell, CellField::Targets);
        self.load(types::I64, targets, i32::from(call.arm.overload) * POINTER_BYTES)
    }

    fn elements(&mut self, array: Value, first: u16, count: u16) -> Vec<Value> {
        (first..first + count).map(|index| self.load(types::I64, array, i32::from(index) * POINTER_BYTES)).collect()
    }

    pub(super) fn step(&mut self, call: &ArmCall, step: &Step, values: &mut Values) {
        let exits = &call.exits;
        match step {
            Step::Receiver { into } => values.set(*into, self.receiver(call.cell, call.receiver)),
            Step::Argument { into, index } => values.set(*into, call.objects[usize::from(*index)]),
            Step::Context { into } => {
                let context = self.call_symbol(Symbol::Context, &[], CType::Pointer, &[]);
                self.require(context, exits.error);
                values.set(*into, context);
            }
            Step::None { into } => {
                let none = self.address(Symbol::NoneObject);
                self.incref_immortal(none);
                values.set(*into, none);
            }
            Step::Guard { into, from, admitted } => {
                let object = values.get(*from);
                self.guard(object, admitted, exits.next_arm);
                values.set(*into, object);
            }
            Step::NullIfNone { into, from } => {
                let (object, none) = (values.get(*from), self.address(Symbol::NoneObject));
                let is_none = self.builder.ins().icmp(IntCC::Equal, object, none);
                let null = self.null();
                values.set(*into, self.builder.ins().select(is_none, null, object));
            }
            Step::Unbox { into, from, scalar } => {
                let object = values.get(*from);
                values.set(*into, self.unbox(object, *scalar, exits.fallback));
            }
            Step::UnboxReal { into, from, scalar } => {
                let object = values.get(*from);
                values.set(*into, self.unbox_real(object, *scalar, exits.fallback));
            }
            Step::View { into, from, view, or_null } => {
                let object = values.get(*from);
                let (pointer, length) = self.view(object, *view, *or_null, exits.fallback);
                values.set_parts(*into, &[pointer, length]);
            }
            Step::Call { .. } => self.call_step(call, step, values),
            Step::CallMethod { into, receiver, arguments: passed, raises, .. } => {
                let receiver = match receiver {
                    Some(receiver) => values.get(*receiver),
                    None => self.receiver(call.cell, call.receiver),
                };
                let objects: Vec<_> = passed.iter().map(|value| values.get(*value)).collect();
                let method = self.load_field(call.cell, CellField::Method);
                self.enter_call(call);
                let value = self.call_method(method, call.plan.frame.original, receiver, &objects);
                self.leave_call(call);
                self.check_error(Some((value, CType::Pointer)), *raises, true, exits.error);
                values.set(*into, value);
            }
            Step::Box { into, from, scalar } => {
                let value = values.get(*from);
                values.set(*into, self.box_scalar(value, *scalar));
            }
            Step::BoxView { into, from, view } => {
                let parts = (values.get(*from), values.length(*from));
                values.set(*into, self.box_view(parts, *view));
            }
            Step::Incref { value } => self.incref(values.get(*value)),
            Step::Return { value, owned } => {
                let object = values.get(*value);
                if !owned {
                    self.incref(object);
                }
                self.builder.ins().jump(exits.result, &[object.into()]);
            }
        }
    }

    /// The call of an underlying function.
    fn call_step(&mut self, call: &ArmCall, step: &Step, values: &mut Values) {
        let Step::Call { into, arguments, steals, result, borrowed, nogil, raises, runs_python: _ } = step else {
            return;
        };
        let types: Vec<_> = arguments.iter().map(|(_, ty)| *ty).collect();
        let passed: Vec<_> = arguments.iter().flat_map(|(value, ty)| values.parts(*value, *ty)).collect();
        let target = self.target(call);
        self.enter_call(call);
        for stolen in steals {
            self.incref_stolen(values.get(stolen.value), stolen.or_null);
        }
        let thread_state = nogil.then(|| self.release_gil());
        let parts = self.call_for_parts(target, &types, *result, &passed);
        if let Some(thread_state) = thread_state {
            self.acquire_gil(thread_state);
        }
        self.leave_call(call);
        self.check_error(parts.first().copied().zip(*result), *raises, !borrowed, call.exits.error);
        if let Some(into) = into {
            values.set_parts(*into, &parts);
        }
    }

    /// Counts a call against the recursion limit; beyond it, goes to `error` with the exception set.
    fn enter_call(&mut self, call: &ArmCall) {
        if call.plan.counts_recursion(call.arm) {
            let place = self.address(Symbol::RecursionPlace);
            let refused = self.call_symbol(Symbol::EnterRecursiveCall, &[CType::Pointer], CType::Status, &[place]);
            self.refuse(refused, call.exits.error);
        }
    }

    fn leave_call(&mut self, call: &ArmCall) {
        if call.plan.counts_recursion(call.arm) {
            let target = self.address(Symbol::LeaveRecursiveCall);
            self.call(target, &[], None, &[]);
        }
    }

    /// The original call, with the original arguments.
    fn fallback(&mut self, plan: &Plan, arguments: &Arguments, result: Block) {
        let (frame, cell) = (&plan.frame, arguments.cell);
        let hold = !plan.runs_python();
        // What is live across the calls goes to the stack here: in registers that survive calls it would have to be
        // saved on the likely path too.
        let held = hold.then(|| {
            self.incref(cell);
            self.spill(&[cell, cell])
        });
        let mut object = match frame.convention {
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
                let count = i64::try_from(arguments.raw.len()).expect("a call has at most 17 arguments");
                let (count, null) = (self.builder.ins().iconst(types::I64, count), self.null());
                self.vectorcall(callable, &[array, count, null])
            }
        };
        if let Some(held) = held {
            self.builder.ins().store(TRUSTED, object, held, POINTER_BYTES);
            let cell = self.load(types::I64, held, 0);
            self.decref(cell);
            object = self.load(types::I64, held, POINTER_BYTES);
        }
        self.builder.ins().jump(result, &[object.into()]);
    }

    /// Loaded where it is used: most stubs need it on their fallback's path only.
    fn receiver(&mut self, cell: Value, bound: Option<Value>) -> Value {
        bound.unwrap_or_else(|| self.load_field(cell, CellField::Receiver))
    }

    fn vectorcall(&mut self, callable: Value, rest: &[Value]) -> Value {
        let target = self.address(Symbol::Vectorcall);
        let mut arguments = vec![callable];
        arguments.extend_from_slice(rest);
        self.call_pointers(target, &arguments)
    }
}
