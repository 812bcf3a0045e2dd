import os
import stat

from hftlib.io.local.ports_file import Addresses, read_addresses, remove_addresses, write_addresses

TOLD = Addresses({"binance": "http://127.0.0.1:1"}, "/ca.pem", os.getpid())


def test_what_is_left_is_found_and_private(tmp_path):
    path = tmp_path / "deep" / "market.json"
    write_addresses(path, TOLD)
    assert read_addresses(path) == TOLD
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    remove_addresses(path)
    assert read_addresses(path) is None


def test_the_word_of_another_market_is_left(tmp_path):
    path = tmp_path / "market.json"
    other = Addresses({}, "", os.getpid() + 1)
    write_addresses(path, other)
    remove_addresses(path)
    assert read_addresses(path) == other


def test_rubbish_is_no_word(tmp_path):
    path = tmp_path / "market.json"
    path.write_text("{")
    assert read_addresses(path) is None
    remove_addresses(path)
