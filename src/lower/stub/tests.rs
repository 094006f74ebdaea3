//! The planner's refusals, with their reasons, and the small total functions beside it. The golden tests show its
//! results for IR.

use std::num::NonZeroUsize;

use cranelift_codegen::ir::{ArgumentExtension, types};

use crate::cpython::Layout;
use crate::ir::passes::refcounts;
use crate::ir::{Analyses, Callee, CalleeTarget, Callees, Function, Instruction, Unknown};
use crate::lower::{
    AddressTable, Admitted, Binding, CType, CellField, CellRegister, CellSource, Class, Convention, Forwarder, Frame,
    MethodConvention, Plan, Symbol, Unsupported, plan_arm, stub_signature,
};
use crate::metadata::{Kind, PythonType, Scalar, Signature, UserType};

const METH_O: Frame = frame(Convention::Method(MethodConvention::O), Binding::Function);

const fn frame(convention: Convention, binding: Binding) -> Frame {
    Frame { convention, original: MethodConvention::O, binding, cell: CellSource::Receiver }
}

fn callees(signature: &str, target: CalleeTarget) -> Callees {
    let signature: Signature = signature.parse().unwrap_or_else(|error| panic!("{signature}: {error}"));
    let mut callees = Callees::new();
    callees.insert("f", Callee { signature, target });
    callees
}

fn plan_of(ir: &str, callees: &Callees, frame: Frame) -> Result<Plan, Unsupported> {
    let mut function: Function = ir.parse().unwrap_or_else(|error| panic!("{ir}: {error}"));
    refcounts::run(&mut function, &Unknown, &mut Analyses::default());
    let arity = match frame.convention {
        Convention::Objects { count } => count - frame.objects(0),
        Convention::Method(_) | Convention::Vectorcall => 1,
    };
    Ok(Plan { frame, arms: vec![plan_arm(function, callees.clone(), &frame, 0, arity)?] })
}

/// The error of IR that calls `f`, an underlying function of this signature.
#[track_caller]
fn refused(signature: &str, ir: &str) -> String {
    let error = plan_of(ir, &callees(signature, CalleeTarget::Underlying), METH_O).expect_err(ir);
    error.to_string()
}

#[test]
fn a_function_without_a_call_is_planned() {
    let plan = plan_of("v0:Object = LoadArg<0>\nReturn v0", &Callees::new(), METH_O).expect("all of it is lowered");
    // It takes the reference that it returns.
    assert_eq!(plan.arms[0].function.to_string(), "v0:Object = LoadArg<0>\nIncref v0\nReturn v0\n");
}

#[test]
fn blocks_and_jumps_are_refused() {
    let blocks = "bb0:\n  v0:Object = LoadArg<0>\n  Jump bb1(v0)\nbb1(v1:Object):\n  Return v1";
    assert_eq!(
        refused("() -> void", blocks),
        "a function of several blocks is not lowered: only straight-line call sites are lowered"
    );
    let jump = "v0:Object = LoadArg<0>\nJump bb0";
    assert_eq!(refused("() -> void", jump), "Jump is not lowered: only straight-line call sites are lowered");
    let no_return = "v0:Object = LoadArg<0>";
    assert_eq!(
        refused("() -> void", no_return),
        "a function that does not return is not lowered: a stub ends with Return"
    );
}

#[test]
fn calls_that_were_not_specialized_are_refused() {
    let constant = "v0:CFunction[\"g\"] = LoadConst\nv1:Object = VectorCallStatic<0> v0\nReturn v1";
    assert_eq!(
        refused("() -> void", constant),
        "the constant CFunction[\"g\"] is not lowered: a stub has no constant but None; the call that uses it was not \
         specialized"
    );
    for call in ["VectorCall<0> v0", "VectorCallStatic<0> v0"] {
        let ir = format!("v0:Object = LoadArg<0>\nv1:Object = {call}\nReturn v1");
        let error = refused("() -> void", &ir);
        assert!(error.ends_with("is not lowered: the call was not specialized"), "{error}");
    }
    let unknown = "v0:Object = CallCFunction<\"g\">\nReturn v0";
    assert_eq!(refused("() -> void", unknown), "CallCFunction<\"g\"> is not lowered: no callee of that name was given");
}

#[test]
fn references_that_no_call_takes_over_are_refused() {
    let call = "v0:Object = LoadArg<0>\nIncref v0\nv1:Object = CallCFunction<\"f\"> v0\nReturn v1";
    let error = refused("(object) -> object raises null", call);
    assert!(error.ends_with("references are only taken right before the call that steals them"), "{error}");
    // Nor may a reference be missing, nor be added twice.
    let missing = "v0:Object = LoadArg<0>\nv1:Object = CallCFunction<\"f\"> v0\nReturn v1";
    let twice = "v0:Object = LoadArg<0>\nIncref v0\nIncref v0\nv1:Object = CallCFunction<\"f\"> v0\nReturn v1";
    for ir in [missing, twice] {
        let error = refused("(object) -> object raises null [steals(0)]", ir);
        assert!(error.ends_with("references are only taken right before the call that steals them"), "{error}");
    }
    let decref = "v0:Object = LoadArg<0>\nDecref v0\nReturn v0";
    assert_eq!(refused("() -> void", decref), "Decref is not lowered: a stub gives no reference up");
}

#[test]
fn a_borrowed_result_is_owned_once_there_is_a_reference_to_it() {
    let signature = "(object) -> object raises null [borrowed_result]";
    let callees = callees(signature, CalleeTarget::Underlying);
    let call = "v0:Object = LoadArg<0>\nv1:Object = CallCFunction<\"f\"> v0\n";
    let taken = format!("{call}Incref v1\nReturn v1\n");
    let plan = plan_of(&taken, &callees, METH_O).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(plan.arms[0].function.to_string(), taken);
    let lent =
        plan_of(&format!("{call}Return v1"), &callees, METH_O).expect_err("it is nobody's to return").to_string();
    assert_eq!(lent, "Return v1 is not lowered: a stub returns a reference of its own, and this one is only lent");
}

#[test]
fn guards_are_of_one_type_with_its_subclasses_or_without() {
    let admitted = |ty: &str| {
        let ir = format!("v0:Object = LoadArg<0>\nv1:{ty} = Guard<{ty}> v0 fallback\nReturn v0");
        let plan = plan_of(&ir, &Callees::new(), METH_O).unwrap_or_else(|error| panic!("{error}"));
        let found = plan.arms[0].instructions().find_map(|instruction| match instruction {
            Instruction::Guard { ty, .. } => Some(Admitted::of(ty).expect("plan_arm has looked")),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("no guard in {plan}"))
    };
    for class in PythonType::ALL {
        for null in [false, true] {
            let text = |ty: crate::ir::Type| if null { ty.or_null().to_string() } else { ty.to_string() };
            let exact = admitted(&text(crate::ir::Type::python_exact(class)));
            assert_eq!(exact, Admitted { class: Class::Python(class), subclasses: false, null });
            let any = admitted(&text(crate::ir::Type::python(class)));
            let subclasses = !matches!(class, PythonType::Bool | PythonType::None);
            assert_eq!(any, Admitted { class: Class::Python(class), subclasses, null });
        }
    }
    for ty in ["LongExact|NoneType", "Type", "Nullptr", "LongExact|FloatExact|Nullptr"] {
        let ir = format!("v0:Object = LoadArg<0>\nv1:{ty} = Guard<{ty}> v0 fallback\nReturn v0");
        let reason = "only one type is checked, with its subclasses or without";
        assert_eq!(refused("() -> void", &ir), format!("Guard<{ty}> is not lowered: {reason}"));
    }
    for ty in ["Object[class \"demo.Point\"]", "(Object|Nullptr)[class+ \"demo.Point\"]"] {
        let ir = format!("v0:Object = LoadArg<0>\nv1:{ty} = Guard<{ty}> v0 fallback\nReturn v0");
        let reason = "only the name of the class is known, not its place";
        assert_eq!(refused("() -> void", &ir), format!("Guard<{ty}> is not lowered: {reason}"));
    }
}

#[test]
fn what_leaves_through_an_exit_is_refused() {
    let ir = "v0:Object = LoadArg<0>\nv1:LongExact = Guard<LongExact> v0 exit at 0(v0)\nReturn v0";
    let reason = "the exit of Guard is not lowered: a stub leaves through its fallback";
    assert_eq!(refused("() -> void", ir), reason);
}

#[test]
fn only_c_values_of_objects_are_boxed_and_unboxed() {
    let unbox = "v0:LongExact = LoadArg<0>\nv1:CPtr = Unbox<CPtr> v0 fallback\nReturn v0";
    assert_eq!(refused("() -> void", unbox), "Unbox<CPtr> is not lowered: no C value of an object");
    let boxed = "v0:CPtr = LoadContext\nv1:Object = Box v0\nReturn v1";
    assert_eq!(refused("() -> void", boxed), "Box of CPtr is not lowered: no C value of an object");
}

#[test]
fn arguments_that_the_stub_has_not_are_refused() {
    let ir = "v0:Object = LoadArg<1>\nReturn v0";
    assert_eq!(refused("() -> void", ir), "LoadArg<1> is not lowered: the call has 1 arguments");
}

#[test]
fn miscounted_arguments_are_refused() {
    let no_argument = "v0:Object = CallCFunction<\"f\">\nReturn v0";
    let signature = "(object) -> object raises null";
    for target in [CalleeTarget::Underlying, CalleeTarget::Method] {
        let error = plan_of(no_argument, &callees(signature, target), METH_O).expect_err("one is wanted").to_string();
        assert_eq!(error, format!("{signature} is not lowered: the call passes 0 values"));
    }
    // A method's wrapper wants its receiver first.
    let descriptor = frame(Convention::Objects { count: 2 }, Binding::Method);
    let error = plan_of(no_argument, &callees(signature, CalleeTarget::Method), descriptor);
    assert!(error.is_err(), "{error:?}");
    let second = "v0:Object = LoadArg<1>\nReturn v0".parse().expect("IR");
    let error = plan_arm(second, Callees::new(), &METH_O, 0, 2).expect_err("METH_O").to_string();
    assert_eq!(error, "a call of 2 arguments is not lowered: METH_O passes another number of arguments");
}

#[test]
fn what_a_stub_owns_it_must_return() {
    let signature = "(object) -> object raises null [no_python]";
    let dropped = "v0:Object = LoadArg<0>\nv1:Object = CallCFunction<\"f\"> v0\nReturn v0";
    let error = refused(signature, dropped);
    assert!(error.ends_with("its result would have to be given up before the return"), "{error}");
    // A guard may go to the fallback, and then the result would not be given up.
    let guarded = "v0:Object = LoadArg<0>\nv1:Object = CallCFunction<\"f\"> v0\nv2:LongExact = Guard<LongExact> v1 fallback\n\
                   Return v2";
    let error = refused(signature, guarded);
    assert!(error.ends_with("its result would have to be given up before the return"), "{error}");
}

#[test]
fn a_wrapper_is_called_in_a_convention_that_stubs_know() {
    let callees = callees("(object) -> object raises null", CalleeTarget::Method);
    let call = "v0:Object = LoadArg<0>\nv1:Object = CallCFunction<\"f\"> v0\nReturn v1";
    assert!(plan_of(call, &callees, METH_O).is_ok());
    let other = Frame { original: MethodConvention::Other, ..METH_O };
    let error = plan_of(call, &callees, other).expect_err("METH_VARARGS").to_string();
    assert_eq!(error, "ml_meth is not lowered: its METH_ convention is not one that stubs call");
    let error = plan_of("v0:Object = LoadArg<0>\nCallCFunction<\"f\"> v0\nReturn v0", &callees, METH_O);
    let error = error.expect_err("a result without a name").to_string();
    assert_eq!(error, "ml_meth is not lowered: a METH_ function always returns an object");
}

#[test]
fn only_a_call_that_promises_it_runs_no_python_code() {
    let call = "v0:Object = LoadArg<0>\nv1:Object = CallCFunction<\"f\"> v0\nReturn v1";
    for (effects, runs_python) in
        [("", true), (" [pure]", true), (" [no_python]", false), (" [no_python, nogil]", true)]
    {
        for target in [CalleeTarget::Underlying, CalleeTarget::Method] {
            let callees = callees(&format!("(object) -> object raises null{effects}"), target);
            let plan = plan_of(call, &callees, METH_O).expect("all of it is lowered");
            assert_eq!(plan.runs_python(), runs_python, "{plan}");
        }
    }
}

#[test]
fn stubs_count_recursion_where_the_originals_vectorcall_does() {
    let call = "v0:Object = LoadArg<0>\nv1:Object = CallCFunction<\"f\"> v0\nReturn v1";
    let counts = |effects: &str, convention, original, binding| {
        let callees = callees(&format!("(object) -> object raises null{effects}"), CalleeTarget::Underlying);
        let frame = Frame { original, ..frame(convention, binding) };
        let plan = plan_of(call, &callees, frame).expect("all of it is lowered");
        plan.counts_recursion(&plan.arms[0])
    };
    let (o, fast) = (MethodConvention::O, MethodConvention::FastCall);
    assert!(counts("", Convention::Vectorcall, o, Binding::Function));
    assert!(counts("", Convention::Objects { count: 1 }, o, Binding::Function));
    assert!(counts("", Convention::Vectorcall, fast, Binding::Method));
    // The original makes a tuple by PyObject_Call, which counts; a stub that takes an array has no caller that counts.
    for tuple in [MethodConvention::VarArgs, MethodConvention::VarArgsKeywords] {
        assert!(counts("", Convention::Vectorcall, tuple, Binding::Function));
        assert!(counts("", Convention::Method(MethodConvention::FastCallKeywords), tuple, Binding::Function));
        assert!(!counts("", Convention::Method(MethodConvention::FastCallKeywords), tuple, Binding::Method));
        assert!(!counts(" [no_python]", Convention::Vectorcall, tuple, Binding::Function));
    }
    assert!(!counts("", Convention::Vectorcall, fast, Binding::Function), "cfunction_vectorcall_FASTCALL does not");
    assert!(!counts("", Convention::Method(o), o, Binding::Function), "who calls ml_meth does");
    assert!(!counts(" [no_python]", Convention::Vectorcall, o, Binding::Function), "it cannot recurse");
}

#[test]
fn a_destructor_or_a_first_context_may_run_python_code_too() {
    let thunk = Frame { cell: CellSource::Thunk(CellRegister::Integer(2)), ..METH_O };
    let checked = callees("(object) -> object raises check [no_python]", CalleeTarget::Underlying);
    let call = "v0:Object = LoadArg<0>\nv1:Object = CallCFunction<\"f\"> v0\nReturn v1";
    assert!(plan_of(call, &checked, thunk).expect("all of it is lowered").runs_python());
    let context = callees("(context) -> f64 [no_python]", CalleeTarget::Underlying);
    let call = "v0:CPtr = LoadContext\nv1:CDouble = CallCFunction<\"f\"> v0\nv2:FloatExact = Box v1\nReturn v2";
    assert!(plan_of(call, &context, thunk).expect("all of it is lowered").runs_python());
}

#[test]
fn c_types_have_the_width_and_extension_of_the_abi() {
    use ArgumentExtension::{None, Sext, Uext};
    for (scalar, ty, extension) in [
        (Scalar::I8, types::I8, Sext),
        (Scalar::I16, types::I16, Sext),
        (Scalar::I32, types::I32, None),
        (Scalar::I64, types::I64, None),
        (Scalar::U8, types::I8, Uext),
        (Scalar::U16, types::I16, Uext),
        (Scalar::U32, types::I32, None),
        (Scalar::U64, types::I64, None),
        (Scalar::Isize, types::I64, None),
        (Scalar::Usize, types::I64, None),
        (Scalar::F32, types::F32, None),
        (Scalar::F64, types::F64, None),
        (Scalar::CBool, types::I8, Uext),
    ] {
        let ctype = CType::of_parameter(&Kind::Scalar(scalar)).expect("a scalar is one C value");
        assert_eq!((ctype.clif(), ctype.abi().extension), (ty, extension), "{ctype}");
        assert_eq!(u32::from(scalar.bytes()), ty.bytes(), "{ctype}");
        assert_eq!(ctype.to_string(), Kind::Scalar(scalar).to_string());
    }
    assert_eq!((CType::Pointer.clif(), CType::Status.clif()), (types::I64, types::I32));
}

#[test]
fn objects_and_the_context_are_pointers_strings_and_buffers_two_values() {
    let user = UserType { name: "demo.Point".into(), place: None, builtin: None };
    for kind in [
        Kind::Object,
        Kind::Python { class: PythonType::Int, subclasses: true },
        Kind::User { class: user, subclasses: false },
        Kind::Context,
    ] {
        assert_eq!(CType::of_parameter(&kind), Some(CType::Pointer), "{kind}");
    }
    for (kind, result) in [(Kind::Cstr, CType::Chars), (Kind::Buffer, CType::Span)] {
        assert_eq!((CType::of_parameter(&kind), CType::of_result(&kind)), (Some(CType::Span), Some(result)), "{kind}");
    }
    assert_eq!((CType::Span.parts(), CType::Chars.parts(), CType::Pointer.parts()), (2, 1, 1));
    assert_eq!((CType::of_parameter(&Kind::Void), CType::of_result(&Kind::Void)), (None, None));
}

#[test]
fn a_thunk_passes_the_cell_after_the_stubs_own_arguments() {
    use CellRegister::{Float, Integer};
    let method = |convention| Convention::Method(convention);
    for (convention, binding, register) in [
        (method(MethodConvention::NoArgs), Binding::Function, Integer(2)),
        (method(MethodConvention::O), Binding::Method, Integer(2)),
        (method(MethodConvention::FastCall), Binding::Function, Integer(3)),
        (Convention::Vectorcall, Binding::Method, Integer(4)),
        (method(MethodConvention::FastCallKeywords), Binding::Function, Integer(4)),
        (method(MethodConvention::Method), Binding::Method, Integer(5)),
        (Convention::Objects { count: 0 }, Binding::Function, Integer(0)),
        (Convention::Objects { count: 1 }, Binding::Method, Integer(1)),
        (Convention::Objects { count: 5 }, Binding::Function, Integer(5)),
        // Six pointers fill the integer registers of x86-64.
        (Convention::Objects { count: 6 }, Binding::Function, Float),
        (Convention::Objects { count: 17 }, Binding::Method, Float),
    ] {
        let mut frame = frame(convention, binding);
        assert_eq!(frame.thunk_register(), register, "{frame}");
        frame.cell = CellSource::Thunk(register);
        let signature = stub_signature(&frame, cranelift_codegen::isa::CallConv::SystemV);
        assert_eq!(signature.params.len(), frame.c_arguments() + 1, "{frame}");
        let last = signature.params.last().expect("there is the cell").value_type;
        assert_eq!(last, if register == Float { types::F64 } else { types::I64 }, "{frame}");
    }
}

#[test]
fn a_cells_fields_lie_after_the_module_and_apart() {
    for minor in Layout::MINORS {
        let layout = Layout::of(minor).expect("every minor version has a layout");
        let fields = [
            CellField::Target,
            CellField::Method,
            CellField::Receiver,
            CellField::Callable,
            CellField::Class,
            CellField::Targets,
            CellField::Parameters,
            CellField::Keywords,
            CellField::Reader,
            CellField::Foreign,
            CellField::Watched,
        ];
        let offsets = fields.map(|field| field.offset(&layout));
        assert_eq!(offsets[0], layout.module_size);
        assert!(offsets.is_sorted_by(|a, b| a + CellField::SIZE == *b), "{offsets:?}");
        assert_eq!(fields.len(), CellField::COUNT as usize);
    }
}

#[test]
fn symbols_have_names_and_numbers_of_their_own() {
    for (index, symbol) in Symbol::ALL.into_iter().enumerate() {
        assert_eq!(symbol as usize, index, "{symbol:?}");
        assert_eq!(Symbol::ALL.iter().filter(|other| other.name() == symbol.name()).count(), 1, "{symbol:?}");
    }
    assert_eq!(Symbol::ALL[..Symbol::OF_STUBS.len()], Symbol::OF_STUBS);
    let table = AddressTable::symbolic();
    let mut addresses: Vec<_> = Symbol::ALL.map(|symbol| table.get(symbol)).into();
    addresses.dedup();
    assert_eq!(addresses.len(), Symbol::ALL.len());
}

#[test]
fn functions_have_the_signatures_that_they_are_declared_with() {
    use crate::cpython::{AbiType, CSignature};
    use AbiType::{F64, I32, I64};
    let cases: [(_, &[AbiType], _, _); 6] = [
        (Symbol::FloatFromDouble, &[F64], Some(I64), false),
        (Symbol::RichCompare, &[I64, I64, I32], Some(I64), true),
        (Symbol::Dealloc, &[I64], None, true),
        (Symbol::Context, &[], Some(I64), false),
        (Symbol::FloatRemainder, &[F64, F64], Some(F64), false),
        (Symbol::UnpackEx, &[I64, I64, I64], Some(I64), true),
    ];
    for (symbol, parameters, result, may_unwind) in cases {
        assert_eq!(symbol.signature(), Some(CSignature { parameters, result, may_unwind }), "{symbol:?}");
    }
    let data: Vec<_> = Symbol::ALL.into_iter().filter(|symbol| symbol.signature().is_none()).collect();
    assert!(!data.contains(&Symbol::Vectorcall) && data.contains(&Symbol::LongType), "{data:?}");
    assert_eq!(data.len(), 16, "{data:?}");
}

#[test]
fn constants_that_are_addresses_get_their_names() {
    let table = AddressTable::new(|symbol| {
        // Each address begins with the digits of the one before.
        NonZeroUsize::MIN.saturating_add(0x7000_0000 + 0x10 * symbol as usize)
    });
    let clif = "    v1 = iconst.i64 0x7000_0001\n    v2 = iconst.i64 0x7000_0011  ; noted\n    \
                v3 = iconst.i64 0x7000_0001_0000\n    v4 = iconst.i64 7\n    v5 = iadd v1, v4  ; v4 = 7\n";
    assert_eq!(
        table.annotate(clif),
        "    v1 = iconst.i64 0x7000_0001  ; PyLong_Type\n    v2 = iconst.i64 0x7000_0011  ; PyFloat_Type\n    \
         v3 = iconst.i64 0x7000_0001_0000\n    v4 = iconst.i64 7\n    v5 = iadd v1, v4  ; v4 = 7\n"
    );
}

/// The forwarder of a call of these C arguments, if the plan is one.
fn forwarder(signature: &str, ir: &str, frame: Frame) -> Option<Forwarder> {
    let plan = plan_of(ir, &callees(signature, CalleeTarget::Underlying), frame).expect("all of it is lowered");
    Forwarder::of(&plan)
}

fn hex(code: &[u8]) -> String {
    code.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_jump_counts_too() {
    let layout = Layout::of(11).expect("3.11 has a layout");
    let callees = callees("(object) -> object raises null", CalleeTarget::Underlying);
    let mut plan = plan_of(PASSES_ARGUMENT, &callees, METH_O).expect("all of it is lowered");
    plan.arms[0].counted = true;
    let counting = Forwarder::of(&plan).expect("it only moves");
    let addresses = AddressTable::symbolic();
    let count = "  movabsq $0x50028000, %rax\n  incq (%rax)\n";
    let jump = "  movq 0x38(%rdi), %rax\n  movq %rsi, %rdi\n  jmp *%rax\n";
    assert_eq!(counting.disassembly(&layout, &addresses), format!("{count}{jump}"));
    let code = "48 b8 00 80 02 50 00 00 00 00 48 ff 00 48 8b 87 38 00 00 00 48 89 f7 ff e0";
    assert_eq!(hex(&counting.encode(&layout, &addresses)), code);
}

const PASSES_ARGUMENT: &str = "v0:Object = LoadArg<0>\nv1:Object = CallCFunction<\"f\"> v0\nReturn v1";

#[test]
fn a_stub_that_passes_objects_on_is_a_jump() {
    let layout = Layout::of(11).expect("3.11 has a layout");
    let one = forwarder("(object) -> object raises null", PASSES_ARGUMENT, METH_O).expect("it only moves");
    assert_eq!(
        one.disassembly(&layout, &AddressTable::symbolic()),
        "  movq 0x38(%rdi), %rax\n  movq %rsi, %rdi\n  jmp *%rax\n"
    );
    // As the GNU assembler encodes the same, with 32 bits for the displacement.
    assert_eq!(hex(&one.encode(&layout, &AddressTable::symbolic())), "48 8b 87 38 00 00 00 48 89 f7 ff e0");

    let with_self = "v0:Object = LoadSelf\nv1:Object = LoadArg<0>\nv2:Object = CallCFunction<\"f\"> v0 v1\nReturn v2";
    let bound = forwarder("(self, object) -> object [no_python]", with_self, METH_O).expect("it only moves");
    assert_eq!(
        bound.disassembly(&layout, &AddressTable::symbolic()),
        "  movq 0x38(%rdi), %rax\n  movq 0x48(%rdi), %rdi\n  jmp *%rax\n"
    );
    assert_eq!(
        hex(&bound.encode(&layout, &AddressTable::symbolic())),
        "48 8b 87 38 00 00 00 48 8b bf 48 00 00 00 ff e0"
    );

    let thunk = CellSource::Thunk(CellRegister::Integer(5));
    let five = Frame { cell: thunk, ..frame(Convention::Objects { count: 5 }, Binding::Method) };
    let method = forwarder("(self, object) -> object [no_python]", with_self, five).expect("it only moves");
    assert_eq!(
        hex(&method.encode(&layout, &AddressTable::symbolic())),
        "49 8b 81 38 00 00 00 ff e0",
        "self and argument stay where they are"
    );
}

#[test]
fn a_stub_that_does_more_than_move_is_no_forwarder() {
    let none = |signature, ir, frame| assert_eq!(forwarder(signature, ir, frame), None, "{signature}");
    let object = "(object) -> object raises null";
    none("(object) -> object raises check", PASSES_ARGUMENT, METH_O);
    none(object, PASSES_ARGUMENT, frame(Convention::Vectorcall, Binding::Function));
    none(object, PASSES_ARGUMENT, frame(Convention::Method(MethodConvention::FastCall), Binding::Function));
    // Without parameters there is nothing to load, but the number of arguments has to be checked.
    for convention in [MethodConvention::FastCallKeywords, MethodConvention::Method, MethodConvention::VarArgs] {
        let frame = frame(Convention::Method(convention), Binding::Function);
        none("() -> object", "v0:Object = CallCFunction<\"f\">\nReturn v0", frame);
    }
    none(
        "(str) -> object",
        "v0:Object = LoadArg<0>\nv1:UnicodeExact = Guard<UnicodeExact> v0 fallback\nv2:Object = CallCFunction<\"f\"> v1\nReturn v2",
        METH_O,
    );
    none(
        "(context, object) -> object",
        "v0:CPtr = LoadContext\nv1:Object = LoadArg<0>\nv2:Object = CallCFunction<\"f\"> v0 v1\nReturn v2",
        METH_O,
    );
    none(
        "(object) -> void",
        "v0:Object = LoadArg<0>\nCallCFunction<\"f\"> v0\nv1:NoneType[\"None\"] = LoadConst\nReturn v1",
        METH_O,
    );
    // The object that the original is bound to could be dropped while its method runs.
    none(
        "(self, object) -> object",
        "v0:Object = LoadSelf\nv1:Object = LoadArg<0>\nv2:Object = CallCFunction<\"f\"> v0 v1\nReturn v2",
        METH_O,
    );
    // The argument would be overwritten before it is read.
    let swapped = "v0:Object = LoadArg<0>\nv1:Object = LoadArg<1>\nv2:Object = CallCFunction<\"f\"> v1 v0\nReturn v2";
    none("(object, object) -> object", swapped, frame(Convention::Objects { count: 2 }, Binding::Function));
}
