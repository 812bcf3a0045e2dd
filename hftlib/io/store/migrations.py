"""Versions of the store's schema: frozen SQL, applied in order, forward only."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from hftlib.core.errors import HftlibError

FOLDER: Final = Path(__file__).resolve().parents[2] / "data" / "store"
SCHEMA_VERSION: Final = (
    "CREATE TABLE IF NOT EXISTS schema_version (`version` Int64, `meaning` String, "
    "`applied` DateTime64(9, 'UTC') DEFAULT now64(9)) ENGINE = MergeTree ORDER BY version"
)


class NewerSchemaError(HftlibError):
    """Refuse a store that a newer version of hftlib has written."""


class OldClusterError(HftlibError):
    """Say that the tables of a cluster are to be brought forward by whoever runs it."""


class Migration(msgspec.Struct, frozen=True):
    """Hold one step: the version that it leads to, what it is for, and its statements."""

    version: int
    meaning: str
    statements: tuple[str, ...]


def migrations(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """Return every step, oldest first: the files NNNN.sql, whose first line says what for."""
    return tuple(_read(path) for path in sorted(folder.glob("[0-9]*.sql")))


def _read(path: Path) -> Migration:
    first, _, rest = path.read_text(encoding="utf-8").partition("\n")
    statements = (statement.strip() for statement in rest.split(";\n"))
    return Migration(int(path.stem), first.removeprefix("-- "), tuple(filter(None, statements)))


def migrate(
    run: Callable[[str], object], version: int, steps: Sequence[Migration]
) -> Iterator[Migration]:
    """Apply the steps beyond `version` with `run`, and yield each once it is applied.

    A step may be applied again after it was interrupted: its statements say IF NOT EXISTS. Raises
    NewerSchemaError when the store is beyond every step.
    """
    newest = max(step.version for step in steps)
    if version > newest:
        raise NewerSchemaError(
            f"the store has schema version {version}, this hftlib knows up to {newest}"
        )
    for step in steps:
        if step.version > version:
            for statement in step.statements:
                run(statement)
            yield step
