"""Which statements may be asked: one that reads, and nothing that reaches out of the store.

`readonly` alone does not do: the embedded engine still writes files (INTO OUTFILE), reads them
(the scalar function file), and kills queries. So a statement is read word by word first, with its
comments and texts left out, and every word that names a table function which is not known to be
harmless is refused, quoted or not.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from hftlib.core.errors import HftlibError

READING: Final = frozenset({"select", "with", "show", "describe", "desc", "exists", "explain"})
"""Words that a statement may begin with."""

HARMLESS: Final = frozenset(
    {"format", "generate_series", "generateseries", "null", "numbers", "numbers_mt", "primes"}
    | {"values", "view", "zeros", "zeros_mt"}
)
"""Table functions that stay within the statement; all others that the engine names are refused."""

OUTWARD: Final = frozenset({"outfile", "infile", "file", "python", "catboostevaluate"})
"""Words that are refused whatever the engine says: they read or write beside the store."""

_LONGEST: Final = 100_000
_TOKEN: Final = re.compile(
    r"""
      (?P<skip>\s+|--[^\n]*|\#[^\n]*|/\*.*?\*/)
    | (?P<text>'(?:[^'\\]|\\.|'')*')
    | (?P<quoted>"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`)
    | (?P<heredoc>\$\w*\$)
    | (?P<word>[^\W\d]\w*)
    | (?P<rest>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class NotReadingError(HftlibError, ValueError):
    """Refuse a statement that is more than one, does not only read, or reaches out."""


def checked(sql: str, table_functions: Iterable[str]) -> str:
    """Return the statement without its closing semicolon.

    `table_functions` are those that the engine knows. Raises NotReadingError saying what is not
    allowed.
    """
    if len(sql) > _LONGEST:
        raise NotReadingError(f"a statement of more than {_LONGEST:,} characters")
    statement = sql.strip().rstrip(";").rstrip()
    refused = OUTWARD | ({name.lower() for name in table_functions} - HARMLESS)
    words = 0
    for word in _words(statement):
        if words == 0 and word not in READING:
            raise NotReadingError(f"a statement must begin with SELECT or WITH, not {word!r}")
        if word in refused:
            raise NotReadingError(f"{word!r} reaches beyond the store")
        words += 1
    if not words:
        raise NotReadingError("an empty statement")
    return statement


def _words(statement: str) -> Iterator[str]:
    """Yield the words outside of comments and texts, quoted ones too, in lower case."""
    for token in _TOKEN.finditer(statement):
        kind, text = token.lastgroup, token.group()
        if kind == "word":
            yield text.lower()
        elif kind == "quoted":
            # What an escape means inside of a name is the engine's affair: none is needed here.
            if "\\" in text:
                raise NotReadingError(f"an escape within the name {text}")
            yield text[1:-1].lower()
        elif kind == "heredoc":
            raise NotReadingError("a text between dollar signs; use single quotes")
        elif text == ";":
            raise NotReadingError("more than one statement")
        elif kind == "rest" and text in "'\"`":
            raise NotReadingError("a quote that is never closed")
        elif kind == "rest" and not text.isascii():
            raise NotReadingError(f"the character {text!r} outside of a text")
