"""Unknown names are new once, and only so many are remembered."""

from hftlib.venues.coinbase.strangers import Strangers


def test_a_name_is_new_once():
    strangers = Strangers()
    assert [strangers.is_new(name) for name in ("a", "b", "a")] == [True, True, False]
    again = Strangers()
    again.load(strangers.dump())
    assert not again.is_new("b")


def test_what_is_not_remembered_stays_new():
    strangers = Strangers()
    assert all(strangers.is_new(str(number)) for number in range(300))
    assert not strangers.is_new("0")
    assert strangers.is_new("299")
    assert len(strangers.dump()) == 256
