"""Explanations: how a callable is specialized, as text."""

from typedcall import Error, _native, _reasons
from typedcall._kinds import is_stub


class Explanation:
    """How `specialize` specializes a callable, or why it leaves the callable unchanged. Its `str` is all of it but the code.

    The code is that of a stub made for the explanation, with the signature's own effects.
    """

    def __init__(self, callable):
        """Explains this callable: a stub, or a callable that can have one."""
        self._callable = callable
        self._described = {}
        self._code = None
        #: Why there can be no stub; None if there can.
        self.why_not = _reasons.DISABLED if _native.disabled and not is_stub(callable) else None
        if self.why_not is None:
            try:
                self._described = _native.describe(callable)
            except Error as error:
                self.why_not = _reasons.refusal(callable, error)
        #: Whether the callable is a stub itself.
        self.is_stub = is_stub(callable)
        #: The callable's qualified name.
        self.name = self._described.get("name") or _reasons.name_of(_native.original(callable))

    @property
    def signature(self):
        """The C signature as text; None if there is none."""
        try:
            return self._described.get("signature") or _native.signature(self._callable)
        except Error:
            return None

    @property
    def entry(self):
        """How the stub is called: `guarded`, or `checked` for a function without a wrapper."""
        return self._described.get("entry")

    @property
    def ir(self):
        """The typed IR of the call."""
        return self._described.get("ir")

    @property
    def generic_ir(self):
        """The IR of the call before anything was known about the callable."""
        return self._described.get("generic_ir")

    @property
    def plan(self):
        """The steps of the code."""
        return self._described.get("plan")

    @property
    def not_dispatched(self):
        """Overloads whose calls the original makes: a list of (signature, reason)."""
        return self._described.get("not_dispatched", [])

    @property
    def clif(self):
        """The code generator's input."""
        return self._compiled()[0]

    @property
    def asm(self):
        """The code generator's listing of the machine code: its instructions, with labels in place of addresses."""
        return self._compiled()[1]

    def _compiled(self):
        if self._code is None:
            self._code = _native.compiled(self._callable) if self._described else (None, None)
        return self._code

    def __str__(self):
        """All of it but the code."""
        lines = [self.name]
        if self.signature is not None:
            lines.append(f"  signature: {self.signature}")
        if self.why_not is not None:
            lines.append(f"  not specialized: {self.why_not}")
            return "\n".join(lines)
        lines.append("  specialized" if self.is_stub else "  not specialized yet: typedcall.specialize makes a stub")
        lines.append(f"  entry: {self.entry}")
        for overload, reason in self.not_dispatched:
            lines.append(f"  left to the original: {overload}: {reason}")
        for title, text in (("IR", self.ir), ("plan", self.plan)):
            if text:
                lines.append(f"  {title}:")
                lines.extend("    " + line for line in text.rstrip("\n").split("\n"))
        return "\n".join(lines)

    def __repr__(self):
        """The name, and whether it can be specialized."""
        return f"<typedcall.Explanation of {self.name}: {self.why_not or 'specialized'}>"


