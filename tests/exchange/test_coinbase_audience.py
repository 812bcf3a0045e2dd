"""Who listens: newcomers become listeners with their first message, and leave without trace."""

from hftlib.exchange.coinbase.audience import Audience


def test_a_newcomer_becomes_a_listener():
    audience: Audience[str] = Audience()
    assert not audience
    audience.join("ticker", "a")
    audience.join("ticker", "b")
    assert audience
    assert audience.awaits("ticker")
    assert not audience.hears("ticker")
    assert audience.of("ticker") == []
    assert audience.admit("ticker") == ["a", "b"]
    assert audience.of("ticker") == ["a", "b"]
    assert audience.hears("ticker")
    assert not audience.awaits("ticker")
    assert audience.admit("ticker") == []
    assert not audience.hears("matches")


def test_who_joins_again_waits_again():
    audience: Audience[str] = Audience()
    audience.join("level2", "a")
    audience.admit("level2")
    audience.join("level2", "a")
    assert not audience.hears("level2")
    assert audience.admit("level2") == ["a"]


def test_leaving_and_forgetting():
    audience: Audience[str] = Audience()
    for channel in ("level2", "ticker"):
        for name in ("a", "b"):
            audience.join(channel, name)
    audience.admit("level2")
    audience.leave("level2", "a")
    audience.leave("level2", "a")
    assert audience.of("level2") == ["b"]
    audience.forget("b")
    assert not audience.hears("level2")
    assert audience.admit("ticker") == ["a"]
    audience.forget("a")
    assert not audience
