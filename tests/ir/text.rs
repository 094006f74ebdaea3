//! The text form of IR, the type lattice, and the verifier.

use proptest::prelude::*;
use typedcall::cpython::{Collector, Layout};
use typedcall::ir::{
    BlockCall, Builder, Called, Callee, CalleeTarget, Callees, ConstClass, ConstObject, Failure, Function, Instruction,
    Spec, Type, ValueData, call_site,
};
use typedcall::metadata::{Kind, PythonType, Scalar, TypePlace};

fn ty(text: &str) -> Type {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn function(text: &str) -> Function {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The two listings of the design.
const LISTINGS: [&str; 2] = [
    "v6:UnicodeExact[\"hello,world\"] = LoadConst\n\
     v9:MethodDescr[\"str.upper\"] = LoadConst\n\
     v11:Object = VectorCallStatic<1> v9 v6\n\
     Return v11\n",
    "v6:UnicodeExact[\"hello,world\"] = LoadConst\n\
     v11:UnicodeExact = CallCFunction<\"str.upper\"> v6\n\
     Return v11\n",
];

#[test]
fn the_listings_of_the_design_print_as_they_are_read() {
    for listing in LISTINGS {
        let function = function(listing);
        assert_eq!(function.verify(), Ok(()));
        assert_eq!(function.to_string(), listing);
    }
}

#[test]
fn the_first_listing_becomes_the_second() {
    let signature = "(self: str) -> str raises null".parse().unwrap();
    let mut callees = Callees::new();
    callees.insert("str.upper", Callee { signature, target: CalleeTarget::Method });
    let mut function = function(LISTINGS[0]);
    assert_eq!(typedcall::ir::passes::run(&mut function, &callees), []);
    assert_eq!(function.to_string(), LISTINGS[1]);
}

#[test]
fn a_call_site_loads_the_receiver_of_a_method_only() {
    let method = Type::METHOD_DESCR.constant(ConstObject::symbolic("demo.C.m"));
    let text = "v0:MethodDescr[\"demo.C.m\"] = LoadConst\nv1:Object = LoadSelf\nv2:Object = LoadArg<0>\n\
                v3:Object = VectorCallStatic<2> v0 v1 v2\nReturn v3\n";
    assert_eq!(call_site(method, 1, &[]).to_string(), text);
    let function = Type::C_FUNCTION.constant(ConstObject::symbolic("demo.f"));
    let text = "v0:CFunction[\"demo.f\"] = LoadConst\nv1:Object = VectorCallStatic<0> v0\nReturn v1\n";
    assert_eq!(call_site(function, 0, &[]).to_string(), text);
}

#[test]
fn types_print_as_they_are_read() {
    for text in [
        "Top",
        "Bottom",
        "Object",
        "Object|Nullptr",
        "Long",
        "LongExact|Bool",
        "LongExact|NoneType",
        "Float|Unicode",
        "UnicodeExact[\"hello,world\"]",
        "UnicodeExact[\"\\\"\\\\\\n\\u{1b}ä\"]",
        "(LongExact|NoneType)[\"x\"]",
        "Object[class \"demo.Point\"]",
        "Object[class+ \"demo.Point\"]",
        "(Object|Nullptr)[class+ \"demo.Point\"]",
        "Nullptr|CStr",
        "CBuffer",
        "CInt64[3]",
        "CInt8[-128]",
        "CUInt64[18446744073709551615]",
        "CDouble[1.5]",
        "CDouble[-0.0]",
        "CDouble[inf]",
        "CDouble[nan]",
        "CDouble[nan:0x7ff0000000000001]",
        "CFloat[0.5]",
        "CBool[true]",
        "CPtr",
    ] {
        assert_eq!(ty(text).to_string(), text);
    }
}

#[test]
fn constants_that_a_type_lacks_are_errors() {
    for text in ["CInt8[300]", "Long[3]", "CFloat[0.1]", "CInt64[1.5]", "CBool[1]", "CInt64[\"x\"]", "Bottom[\"x\"]"] {
        assert!(text.parse::<Type>().is_err(), "{text}");
    }
}

#[test]
fn bool_is_a_long_but_not_an_exact_one() {
    assert!(Type::BOOL.is_subtype(&Type::LONG));
    assert!(!Type::BOOL.is_subtype(&Type::LONG_EXACT));
    assert!(!Type::BOOL.may_overlap(&Type::LONG_EXACT));
}

#[test]
fn kinds_and_scalars_have_types() {
    assert_eq!(Type::of_scalar(Scalar::Isize).scalar(), Some(Scalar::I64));
    assert_eq!(Type::OBJECT.scalar(), None);
    assert_eq!(Type::of_kind(&Kind::exact(PythonType::Int)), Type::LONG_EXACT);
    assert!(Type::of_kind(&Kind::Void).is_bottom());
}

#[test]
fn a_class_narrows_objects_and_says_nothing_of_null() {
    let (class, subclasses) = (ty("Object[class \"demo.Point\"]"), ty("Object[class+ \"demo.Point\"]"));
    assert!(class.is_subtype(&subclasses) && !subclasses.is_subtype(&class));
    assert!(class.is_subtype(&class.or_null()) && class.or_null().is_subtype(&subclasses.or_null()));
    assert!(!Type::OBJECT.or_null().is_subtype(&subclasses.or_null()));
    assert!(class.may_overlap(&ty("Object[class+ \"demo.Base\"]")));
    let placed = |place| {
        let class = ConstClass::new("demo.Point", Some(place));
        Type::OBJECT.specialized(Spec::Class(class)).unwrap()
    };
    let at = |address: usize| placed(TypePlace::Object(address.try_into().unwrap()));
    assert!(!at(16).may_overlap(&at(32)));
    // The types in two variables may be one class; the types in one variable are one class.
    let in_variable = |address: usize| placed(TypePlace::Variable(address.try_into().unwrap()));
    assert!(in_variable(16).may_overlap(&in_variable(32)) && in_variable(16).may_overlap(&at(16)));
    assert!(in_variable(16).is_subtype(&in_variable(16)) && !in_variable(16).is_subtype(&in_variable(32)));
    assert_eq!(at(16).or_null().intersection(&at(32).or_null()), Type::NULLPTR);
}

#[test]
fn null_takes_the_place_of_none() {
    for (before, after) in [
        ("UnicodeExact|NoneType", "UnicodeExact|Nullptr"),
        ("NoneType", "Nullptr"),
        ("LongExact", "LongExact"),
        ("Object", "Object|Nullptr"),
        ("Object[class \"demo.Point\"]", "(Object|Nullptr)[class \"demo.Point\"]"),
    ] {
        assert_eq!(ty(before).null_for_none().to_string(), after);
    }
}

#[test]
fn objects_are_the_same_by_address_or_by_label_never_by_both() {
    let at = |label: &str, address: usize| Type::OBJECT.constant(ConstObject::at(label, address.try_into().unwrap()));
    let symbolic = Type::OBJECT.constant(ConstObject::symbolic("a"));
    assert!(at("a", 16).is_subtype(&at("b", 16)));
    assert!(!at("a", 16).may_overlap(&at("a", 32)));
    assert!(!at("a", 16).is_subtype(&symbolic) && at("a", 16).may_overlap(&symbolic));
}

#[test]
fn values_decide_and_labels_do_not() {
    use typedcall::ir::ConstValue;
    assert_eq!(ConstObject::symbolic("True").value, ConstValue::Object);
    for (text, value) in [
        ("Bool[\"True\"]", ConstValue::Bool(true)),
        ("LongExact[\"-3\"]", ConstValue::Int(-3)),
        ("LongExact[\"+3\"]", ConstValue::Object),
        ("LongExact[\"9223372036854775808\"]", ConstValue::Object),
        ("Object[\"3\"]", ConstValue::Object),
        ("FloatExact[\"1e+300\"]", ConstValue::Float(1e300f64.to_bits())),
        ("FloatExact[\"-0.0\"]", ConstValue::Float((-0.0f64).to_bits())),
        ("UnicodeExact[\"3\"]", ConstValue::Text("3".into())),
        ("NoneType[\"None\"]", ConstValue::None),
    ] {
        assert_eq!(ty(text).const_object().unwrap().value, value, "{text}");
    }
}

#[test]
fn errors_point_at_line_and_column() {
    for (text, place) in [
        ("v0:Object = LoadConstant", "line 1, column 13: unknown instruction `LoadConstant`"),
        ("\n  v0:Objekt = LoadSelf", "line 2, column 6: unknown type `Objekt`"),
        ("v0:Object = LoadSelf\nReturn v1", "line 2, column 8: v1 is not defined"),
        ("v0:Object = LoadSelf\nv0:Object = LoadSelf", "line 2, column 1: v0 is defined a second time"),
        ("LoadSelf", "line 1, column 1: LoadSelf has a result, which needs a name"),
        ("v0:Object = Jump bb0", "line 1, column 1: Jump has no result"),
        ("Jump bb3", "line 1, column 6: there is no bb3"),
        ("v0:Object = LoadSelf v1", "line 1, column 22: expected the end of the line"),
        ("v0:Object = VectorCall<2> v1 v2", "line 1, column 24: the count is 2, but 1 arguments"),
        ("v9999999:Object = LoadSelf", "line 1, column 1: numbers end at 1048576"),
        ("bb0:\nbb0:", "line 2, column 1: bb0 is here a second time"),
        ("bb0(v0:Object", "line 1, column 14: expected a value"),
        ("v0:Object = LoadArg<70000>", "line 1, column 21: expected a number"),
    ] {
        let error = text.parse::<Function>().expect_err(text).to_string();
        assert!(error.starts_with(place), "{text}\n{error}");
    }
}

#[test]
fn the_verifier_names_the_value_and_the_instruction() {
    let callees = {
        let mut callees = Callees::new();
        let signature = "(i64) -> i64".parse().unwrap();
        callees.insert("f", Callee { signature, target: CalleeTarget::Underlying });
        callees
    };
    for (text, reason) in [
        ("", "a function needs a block"),
        ("v0:Object = LoadSelf", "`v0:Object = LoadSelf`: the last instruction does not end the block"),
        ("v1:Object = LoadSelf\nReturn v1\nReturn v1", "`Return v1`: ends the block early"),
        ("v1:Object = Guard<Object> v2\nv2:Object = LoadSelf\nReturn v1", "v2 is used where it may not be defined"),
        ("v1:Object = Guard<Object> v1\nReturn v1", "v1 is used where it may not be defined"),
        ("v0:Object = LoadConst\nReturn v0", "v0 is declared Object, not one constant"),
        ("v0:CInt64 = LoadSelf\nReturn v0", "v0 is declared CInt64, not an object"),
        ("v0:Object = LoadSelf\nv1:CInt64 = Unbox<CInt64> v0 fallback\nReturn v0", "v0 is Object, not LongExact"),
        (
            "v0:Object = LoadSelf\nv1:CPtr = Unbox<CPtr> v0 fallback\nReturn v0",
            "CPtr is no type of C values that objects hold",
        ),
        ("v0:UnicodeExact = LoadSelf\nv1:CBuffer = Unbox<CBuffer> v0 fallback\nReturn v0", "v0 is UnicodeExact, not"),
        ("v0:CStr = LoadContext\nReturn v0", "not CPtr"),
        ("v0:Object = LoadSelf\nv1:LongExact|Nullptr = NullIfNone v0\nReturn v0", "not Object|Nullptr"),
        ("v0:Object = LoadSelf\nv1:Object|Nullptr = NullIfNone v0\nReturn v1", "v1 is Object|Nullptr, not Object"),
        ("v0:Object = LoadSelf\nv1:Object = Guard<CStr> v0 fallback\nReturn v0", "CStr can't be looked for"),
        ("v0:CInt64[3] = LoadConst\nReturn v0", "v0 is CInt64[3], not Object"),
        ("v0:Object = LoadSelf\nv1:LongExact = Box v0\nReturn v0", "v0 is no C value that an object holds"),
        ("v0:Object = LoadSelf\nv1:Object = VectorCallStatic<0> v0\nReturn v1", "v0 is not one known object"),
        ("v0:Object = LoadSelf\nv1:Object = CallCFunction<\"g\">\nReturn v0", "nothing is known about g"),
        ("v0:Object = LoadSelf\nv1:CInt64 = CallCFunction<\"f\">\nReturn v0", "f takes 1 values, not 0"),
        ("v0:CInt64[3] = LoadConst\nCallCFunction<\"f\"> v0\nReturn v0", "f returns CInt64, which needs a name"),
        ("bb0:\n  Jump bb1\nbb1(v0:Object):\n  Return v0", "bb1 takes 1 values, not 0"),
        ("bb0:\n  Jump bb0", "jumps to the entry"),
        ("bb0:\nbb1:\n", "bb0: ``: has no instructions"),
        (
            "bb0:\n v0:CBool[true] = LoadConst\n Branch v0 bb1 bb2\nbb1:\n v1:Object = LoadSelf\n Jump bb2\n\
             bb2:\n Return v1",
            "v1 is used where it may not be defined",
        ),
    ] {
        let error = function(text).verify_calls(&callees).expect_err(text).to_string();
        assert!(error.contains(reason), "{text}\n{error}");
    }
}

#[test]
fn values_reach_blocks_after_both_branches_and_loops() {
    let text = "bb0:\n  v0:CBool[true] = LoadConst\n  v1:Object = LoadSelf\n  Jump bb1(v1)\n\
                bb1(v2:Object):\n  Branch v0 bb1(v2) bb4\n\
                bb4:\n  Return v2\n";
    let function = function(text);
    assert_eq!(function.verify(), Ok(()));
    assert_eq!(function.to_string(), text);
}

fn types() -> impl Strategy<Value = Type> {
    let leaves = [
        "LongExact",
        "Long",
        "Bool",
        "NoneType",
        "UnicodeExact",
        "Object",
        "CInt64",
        "CDouble",
        "CPtr",
        "CStr",
        "Nullptr",
        "Top",
    ];
    let leaf = prop::sample::select(leaves.map(ty).to_vec());
    prop_oneof![
        4 => prop::collection::vec(leaf.clone(), 1..4)
            .prop_map(|parts| parts.iter().fold(Type::BOTTOM, |all, part| all.union(part))),
        2 => (leaf, ".{0,3}").prop_map(|(leaf, label)| leaf.constant(ConstObject::read(&leaf, label))),
        1 => any::<i64>().prop_map(|number| Type::C_INT64.specialized(Spec::Int(number.into())).unwrap()),
        1 => any::<u64>().prop_map(|bits| Type::C_DOUBLE.specialized(Spec::Double(bits)).unwrap()),
        1 => any::<bool>().prop_map(|truth| Type::C_BOOL.specialized(Spec::Bool(truth)).unwrap()),
        2 => ("[a-b]\\.[A-B]", any::<[bool; 2]>()).prop_map(|(name, [subclasses, null])| {
            let class = ConstClass::new(name, None);
            let spec = if subclasses { Spec::Instance(class) } else { Spec::Class(class) };
            let objects = Type::OBJECT.specialized(spec).unwrap();
            if null { objects.or_null() } else { objects }
        }),
    ]
}

/// Any function that is well-formed as text. Most are wrong for the verifier, which must not panic on them.
fn functions() -> impl Strategy<Value = Function> {
    let step = (0..16_u8, types(), any::<u16>(), any::<[prop::sample::Index; 3]>(), ".{0,4}", 0..3_u32);
    (prop::collection::vec(step, 0..25), 1..4_usize).prop_map(|(steps, blocks)| {
        let mut builder = Builder::new();
        let mut all = vec![builder.block()];
        all.extend((1..blocks).map(|_| builder.create_block()));
        let mut values = vec![builder.load_arg(0)];
        for (position, &block) in all.iter().enumerate() {
            builder.switch_to(block);
            if position > 0 {
                values.push(builder.param(block, Type::OBJECT));
            }
            for (choice, ty, index, picks, name, _) in steps.iter().skip(position).step_by(blocks) {
                let failure = [Failure::Never, Failure::Fallback, Failure::Exit][usize::from(*index % 3)];
                let [a, b, c] = picks.map(|pick| values[pick.index(values.len())]);
                let target =
                    |pick: prop::sample::Index| BlockCall { block: all[pick.index(all.len())], args: vec![a, b] };
                let instruction = match choice {
                    0 => Instruction::LoadConst,
                    1 => Instruction::LoadArg { index: *index },
                    2 => Instruction::LoadSelf,
                    3 => Instruction::LoadContext,
                    4 => Instruction::VectorCall {
                        callable: a,
                        args: vec![b, c],
                        keywords: vec!["base".into(), "a \"b\" ".into()],
                    },
                    5 => Instruction::VectorCallStatic { callable: a, args: vec![], keywords: vec![] },
                    6 | 7 => Instruction::CallCFunction { callee: Called::read(name.as_str()), args: vec![a, b] },
                    8 => Instruction::Guard { ty: ty.clone(), value: a, failure },
                    9 => Instruction::Unbox { ctype: ty.clone(), value: a, failure },
                    10 => Instruction::Box { value: a },
                    11 => Instruction::NullIfNone { value: a },
                    12 => Instruction::Incref { value: a },
                    13 => Instruction::Jump { target: target(picks[0]) },
                    14 => {
                        let (then, otherwise) = (target(picks[1]), BlockCall { block, args: vec![] });
                        Instruction::Branch { condition: a, then, otherwise }
                    }
                    _ => Instruction::Return { value: a },
                };
                if matches!(choice, 0..=5 | 7..=11) {
                    values.push(builder.emit(instruction, ty.clone()));
                } else {
                    builder.emit_void(instruction);
                }
            }
        }
        // A gap in the numbering, as passes leave them: the text of later values must keep its numbers.
        let mut function = builder.finish();
        let last = values.len() as u32 + steps.first().map_or(0, |step| step.5);
        while (function.values.len() as u32) < last {
            function.values.push(ValueData::unused());
        }
        let block = all[all.len() - 1];
        function.add_param(block, Type::OBJECT);
        function
    })
}

proptest! {
    #[test]
    fn what_prints_parses_to_the_same(function in functions()) {
        let text = function.to_string();
        let parsed: Function = text.parse().map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(&parsed.to_string(), &text);
        prop_assert_eq!(parsed, function);
    }

    #[test]
    fn the_verifier_never_panics(function in functions()) {
        if let Err(error) = function.verify() {
            error.to_string();
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = text.parse::<Function>().map_err(|error| error.to_string());
        let _ = text.parse::<Type>().map_err(|error| error.to_string());
    }

    #[test]
    fn types_survive_their_text(ty in types()) {
        prop_assert_eq!(ty.to_string().parse::<Type>().unwrap(), ty);
    }

    /// A third type stands for "some values": values that are certainly in the operands must be in the result.
    #[test]
    fn what_is_computed_is_never_narrower_than_the_truth(a in types(), b in types(), c in types()) {
        prop_assert!(a.is_subtype(&a.union(&b)) && b.is_subtype(&a.union(&b)), "union {}", a.union(&b));
        let both = a.intersection(&b);
        if c.is_subtype(&a) && c.is_subtype(&b) {
            prop_assert!(c.is_subtype(&both) || c.is_bottom(), "{c} in {a} and {b}, not in {both}");
        }
        let rest = a.without(&b);
        prop_assert!(rest.is_subtype(&a));
        prop_assert!(a.is_subtype(&rest.union(&b)) || !a.without(&rest.union(&b)).is_bottom());
        if c.is_subtype(&a) && !c.may_overlap(&b) {
            prop_assert!(c.is_subtype(&rest), "{c} in {a} without {b}, not in {rest}");
        }
        if a.is_subtype(&b) && b.is_subtype(&c) {
            prop_assert!(a.is_subtype(&c));
        }
    }
}

const BODY: &str = r#"bb0:
  v0:Object = LoadArg<0>
  v1:Object = LoadArg<1>
  v2:Object = LoadGlobal<"print"> at 2(v0 v1 _)
  Assume<module "math" "sqrt" "math.sqrt"> at 3(v0 v1 _ | v2)
  v3:Object = LoadMethod<"up\"per"> v0 at 3(v0 v1 _ | v2)
  v4:Object|Nullptr = MethodSelf v3
  v5:Object = CallMethod<2, "base"> v3 v4 v0 v1 at 4(v0 v1 _ | v2 v3 v4) error 4(v0 v1 _ | v2) releases v3 v2
  Jump bb1
bb1:
  v6:Object = BinaryOp<"**"> v0 v5 at 5(v0 v1 UnicodeExact["x"])
  v7:CBool = IsTrue v6
  v8:Object = Guard<FloatExact> v6 exit at 5(v0 v1 _)
  v9:CDouble = Unbox<CDouble> v1 at 5(v0 v1 _)
  v10:CDouble = Arithmetic<"/"> v9 v9 at 5(v0 v1 v9)
  v11:CBool = CompareNumbers<"<="> v9 v10
  v12:Nullptr = LoadConst
  Branch v7 bb3 bb4
bb3:
  Exit at 9(v0)
bb4:
  Return v6
"#;

/// The alternate form has the states; without them the same instructions are printed.
#[test]
fn states_survive_the_round_trip() {
    let text = BODY.replace("v9:CDouble = Unbox<CDouble> v1", "v9:CDouble = Unbox<CDouble> v8");
    let text = text.replace("v8:Object", "v8:FloatExact");
    let function: Function = text.parse().unwrap_or_else(|error| panic!("{error}"));
    function.verify().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(format!("{function:#}"), text);
    let plain = function.to_string();
    assert!(plain.contains("CallMethod<2, \"base\"> v3 v4 v0 v1\n"), "{plain}");
    assert!(!plain.contains(" at ") && !plain.contains(" error ") && !plain.contains(" releases "), "{plain}");
}

#[test]
fn the_verifier_looks_at_states() {
    for (from, to, reason) in [
        ("Exit at 9(v0)", "Exit", "has no frame state to leave with"),
        ("v6 exit at 5(v0 v1 _)", "v6 exit", "has no frame state to leave with"),
        ("v6 exit at 5(v0 v1 _)", "v6 fallback", ""),
        ("v6 exit at 5(v0 v1 _)", "v6", "may fail, and does not say whether that is a `fallback` or an `exit`"),
        ("at 9(v0)", "at 9(v8)", ""),
        ("at 2(v0 v1 _)", "at 2(v0 v6 _)", "v6 is used where it may not be defined yet"),
        ("releases v3 v2", "releases v3 v5", "v5 is used where it may not be defined yet"),
        ("error 4(v0 v1 _ | v2)", "error 4(v0 v1 v5)", "v5 is used where it may not be defined yet"),
        (
            "v11:CBool = CompareNumbers<\"<=\"> v9 v10",
            "v11:CBool = CompareNumbers<\"<=\"> v9 v10 error 5()",
            "never raises",
        ),
        ("MethodSelf v3", "MethodSelf v2", "v2 is not what an operation found as a method"),
        ("<\"/\"> v9 v9", "<\"/\"> v9 v7", "v9 and v7 are not both CInt64 or CDouble"),
    ] {
        let text = BODY.replace("Unbox<CDouble> v1", "Unbox<CDouble> v8").replace("v8:Object", "v8:FloatExact");
        assert!(text.contains(from), "{from}");
        let function: Function = text.replace(from, to).parse().unwrap_or_else(|error| panic!("{error}"));
        match function.verify() {
            Ok(()) => assert!(reason.is_empty(), "{to} passes"),
            Err(error) => assert!(!reason.is_empty() && error.to_string().contains(reason), "{to}: {error}"),
        }
    }
}

/// Reads, writes and started work of an instruction are separate, and types and promises reduce them.
#[test]
fn effects_are_sets_that_types_and_promises_narrow() {
    use typedcall::ir::{EffectSet, Heap};
    let mut callees = Callees::new();
    let mut insert = |name: &str, signature: &str| {
        let signature = signature.parse().unwrap_or_else(|error| panic!("{error}"));
        callees.insert(name, Callee { signature, target: CalleeTarget::Underlying });
    };
    insert("demo.pure", "(i64) -> i64 raises minus_one [no_python, pure]");
    insert("demo.writes", "(i64) -> i64 [no_python]");
    insert("demo.frees", "(i64) -> i64 [no_python, nogil]");
    let of = |line: &str| {
        let text = format!(
            "v0:ListExact = LoadArg<0>\nv1:LongExact = LoadArg<1>\nv2:Object = LoadArg<2>\nv3:CInt64 = Unbox<CInt64> v1\n{line}\n"
        );
        let function: Function = text.parse().unwrap_or_else(|error| panic!("{error}"));
        let inst = function.instructions().last().expect("there are instructions").1;
        function.effects(&callees, inst)
    };
    let on_3_11 = Collector::of(11);
    let list_item = of("v4:Object = GetItem v0 v1");
    assert!(list_item.reads.overlaps(Heap::LISTS) && list_item.writes.is_empty() && list_item.raises);
    assert!(!list_item.may_run_python(on_3_11) && !list_item.is_pure());
    assert_eq!(of("v4:Object = GetItem v2 v1"), EffectSet::PYTHON);
    let append = of("ListAppend v0 v2");
    assert!(
        append.writes.overlaps(Heap::LISTS)
            && !append.writes.overlaps(Heap::GLOBALS)
            && !append.may_run_python(on_3_11)
    );
    let truth = of("v4:CBool = IsTrue v0");
    assert!(truth.is_pure() && truth.reads.overlaps(Heap::LISTS) && !truth.is_noticed());
    let tuple = of("v4:TupleExact = BuildTuple<1> v2");
    assert!(tuple.collects && !tuple.runs_python && tuple.writes.is_empty());
    // Only 3.11 collects garbage where a container is made.
    for minor in Layout::MINORS {
        assert_eq!(tuple.may_run_python(Collector::of(minor)), minor == 11, "3.{minor}");
        assert!(EffectSet::PYTHON.may_run_python(Collector::of(minor)), "3.{minor}");
    }
    let pure = of("v4:CInt64 = CallCFunction<\"demo.pure\"> v3");
    assert!(pure.is_pure() && pure.raises && pure.reads.is_empty() && pure.writes.is_empty());
    let writes = of("v4:CInt64 = CallCFunction<\"demo.writes\"> v3");
    assert!(!writes.is_pure() && !writes.raises && !writes.may_run_python(on_3_11) && writes.writes == Heap::ALL);
    assert!(of("v4:CInt64 = CallCFunction<\"demo.frees\"> v3").runs_python);
    assert!(of("Decref v2").runs_python && !of("Decref v2").raises && !of("Decref v1").may_run_python(on_3_11));
}

/// The value of a constant says which callee it is: another object may have the same label.
#[test]
fn an_object_that_is_labelled_like_a_callee_is_none() {
    use typedcall::ir::{ConstValue, call_site, passes};
    let mut callees = Callees::new();
    let signature = "(object) -> object raises null".parse().expect("a signature");
    let known = callees.insert("demo.f", Callee { signature, target: CalleeTarget::Underlying });
    let called = |value: ConstValue| {
        let object = ConstObject::at("demo.f", 4096.try_into().expect("no null")).with_value(value);
        let mut function = call_site(Type::C_FUNCTION.constant(object), 1, &[]);
        let left_alone = passes::run(&mut function, &callees);
        (function.to_string().contains("CallCFunction<\"demo.f\">"), left_alone.len())
    };
    assert_eq!(called(ConstValue::Callee(known)), (true, 0));
    assert_eq!(called(ConstValue::Object), (false, 1));
}
