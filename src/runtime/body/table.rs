//! The addresses of the functions that operations call.

use std::num::NonZeroUsize;

use super::{assumption, exit, operation};
use crate::lower::body::RuntimeFunction;

macro_rules! addresses {
    (cpython { $($variant:ident $name:ident)* } here { $($own:ident $path:path;)* }) => {
        // Declared here because pyo3-ffi has some of them as Rust functions, which have no C address.
        #[allow(clashing_extern_declarations, reason = "only the addresses are wanted")]
        unsafe extern "C-unwind" {
            $(fn $name();)*
        }

        /// The address of a function.
        pub fn address(function: RuntimeFunction) -> NonZeroUsize {
            let address = match function {
                $(RuntimeFunction::$variant => $name as *const () as usize,)*
                $(RuntimeFunction::$own => $path as *const () as usize,)*
            };
            NonZeroUsize::new(address).expect("functions have addresses")
        }
    };
}

addresses! {
    cpython {
        Add PyNumber_Add
        And PyNumber_And
        FloorDivide PyNumber_FloorDivide
        LeftShift PyNumber_Lshift
        MatrixMultiply PyNumber_MatrixMultiply
        Multiply PyNumber_Multiply
        Remainder PyNumber_Remainder
        Or PyNumber_Or
        Power PyNumber_Power
        RightShift PyNumber_Rshift
        Subtract PyNumber_Subtract
        TrueDivide PyNumber_TrueDivide
        Xor PyNumber_Xor
        InPlaceAdd PyNumber_InPlaceAdd
        InPlaceAnd PyNumber_InPlaceAnd
        InPlaceFloorDivide PyNumber_InPlaceFloorDivide
        InPlaceLeftShift PyNumber_InPlaceLshift
        InPlaceMatrixMultiply PyNumber_InPlaceMatrixMultiply
        InPlaceMultiply PyNumber_InPlaceMultiply
        InPlaceRemainder PyNumber_InPlaceRemainder
        InPlaceOr PyNumber_InPlaceOr
        InPlacePower PyNumber_InPlacePower
        InPlaceRightShift PyNumber_InPlaceRshift
        InPlaceSubtract PyNumber_InPlaceSubtract
        InPlaceTrueDivide PyNumber_InPlaceTrueDivide
        InPlaceXor PyNumber_InPlaceXor
        Negative PyNumber_Negative
        Positive PyNumber_Positive
        Invert PyNumber_Invert
        RichCompare PyObject_RichCompare
        IsTrue PyObject_IsTrue
        Contains PySequence_Contains
        GetItem PyObject_GetItem
        SetItem PyObject_SetItem
        DelItem PyObject_DelItem
        GetAttr PyObject_GetAttr
        SetAttr PyObject_SetAttr
        NewSlice PySlice_New
        Str PyObject_Str
        Repr PyObject_Repr
        Ascii PyObject_ASCII
        GetIter PyObject_GetIter
        ListAppend PyList_Append
        SetAdd PySet_Add
        DictSetItem PyDict_SetItem
        NewCell PyCell_New
        StoreCell PyCell_Set
        ListToTuple PyList_AsTuple
        Format PyObject_Format
        ThreadState PyThreadState_Get
    }
    here {
        LoadMethod operation::load_method;
        LoadGlobal operation::load_global;
        LoadClosureCell operation::load_closure_cell;
        LoadCell operation::load_cell;
        FormatSimple operation::format_simple;
        TupleItem operation::tuple_item;
        IterNext operation::iter_next;
        FloatFloorDivide operation::float_floor_divide;
        FloatRemainder operation::float_remainder;
        BuildTuple operation::build_tuple;
        BuildList operation::build_list;
        LoadSuperAttr operation::load_super_attr;
        LoadSpecial operation::load_special;
        StoreGlobal operation::store_global;
        DeleteGlobal operation::delete_global;
        LoadBuildClass operation::load_build_class;
        UnboundLocal operation::unbound_local;
        BuildSet operation::build_set;
        BuildMap operation::build_map;
        BuildConstKeyMap operation::build_const_key_map;
        BuildString operation::build_string;
        ListExtend operation::list_extend;
        SetUpdate operation::set_update;
        DictUpdate operation::dict_update;
        DictMerge operation::dict_merge;
        BuildTemplate operation::build_template;
        BuildInterpolation operation::build_interpolation;
        CallUnpacked operation::call_unpacked;
        MakeFunction operation::make_function;
        SetFunctionAttribute operation::set_function_attribute;
        UnpackSequence operation::unpack_sequence;
        UnpackEx operation::unpack_ex;
        Raise operation::raise;
        RaiseHandled operation::raise_handled;
        BeforeWith operation::before_with;
        GetLen operation::get_len;
        MatchMapping operation::match_mapping;
        MatchSequence operation::match_sequence;
        MatchKeys operation::match_keys;
        MatchClass operation::match_class;
        ImportName operation::import_name;
        ImportFrom operation::import_from;
        Intrinsic1 operation::intrinsic1;
        Intrinsic2 operation::intrinsic2;
        Poll operation::poll;
        Holds assumption::assumption_holds;
        DictHolds assumption::dict_holds;
        Leave exit::leave;
        GoOn exit::go_on;
        LeaveRaised exit::leave_raised;
        LeaveRaisedAgain exit::leave_raised_again;
        GoOnRaised exit::go_on_raised;
        AddTraceback exit::add_traceback;
    }
}
