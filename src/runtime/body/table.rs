//! The addresses of the functions that operations call.

use std::num::NonZeroUsize;

use super::{exit, operation, recheck};
use crate::cpython::addresses::address_of;
use crate::lower::body::RuntimeFunction;

macro_rules! addresses {
    (cpython { $($variant:ident)* } here { $($own:ident $path:path;)* }) => {
        /// The address of a function.
        pub fn address(function: RuntimeFunction) -> NonZeroUsize {
            let address = match function {
                $(RuntimeFunction::$variant => address_of(function.name()),)*
                $(RuntimeFunction::$own => NonZeroUsize::new($path as *const () as usize),)*
            };
            address.expect("each function is declared under its name, and functions have addresses")
        }
    };
}

addresses! {
    cpython {
        Add
        And
        FloorDivide
        LeftShift
        MatrixMultiply
        Multiply
        Remainder
        Or
        Power
        RightShift
        Subtract
        TrueDivide
        Xor
        InPlaceAdd
        InPlaceAnd
        InPlaceFloorDivide
        InPlaceLeftShift
        InPlaceMatrixMultiply
        InPlaceMultiply
        InPlaceRemainder
        InPlaceOr
        InPlacePower
        InPlaceRightShift
        InPlaceSubtract
        InPlaceTrueDivide
        InPlaceXor
        Negative
        Positive
        Invert
        RichCompare
        IsTrue
        Contains
        GetItem
        SetItem
        DelItem
        GetAttr
        SetAttr
        NewSlice
        Str
        Repr
        Ascii
        GetIter
        ListAppend
        SetAdd
        DictSetItem
        NewCell
        StoreCell
        ListToTuple
        Format
        ThreadState
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
        Holds recheck::assumption_holds;
        DictHolds recheck::dict_holds;
        Leave exit::leave;
        GoOn exit::go_on;
        LeaveRaised exit::leave_raised;
        LeaveRaisedAgain exit::leave_raised_again;
        GoOnRaised exit::go_on_raised;
        AddTraceback exit::add_traceback;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_has_an_address_of_its_own() {
        let addresses: std::collections::BTreeSet<_> =
            RuntimeFunction::ALL.iter().map(|known| address(*known)).collect();
        assert_eq!(addresses.len(), RuntimeFunction::ALL.len());
    }
}
