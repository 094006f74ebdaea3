"""Each construct of Python that functions may have stands in several functions of the corpus: `constructs.py`."""

import ast
import collections
import glob
import os
import sys

LEAST = 3
OPERATORS = [ast.Add, ast.Sub, ast.Mult, ast.MatMult, ast.Div, ast.Mod, ast.Pow, ast.LShift, ast.RShift, ast.BitOr, ast.BitXor,
             ast.BitAnd, ast.FloorDiv, ast.Invert, ast.Not, ast.UAdd, ast.USub, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt,
             ast.GtE, ast.Is, ast.IsNot, ast.In, ast.NotIn, ast.And, ast.Or]
NODES = [ast.Constant, ast.Global, ast.Nonlocal, ast.Attribute, ast.Call, ast.AugAssign, ast.Compare, ast.IfExp, ast.Subscript,
         ast.Slice, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.JoinedStr, ast.NamedExpr, ast.If, ast.While, ast.For, ast.Break,
         ast.Continue, ast.Try, ast.With, ast.Raise, ast.Assert, ast.Match, ast.MatchValue, ast.MatchSingleton, ast.MatchSequence,
         ast.MatchMapping, ast.MatchClass, ast.MatchStar, ast.MatchAs, ast.MatchOr, ast.Lambda, ast.ListComp, ast.SetComp,
         ast.DictComp, ast.Import, ast.ImportFrom, ast.Delete]
OTHERS = {
    'keyword argument': lambda node: isinstance(node, ast.keyword) and node.arg,
    '**kwargs in a call': lambda node: isinstance(node, ast.keyword) and not node.arg,
    '*args in a call': lambda node: isinstance(node, ast.Call) and any(isinstance(a, ast.Starred) for a in node.args),
    '*args': lambda node: isinstance(node, ast.arguments) and node.vararg,
    '**kwargs': lambda node: isinstance(node, ast.arguments) and node.kwarg,
    'unpacking': lambda node: isinstance(node, ast.Assign) and isinstance(node.targets[0], (ast.Tuple, ast.List)),
    'unpacking with a star': lambda node: isinstance(node, ast.Starred) and isinstance(node.ctx, ast.Store),
    'finally': lambda node: isinstance(node, ast.Try) and node.finalbody,
    'else of try': lambda node: isinstance(node, ast.Try) and node.orelse,
    'else of a loop': lambda node: isinstance(node, (ast.For, ast.While)) and node.orelse,
    'raise from': lambda node: isinstance(node, ast.Raise) and node.cause,
    'bare raise': lambda node: isinstance(node, ast.Raise) and not node.exc,
    'method call': lambda node: isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute),
    'format spec': lambda node: isinstance(node, ast.FormattedValue) and node.format_spec,
}


def main():
    counts = collections.Counter()
    folder = os.path.dirname(os.path.abspath(__file__))
    for path in glob.glob(os.path.join(folder, '*.py')):
        with open(path) as file:
            tree = ast.parse(file.read())
        tables = [node for node in tree.body if isinstance(node, (ast.Assign, ast.AugAssign)) and 'CASES' in ast.dump(node)]
        cases = {node.id for table in tables for node in ast.walk(table) if isinstance(node, ast.Name)}
        for function in tree.body:
            if isinstance(function, ast.FunctionDef) and function.name in cases:
                nodes = list(ast.walk(function))
                counts.update({type(node) for node in nodes})
                counts.update(name for name, test in OTHERS.items() if any(test(node) for node in nodes))
    thin = [f'{getattr(of, "__name__", of)}: {counts[of]}' for of in [*OPERATORS, *NODES, *OTHERS] if counts[of] < LEAST]
    print(f'{len(OPERATORS) + len(NODES) + len(OTHERS)} constructs, each in {LEAST} functions or more, but for: {thin}')
    return 1 if thin else 0


if __name__ == '__main__':
    sys.exit(main())
