"""Paths that code matches word by word: read from its `match` statements."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from itertools import product


def matched_paths(method: Callable[..., object], topics: tuple[str, ...] = ()) -> set[str]:
    """Return the paths of a method's cases, variable words as {}.

    A case that is guarded by a table of topics stands for each of `topics`.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
    cases = [case for node in ast.walk(tree) if isinstance(node, ast.Match) for case in node.cases]
    return {
        "".join(f"/{word}" for word in words)
        for case in cases
        if isinstance(case.pattern, ast.MatchSequence)
        for words in product(*(tuple(_words(one, topics)) for one in case.pattern.patterns))
    }


def _words(pattern: ast.pattern, topics: tuple[str, ...]) -> Iterator[str]:
    match pattern:
        case ast.MatchValue(value=ast.Constant(value=str(word))):
            yield word
        case ast.MatchOr(patterns=patterns) | ast.MatchAs(pattern=ast.MatchOr(patterns=patterns)):
            for one in patterns:
                yield from _words(one, topics)
        case ast.MatchAs(name="topic"):
            yield from topics
        case ast.MatchAs(pattern=None):
            yield "{}"
        case _:
            raise ValueError(f"a pattern that is not known here: {ast.dump(pattern)}")
