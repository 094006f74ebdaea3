"""Explanations of Python functions, line by line."""

from typedcall import _functions, _native, _reasons
from typedcall._explain import Explanation
from typedcall._native import Error


class FunctionExplanation(Explanation):
    """How a Python function runs, or why CPython runs it. Its `str` is all of it but the code.

    The counts are those of the function since it was specialized. Lines, IR and code are what compiling it now gives.
    """

    def __init__(self, callable):
        """Explains a Python function, or what holds one: a method, a static or a class method."""
        self._function = _functions.function_of(callable)
        self._state = _native.function_state(self._function) or {}
        try:
            self._described = _native.describe_function(self._function)
        except Error as error:
            self._described = {"why_not": str(error)}
        #: Why it is not compiled; None if it is, or can be.
        self.why_not = _reasons.DISABLED if _native.disabled else _functions.why_not(self._function)
        self.why_not = self.why_not or self._state.get("left") or self._described["why_not"]
        #: Always False: a specialized function is no stub.
        self.is_stub = False
        #: The function's qualified name.
        self.name = _reasons.name_of(self._function)

    @property
    def state(self):
        """`compiled`; `waiting` for its next call, which compiles it; `left` to CPython; or `not specialized`."""
        if not self._state:
            return "not specialized"
        if self._state["left"] is not None:
            return "left"
        return "compiled" if self._state["compiled"] else "waiting"

    @property
    def signature(self):
        """None: a Python function has no C signature."""
        return None

    @property
    def calls(self):
        """The number of calls that ran compiled code."""
        return self._state.get("calls", 0)

    @property
    def original_calls(self):
        """The number of calls that CPython ran since the function was specialized."""
        return self._state.get("original_calls", 0)

    @property
    def versions(self):
        """The number of versions of its code."""
        return self._state.get("versions", 0)

    @property
    def code_bytes(self):
        """Bytes of machine code."""
        return self._state.get("code_bytes", 0)

    @property
    def exits(self):
        """The places where the code may be left: a list of (line, instruction, reason, how often it was)."""
        return self._state.get("exits") or self._described.get("exits", [])

    @property
    def notes(self):
        """What is direct and what is not: a list of (line, whether it is specialized, text)."""
        return self._described.get("notes", [])

    @property
    def source(self):
        """The lines of the source: a list of (line, text)."""
        return self._described.get("source", [])

    @property
    def bytecode(self):
        """The decoded bytecode."""
        return self._described.get("bytecode")

    @property
    def clif(self):
        """The code generator's input."""
        return self._described.get("clif")

    @property
    def asm(self):
        """The code generator's listing of the machine code."""
        return self._described.get("asm")

    def __str__(self):
        """All of it but the code."""
        lines = [self.name]
        if self.why_not is not None:
            lines.append(f"  not compiled: {self.why_not}")
        elif self.state == "compiled":
            versions = "1 version" if self.versions == 1 else f"{self.versions} versions"
            lines.append(f"  compiled: {versions}, {self.code_bytes} bytes")
        elif self.state == "waiting":
            lines.append("  not compiled yet: its next call compiles it")
        else:
            lines.append("  not specialized: typedcall.specialize makes it run compiled")
        if self._state:
            lines.append(f"  calls: {self.calls} compiled, {self.original_calls} by CPython")
        if self._described.get("calls"):
            lines.append(f"  C calls: {self._described['direct_calls']} of {self._described['calls']} are direct")
        if _reasons.is_prototype(self._function):
            lines.append(f"  {_reasons.PROTOTYPE}")
        lines.extend(self._lines())
        taken = [exit for exit in self.exits if exit[3]]
        if taken:
            lines.append("  left the compiled code:")
        for line, place, reason, count in taken:
            place = f"instruction {place}" if line is None else f"line {line}, instruction {place}"
            lines.append(f"    {place}: {reason}, {'once' if count == 1 else f'{count} times'}")
        return "\n".join(lines)

    def _lines(self):
        """The source, with the notes of each line below it."""
        notes = {}
        for line, specialized, text in self.notes:
            notes.setdefault(line, []).append(f"{'+' if specialized else '-'} {text}")
        source = self.source
        known = {line for line, _ in source}
        width = max((len(str(line)) for line in known), default=1)
        lines = [f"    {' ' * width}   {note}" for line in notes if line not in known for note in notes[line]]
        for line, text in source:
            lines.append(f"    {line:{width}}  {text}".rstrip())
            lines.extend(f"    {' ' * width}      {note}" for note in notes.get(line, ()))
        return ["  line by line:", *lines] if lines else []

    def __repr__(self):
        """The name, and how it runs."""
        return f"<typedcall.Explanation of {self.name}: {self.why_not or self.state}>"
