//! The functions that operations call: CPython's own, and the runtime's.

macro_rules! runtime_functions {
    ($($variant:ident $name:literal)*) => {
        /// A C function that compiled code calls for an operation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "each is the C name that `RuntimeFunction::name` gives")]
        pub enum RuntimeFunction {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl RuntimeFunction {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name for a linker; the names of the runtime's functions begin with `typedcall_`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

runtime_functions! {
    Add "PyNumber_Add"
    And "PyNumber_And"
    FloorDivide "PyNumber_FloorDivide"
    LeftShift "PyNumber_Lshift"
    MatrixMultiply "PyNumber_MatrixMultiply"
    Multiply "PyNumber_Multiply"
    Remainder "PyNumber_Remainder"
    Or "PyNumber_Or"
    Power "PyNumber_Power"
    RightShift "PyNumber_Rshift"
    Subtract "PyNumber_Subtract"
    TrueDivide "PyNumber_TrueDivide"
    Xor "PyNumber_Xor"
    InPlaceAdd "PyNumber_InPlaceAdd"
    InPlaceAnd "PyNumber_InPlaceAnd"
    InPlaceFloorDivide "PyNumber_InPlaceFloorDivide"
    InPlaceLeftShift "PyNumber_InPlaceLshift"
    InPlaceMatrixMultiply "PyNumber_InPlaceMatrixMultiply"
    InPlaceMultiply "PyNumber_InPlaceMultiply"
    InPlaceRemainder "PyNumber_InPlaceRemainder"
    InPlaceOr "PyNumber_InPlaceOr"
    InPlacePower "PyNumber_InPlacePower"
    InPlaceRightShift "PyNumber_InPlaceRshift"
    InPlaceSubtract "PyNumber_InPlaceSubtract"
    InPlaceTrueDivide "PyNumber_InPlaceTrueDivide"
    InPlaceXor "PyNumber_InPlaceXor"
    Negative "PyNumber_Negative"
    Positive "PyNumber_Positive"
    Invert "PyNumber_Invert"
    RichCompare "PyObject_RichCompare"
    IsTrue "PyObject_IsTrue"
    Contains "PySequence_Contains"
    GetItem "PyObject_GetItem"
    SetItem "PyObject_SetItem"
    DelItem "PyObject_DelItem"
    GetAttr "PyObject_GetAttr"
    SetAttr "PyObject_SetAttr"
    NewSlice "PySlice_New"
    Str "PyObject_Str"
    Repr "PyObject_Repr"
    Ascii "PyObject_ASCII"
    Format "PyObject_Format"
    GetIter "PyObject_GetIter"
    ListAppend "PyList_Append"
    SetAdd "PySet_Add"
    DictSetItem "PyDict_SetItem"
    NewCell "PyCell_New"
    StoreCell "PyCell_Set"
    LoadMethod "typedcall_load_method"
    LoadGlobal "typedcall_load_global"
    LoadClosureCell "typedcall_load_closure_cell"
    LoadCell "typedcall_load_cell"
    ListToTuple "PyList_AsTuple"
    FormatSimple "typedcall_format_simple"
    TupleItem "typedcall_tuple_item"
    IterNext "typedcall_iter_next"
    FloatFloorDivide "typedcall_float_floor_divide"
    FloatRemainder "typedcall_float_remainder"
    BuildTuple "typedcall_build_tuple"
    BuildList "typedcall_build_list"
    LoadSuperAttr "typedcall_load_super_attr"
    LoadSpecial "typedcall_load_special"
    StoreGlobal "typedcall_store_global"
    DeleteGlobal "typedcall_delete_global"
    LoadBuildClass "typedcall_load_build_class"
    UnboundLocal "typedcall_unbound_local"
    BuildSet "typedcall_build_set"
    BuildMap "typedcall_build_map"
    BuildConstKeyMap "typedcall_build_const_key_map"
    BuildString "typedcall_build_string"
    ListExtend "typedcall_list_extend"
    SetUpdate "typedcall_set_update"
    DictUpdate "typedcall_dict_update"
    DictMerge "typedcall_dict_merge"
    BuildTemplate "typedcall_build_template"
    BuildInterpolation "typedcall_build_interpolation"
    CallUnpacked "typedcall_call_unpacked"
    MakeFunction "typedcall_make_function"
    SetFunctionAttribute "typedcall_set_function_attribute"
    UnpackSequence "typedcall_unpack_sequence"
    UnpackEx "typedcall_unpack_ex"
    Raise "typedcall_raise"
    RaiseHandled "typedcall_raise_handled"
    BeforeWith "typedcall_before_with"
    GetLen "typedcall_get_len"
    MatchMapping "typedcall_match_mapping"
    MatchSequence "typedcall_match_sequence"
    MatchKeys "typedcall_match_keys"
    MatchClass "typedcall_match_class"
    ImportName "typedcall_import_name"
    ImportFrom "typedcall_import_from"
    Intrinsic1 "typedcall_intrinsic1"
    Intrinsic2 "typedcall_intrinsic2"
    Poll "typedcall_poll"
    ThreadState "PyThreadState_Get"
    Holds "typedcall_assumption_holds"
    DictHolds "typedcall_dict_holds"
    Leave "typedcall_leave"
    GoOn "typedcall_go_on"
    LeaveRaised "typedcall_leave_raised"
    LeaveRaisedAgain "typedcall_leave_raised_again"
    GoOnRaised "typedcall_go_on_raised"
    AddTraceback "typedcall_add_traceback"
}
