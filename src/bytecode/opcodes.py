"""Prints what the decoder asks of an interpreter: its opcodes with their cache entries, and the tables that operands index."""
import opcode, sys

caches = getattr(opcode, "_inline_cache_entries", ())
if not hasattr(caches, "get"):
    caches = {opcode.opname[number]: count for number, count in enumerate(caches)}
text = ["version %d.%d" % sys.version_info[:2]]
for name, number in sorted(opcode.opmap.items(), key=lambda item: item[1]):
    if number < 256 and not name.startswith("INSTRUMENTED_"):
        text.append("opcode %d %s %d" % (number, name, caches.get(name, 0)))
for name, symbol in opcode._nb_ops:
    text.append("binary %s %s" % (name, symbol))
for arity in 1, 2:
    for name in getattr(opcode, "_intrinsic_%d_descs" % arity, ()):
        text.append("intrinsic%d %s" % (arity, name))
for name in getattr(opcode, "_special_method_names", ()):
    text.append("special %s" % name)
for constant in getattr(opcode, "_common_constants", ()):
    text.append("constant %s" % (getattr(constant, "__name__", None) or repr(constant)))
text = "\n".join(text) + "\n"
