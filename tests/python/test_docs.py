"""The examples in the README and on the pages under docs/ run, and print what the pages say that they print.

A page's blocks run in order and share their names: `python` blocks as a program, `pycon` blocks as a doctest.
"""

import doctest
import pathlib
import re

import typedcall

TREE = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(python|pycon)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = ["README.md", "docs/python.md", "docs/differences.md", "docs/signatures.md"]


def blocks(page):
    """Language, source text and number of lines before it, for each Python block of the page."""
    text = (TREE / page).read_text(encoding="utf-8")
    return [(match[1], match[2], text.count("\n", 0, match.start(2))) for match in BLOCK.finditer(text)]


def run(page):
    names = {"__name__": page}
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    report = []
    for language, source, line in blocks(page):
        if language == "pycon":
            test = doctest.DocTestParser().get_doctest(source, {}, f"{page}:{line}", page, line)
            test.globs = names
            runner.run(test, out=report.append, clear_globs=False)
        else:
            # The empty lines make a traceback name the page's own line.
            exec(compile("\n" * line + source, TREE / page, "exec"), names)
    assert runner.failures == 0, "\n" + "".join(report)


def test_the_readme_runs():
    run("README.md")


def test_the_page_on_the_package_runs():
    run("docs/python.md")


def test_the_page_on_differences_runs():
    run("docs/differences.md")


def test_the_page_on_signatures_runs():
    run("docs/signatures.md")


def test_every_signature_on_its_page_can_be_read():
    text = (TREE / "docs/signatures.md").read_text(encoding="utf-8")
    shown = re.findall(r"^(\(.*\) -> .*)$|`(\([^`]*\) -> [^`]*)`", text, re.MULTILINE)
    assert len(shown) > 4
    for signature in map("".join, shown):
        try:
            typedcall.bind(1, signature, "f")
        except typedcall.Error as error:
            # It was read; `bind` does not support a part of it.
            assert str(error).startswith("f: "), error


def test_the_kinds_on_the_page_are_those_there_are():
    text = (TREE / "docs/signatures.md").read_text(encoding="utf-8")
    table = text[text.index("| kind |"):text.index("The last four lines")]
    rows = [row.split("|")[1] for row in table.splitlines()[2:] if row]
    kinds = {kind for row in rows for kind in re.findall(r"`([^`]+)`", row)}
    for kind in kinds:
        kind = kind.replace("module.Name", "collections.OrderedDict")
        result = kind if kind != "context" else "i32"
        parameters = "" if kind == "void" else kind
        try:
            typedcall.bind(1, f"({parameters}) -> {result}", "f")
        except typedcall.Error as error:
            assert kind in ("ptr", "char", "wchar", "pyobject", "cdouble", "cfloat") and str(error).startswith("f: "), error
    # The number of kinds that the parser knows.
    assert len(kinds) == 34, sorted(kinds)


def test_no_page_with_examples_is_left_out():
    pages = ["README.md", *(f"docs/{path.name}" for path in (TREE / "docs").glob("*.md"))]
    assert {page for page in pages if blocks(page)} == set(PAGES)
