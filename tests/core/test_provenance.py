import pytest

from hftlib.core.provenance import Provenance, provenance_of, provenance_stored
from hftlib.core.states import Source
from hftlib.desk.sources import choose_source


@pytest.mark.parametrize(
    ("source", "origin", "expected"),
    [
        (Source.SIMULATED, ["local venues"], Provenance.SIMULATED),
        (Source.SIMULATED, ["testnet: binance"], Provenance.SIMULATED),
        (Source.EXCHANGE, ["live: binance, coinbase"], Provenance.EXCHANGE),
        (Source.EXCHANGE, [], Provenance.EXCHANGE),
        (Source.EXCHANGE, ["testnet: binance"], Provenance.TESTNET),
        (Source.TAPE, ["a.tape"], Provenance.UNKNOWN),
    ],
)
def test_a_run_and_a_manifest_say_what_market_it_was(source, origin, expected):
    assert provenance_of(source, origin) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("live", Provenance.EXCHANGE),
        ("testnet", Provenance.TESTNET),
        ("local", Provenance.SIMULATED),
    ],
)
def test_every_source_of_a_desk_is_told_apart(name, expected):
    chosen = choose_source(name, ["binance"])
    assert provenance_of(chosen.source, [chosen.origin]) is expected


def test_what_is_not_known_is_an_empty_word_in_the_store():
    assert [one.stored for one in Provenance] == ["EXCHANGE", "TESTNET", "SIMULATED", ""]
    assert [provenance_stored(one.stored) for one in Provenance] == list(Provenance)
    with pytest.raises(ValueError, match="PAPER"):
        provenance_stored("PAPER")
