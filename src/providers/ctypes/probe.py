# Makes objects of ctypes that contain known pointers, for probe.rs to look for. Nothing here is called or read.
import _ctypes
from _ctypes import Array, CFuncPtr, Structure, Union, _Pointer, _SimpleCData, addressof, byref


class Int(_SimpleCData):
    _type_ = "i"


class Double(_SimpleCData):
    _type_ = "d"


class Text(_SimpleCData):
    _type_ = "z"


class Wide(_SimpleCData):
    _type_ = "Z"


class Void(_SimpleCData):
    _type_ = "P"


# No structures: from 3.14 on, ctypes imports a module for the first structure of a process.
Short = Int * 1
Long = Int * 100


class ToShort(_Pointer):
    _type_ = Short


class ToLong(_Pointer):
    _type_ = Long


class Checker:
    def __call__(self, *arguments):
        return None


class CheckedInt(Int):
    _check_retval_ = Checker()


class CheckedDouble(Double):
    _check_retval_ = Checker()


# Bits without a meaning for ctypes on both sides of those that have one; ctypes keeps all of them.
class One(CFuncPtr):
    _flags_ = 0x2A5A0001
    _argtypes_ = (Int,)
    _restype_ = CheckedInt


class Two(CFuncPtr):
    _flags_ = 0x15A50004
    _argtypes_ = (Double,)
    _restype_ = CheckedDouble


class Bare(CFuncPtr):
    _flags_ = 1


def function(address, argument, result):
    made = Bare(address)
    made.argtypes = (argument,)
    made.restype = result
    made.errcheck = Checker()
    return made


class Process:
    # RTLD_DEFAULT.
    _handle = 0


metatypes = [type(Int), type(ToShort), type(Array), type(CFuncPtr), type(Structure), type(Union)]
bases = [_SimpleCData.__base__, _SimpleCData, _Pointer, Array, CFuncPtr]
methods = [Int.from_param, ToShort.from_param, (Int * 2).from_param]
methods += [One.from_param, Text.from_param, Wide.from_param, Void.from_param]

data = [Int(1), Short(), Long(), (Int * 3)()]
data_addresses = [addressof(each) for each in data]

functions = [function(0x1234560, Int, CheckedInt), function(0x6543210, Double, CheckedDouble)]
function_addresses = [0x1234560, 0x6543210]
function_arguments = [Int, Double]
function_results = [CheckedInt, CheckedDouble]
function_checkers = [CheckedInt._check_retval_, CheckedDouble._check_retval_]
function_errchecks = [each.errcheck for each in functions]

paramflags = [((1, "first"),), ((1, "second"),)]
exported = [One(("Py_GetVersion", Process()), paramflags[0]), Two(("Py_GetVersion", Process()), paramflags[1])]
pointer_types = [ToShort, ToLong]
pointed_types = [Short, Long]
function_types = [One, Two]
function_flags = [One._flags_, Two._flags_]
references = [byref(data[2], 8), byref(data[3], 4)]
referred = [data[2], data[3]]
reference_addresses = [addressof(data[2]) + 8, addressof(data[3]) + 4]
parameters = [references[0], Int.from_param(3), Double.from_param(1.5)]
simple_types = [Int, Double, Int.__ctype_be__]
