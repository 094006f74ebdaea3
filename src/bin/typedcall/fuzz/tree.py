"""Programs as trees, which print as Python and can be made smaller.

An expression is text with expressions in it, a statement a list of clauses, each with a header and, if it is a compound
statement, a block. Every edit takes something away or puts something simpler in its place, so making smaller ends.
"""

ATOMS = ('0', 'None', 'a')


class Expression:
    """`template` with a `{}` for each of the parts."""

    __slots__ = ('template', 'parts')

    def __init__(self, template, *parts):
        self.template, self.parts = template, list(parts)

    def __str__(self):
        pieces = self.template.split('{}')
        return pieces[0] + ''.join(str(part) + piece for part, piece in zip(self.parts, pieces[1:]))


class Clause:
    """A header, the lines that belong to it at the start of its block, and the block: a list of statements, or None."""

    __slots__ = ('header', 'first', 'block')

    def __init__(self, header, block=None, first=()):
        self.header, self.block, self.first = header, block, first

    def lines(self, indent):
        margin = '    ' * indent
        if self.block is None:
            return [margin + str(self.header)]
        found = [f'{margin}{self.header}:', *(f'{margin}    {line}' for line in self.first)]
        for statement in self.block:
            found += statement.lines(indent + 1)
        return found if self.block or self.first else [*found, f'{margin}    pass']


class Statement:
    """Clauses that belong together, and lines that must stand before them."""

    __slots__ = ('clauses', 'before')

    def __init__(self, *clauses, before=()):
        self.clauses, self.before = list(clauses), before

    def lines(self, indent):
        found = ['    ' * indent + line for line in self.before]
        for clause in self.clauses:
            found += clause.lines(indent)
        return found


def remove_at(block, line, first=1):
    """Removes the innermost statement that has this line from a block that starts at the line `first`; whether there is one."""
    for index, statement in enumerate(block):
        count = len(statement.lines(0))
        if line < first + count:
            first += len(statement.before)
            for clause in statement.clauses:
                inner = first + 1 + len(clause.first)
                if clause.block and inner <= line and remove_at(clause.block, line, inner):
                    return True
                first += len(clause.lines(0))
            del block[index]
            return True
        first += count
    return False


def simple(template, *parts):
    """A statement of one line."""
    return Statement(Clause(Expression(template, *parts)))


class Program:
    """Statements that define the function `f`, and the arguments of its calls, in this order."""

    def __init__(self, statements, cases):
        self.statements, self.cases = statements, cases

    def source(self):
        found = []
        for statement in self.statements:
            found += statement.lines(0)
        return '\n'.join(found) + '\n'

    def arguments(self):
        return [[str(argument) for argument in case] for case in self.cases]

    def statements_within(self):
        found, left = [], list(self.statements)
        while left:
            statement = left.pop(0)
            found.append(statement)
            left[:0] = [inner for clause in statement.clauses for inner in clause.block or ()]
        return found

    def __len__(self):
        return sum(len(statement.clauses) for statement in self.statements_within())


class Edit:
    """Puts items in the place of a part of a list; can be undone."""

    __slots__ = ('items', 'start', 'end', 'new', 'old')

    def __init__(self, items, start, end, new=()):
        self.items, self.start, self.end, self.new = items, start, end, list(new)
        self.old = items[start:end]

    def do(self):
        self.items[self.start:self.end] = self.new

    def undo(self):
        self.items[self.start:self.start + len(self.new)] = self.old


def parts_of_list(items, least):
    """Edits that remove a half, a quarter, …, one item of a list, and leave at least so many."""
    size = len(items) - least
    while size > 0:
        for start in range(len(items) - size, -1, -1):
            if start % size == 0 or size == 1:
                yield Edit(items, start, start + size)
        size //= 2


def edits_of_expression(items, index):
    """Edits that make one expression of a list simpler."""
    whole = items[index]
    if not isinstance(whole, Expression):
        return
    if str(whole) not in ATOMS:
        inner = list(whole.parts)
        while inner:
            part = inner.pop(0)
            if isinstance(part, Expression):
                yield Edit(items, index, index + 1, [part])
                inner += part.parts
        for atom in ATOMS:
            yield Edit(items, index, index + 1, [Expression(atom)])
    for position in range(len(whole.parts)):
        yield from edits_of_expression(whole.parts, position)


def edits_of_block(block, least=0):
    yield from parts_of_list(block, least)
    for index in range(len(block) - 1, -1, -1):
        statement = block[index]
        yield from parts_of_list(statement.clauses, 1)
        for clause in statement.clauses:
            if clause.block:
                yield Edit(block, index, index + 1, clause.block)
        for clause in statement.clauses:
            if clause.block is not None:
                yield from edits_of_block(clause.block)
    for statement in block:
        for clause in statement.clauses:
            for position in range(len(clause.header.parts)):
                yield from edits_of_expression(clause.header.parts, position)


def edits(program):
    """Edits that make a program smaller, the large ones first."""
    yield from parts_of_list(program.cases, 1)
    yield from edits_of_block(program.statements, 1)
    for case in program.cases:
        for position in range(len(case)):
            yield from edits_of_expression(case, position)


def make_smaller(program, still_fails, may_go_on):
    """Makes a program that fails smaller as long as it still fails and there is time. The result is the number of edits."""
    kept, changed = 0, True
    while changed and may_go_on():
        changed = False
        position = 0
        while may_go_on():
            # Each edit that is kept makes the others stale; the position stays about the same.
            edit = next((edit for number, edit in enumerate(edits(program)) if number == position), None)
            if edit is None:
                break
            edit.do()
            if still_fails(program):
                kept += 1
                changed = True
            else:
                edit.undo()
                position += 1
    return kept
