"""The examples in the README and on the pages under docs/ run, and print what the pages say that they print.

A page's blocks run in order and share their names: `python` blocks as a program, `pycon` blocks as a doctest.
"""

import doctest
import pathlib
import re

TREE = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(python|pycon)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = ["README.md", "docs/python.md", "docs/differences.md"]


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
            test = doctest.DocTestParser().get_doctest(source, {}, page, page, line)
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


def test_no_page_with_examples_is_left_out():
    pages = ["README.md", *(f"docs/{path.name}" for path in (TREE / "docs").glob("*.md"))]
    assert {page for page in pages if blocks(page)} == set(PAGES)
