import pytest

from hftlib.io.store.migrations import Migration, NewerSchemaError, migrate, migrations
from hftlib.io.store.tables import TABLES

STEPS = (
    Migration(1, "first", ("create a", "create b")),
    Migration(2, "second", ("alter a",)),
)


def applied(version, steps=STEPS):
    """Return (statements run, versions reached) from a version on."""
    run = []
    return run, [step.version for step in migrate(run.append, version, steps)]


def test_an_empty_store_goes_through_every_version():
    assert applied(0) == (["create a", "create b", "alter a"], [1, 2])


def test_only_what_is_newer_is_applied():
    assert applied(1) == (["alter a"], [2])
    assert applied(2) == ([], [])


def test_a_version_is_reached_only_once_its_statements_have_run():
    def refuse(statement):
        raise OSError(statement)

    with pytest.raises(OSError, match="create a"):
        next(migrate(refuse, 0, STEPS))


def test_a_newer_store_is_refused():
    with pytest.raises(NewerSchemaError, match="version 3, this hftlib knows up to 2"):
        next(migrate(lambda _: None, 3, STEPS))


def test_the_shipped_versions_are_numbered_without_a_gap_and_say_what_for():
    steps = migrations()
    assert [step.version for step in steps] == list(range(1, len(steps) + 1))
    assert all(step.meaning and step.statements for step in steps)
    assert not any(";" in statement for step in steps for statement in step.statements)


def test_the_first_version_creates_every_table():
    created = [statement.split()[5] for statement in migrations()[0].statements]
    assert created == list(TABLES)
