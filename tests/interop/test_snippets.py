"""The page for owners of bots says what is run, and names everything that there is."""

import re
import shlex

import pytest

from hftlib.cli.frame import parser_for
from hftlib.exchange.fault_kinds import FaultKind
from hftlib.io.local.settings import PORTS as DEFAULT_PORTS
from hftlib.market.scenario import SCENARIOS
from tests.interop.environments import CLIENTS, SNIPPETS
from tests.interop.page import refreshed
from tests.interop.snippets import AUTHORITY, PAGE, PORTS, on_page, pointed

TEXT = PAGE.read_text(encoding="utf-8")
NAMES = sorted(path.stem for path in SNIPPETS.glob("*.py"))
COMMANDS = re.findall(r"^python -m hftlib (.+)$", TEXT, re.MULTILINE)


def test_every_snippet_is_run_by_a_client():
    assert sorted(name for client in CLIENTS for name in client.snippets) == NAMES


def test_the_page_holds_the_programs_that_are_run():
    files = {name: (SNIPPETS / f"{name}.py").read_text(encoding="utf-8") for name in NAMES}
    assert on_page(TEXT) == files


def test_the_page_names_the_default_ports():
    assert {name: port for port, name in PORTS.items()} == dict(DEFAULT_PORTS)


@pytest.mark.parametrize("name", NAMES)
def test_a_snippet_is_pointed_at_the_market_that_runs(name):
    setup = {own: f"http://127.0.0.1:{60_000 + at}" for at, own in enumerate(PORTS.values())}
    keys = ("key", "secret", "coinbase_key", "coinbase_secret", "coinbase_passphrase")
    source = (SNIPPETS / f"{name}.py").read_text(encoding="utf-8")
    ready = pointed(source, setup | {"ca": "/authority"}, dict.fromkeys(keys, "given"))
    assert re.search(r"127\.0\.0\.1:6000\d", ready)
    assert not re.search(r"127\.0\.0\.1:87\d\d|YOUR_", ready)
    assert AUTHORITY not in ready


@pytest.mark.parametrize("line", COMMANDS)
def test_the_command_lines_are_understood(line):
    assert parser_for(["market"]).parse_args(shlex.split(line)) is not None


def test_the_page_is_what_the_code_says():
    assert refreshed(TEXT) == TEXT, "python -m tests.interop.page"


def test_every_fault_and_scenario_has_its_line():
    for name in [*FaultKind, *SCENARIOS]:
        assert f"\n| {name} | " in TEXT


def test_what_is_old_is_put_right():
    old = TEXT.replace("import ccxt\n", "import cctx\n").replace("| drop | a", "| drop | one")
    old = re.sub(r"^\| calm \|.*\n", "", old, flags=re.MULTILINE)
    assert old != TEXT
    assert refreshed(old) == TEXT
