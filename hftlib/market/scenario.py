"""The scenarios of the classroom, as data: a new one is an entry here and nothing else."""

from typing import Final

from hftlib.core.venue import BINANCE, COINBASE
from hftlib.market.script import LEADER, Dial, Scenario, Step

_ALL: Final = (
    Scenario(
        "calm",
        "An ordinary hour: prices hold for a while and move in short bursts, books are deep, and "
        "no gap between venues pays retail fees.",
        3_600.0,
    ),
    Scenario(
        "trending",
        "Prices rise by about 9 bps a minute, with more buyers than sellers among the takers: "
        "makers gather short inventory, and whoever fades the move pays for it.",
        1_800.0,
        (Step(0.0, Dial.DRIFT, 0.15, LEADER), Step(0.0, Dial.LEAN, 0.15)),
    ),
    Scenario(
        "volatile",
        "Volatility is three times the usual. Makers quote smaller and follow later, takers come "
        "twice as often: spreads open, queues are short.",
        1_800.0,
        (
            Step(0.0, Dial.VOLATILITY, 3.0),
            Step(0.0, Dial.CAUTION, 1.6),
            Step(0.0, Dial.DEPTH, 0.5),
            Step(0.0, Dial.TAKERS, 2.0),
            Step(0.0, Dial.ACTIVITY, 1.5),
        ),
    ),
    Scenario(
        "news",
        "Makers thin out before an announcement; ten seconds in, prices jump by nearly one per "
        "cent within half a second, takers pile in, and volatility dies down over two minutes.",
        180.0,
        (
            Step(5.0, Dial.DEPTH, 0.4),
            Step(5.0, Dial.CAUTION, 2.0),
            Step(10.0, Dial.JUMP, 90.0, LEADER, 0.4),
            Step(10.0, Dial.VOLATILITY, 5.0),
            Step(10.0, Dial.TAKERS, 4.0),
            Step(10.0, Dial.LEAN, 0.5),
            Step(25.0, Dial.LEAN, 0.0),
            Step(40.0, Dial.VOLATILITY, 3.0),
            Step(40.0, Dial.TAKERS, 2.0),
            Step(60.0, Dial.DEPTH, 0.8),
            Step(60.0, Dial.CAUTION, 1.2),
            Step(100.0, Dial.VOLATILITY, 1.6),
        ),
    ),
    Scenario(
        "flash_crash",
        "Sellers overrun books that makers have left: five per cent are lost in two waves within a "
        "quarter of a minute, and most of it comes back, with setbacks, over the next minute and a "
        "half. Stops fire, deep bids are filled.",
        300.0,
        (
            Step(5.0, Dial.DEPTH, 0.2),
            Step(5.0, Dial.CAUTION, 3.0),
            Step(5.0, Dial.TAKERS, 5.0),
            Step(5.0, Dial.LEAN, -0.8),
            Step(5.0, Dial.VOLATILITY, 4.0),
            Step(10.0, Dial.JUMP, -180.0, LEADER, 6.0),
            Step(17.0, Dial.JUMP, 60.0, LEADER, 2.0),
            Step(20.0, Dial.JUMP, -380.0, LEADER, 5.0),
            Step(28.0, Dial.JUMP, 150.0, LEADER, 3.0),
            Step(34.0, Dial.JUMP, -110.0, LEADER, 4.0),
            Step(42.0, Dial.JUMP, 220.0, LEADER, 9.0),
            Step(55.0, Dial.JUMP, -70.0, LEADER, 4.0),
            Step(63.0, Dial.JUMP, 160.0, LEADER, 16.0),
            Step(84.0, Dial.JUMP, -50.0, LEADER, 5.0),
            Step(92.0, Dial.JUMP, 110.0, LEADER, 20.0),
            Step(40.0, Dial.LEAN, 0.4),
            Step(40.0, Dial.TAKERS, 3.0),
            Step(90.0, Dial.DEPTH, 0.5),
            Step(90.0, Dial.CAUTION, 1.5),
            Step(90.0, Dial.VOLATILITY, 2.0),
            Step(150.0, Dial.LEAN, 0.0),
            Step(150.0, Dial.TAKERS, 1.3),
        ),
    ),
    Scenario(
        "thin_weekend",
        "Few are at their desks: a third of the orders, a quarter of the size. Quotes are slow to "
        "follow, and a modest market order walks the book.",
        3_600.0,
        (
            Step(0.0, Dial.ACTIVITY, 0.35),
            Step(0.0, Dial.DEPTH, 0.25),
            Step(0.0, Dial.TAKERS, 0.35),
            Step(0.0, Dial.VOLATILITY, 0.7),
            Step(0.0, Dial.CAUTION, 1.5),
        ),
    ),
    Scenario(
        "depeg",
        "The dollar coin loses its peg: USDT falls by three per cent within minutes, books quoted "
        "in it rise, and their makers notice seconds late. At low fees the triangle pays.",
        900.0,
        (
            Step(0.0, Dial.QUOTE_LAG, 2.5, BINANCE),
            Step(0.0, Dial.VOLATILITY, 25.0, "USDT"),
            Step(0.0, Dial.TAKERS, 6.0, "USDT"),
            Step(0.0, Dial.LEAN, -0.4, "USDT"),
            Step(0.0, Dial.CAUTION, 4.0, "USDT"),
            Step(0.0, Dial.PEG, -300.0, "USDT"),
            Step(0.0, Dial.PULL, 8.0, "USDT"),
            Step(420.0, Dial.LEAN, 0.2, "USDT"),
            Step(420.0, Dial.PEG, -120.0, "USDT"),
        ),
        "low",
    ),
    Scenario(
        "lagging_venue",
        "Coinbase's makers see the world three seconds late, so its prices trail the others': "
        "whoever is faster and pays little takes the difference, until it closes.",
        1_800.0,
        (Step(0.0, Dial.LAG, 3.0, COINBASE),),
        "low",
    ),
    Scenario(
        "venue_down",
        "Coinbase fails after five seconds and is back a minute later: its makers withdraw, its "
        "books stand still, and on its return everything is quoted anew.",
        120.0,
        (Step(5.0, Dial.DOWN, 1.0, COINBASE), Step(65.0, Dial.DOWN, 0.0, COINBASE)),
    ),
    Scenario(
        "spoofing",
        "Someone shows large orders behind Bitcoin's best price, on one side and then the other, "
        "and withdraws them before anybody can trade with them.",
        900.0,
        (Step(0.0, Dial.SPOOF, 1.0, "BTC"),),
    ),
    Scenario(
        "parent_order",
        "A fund buys 120 bitcoin on Binance over ten minutes, a slice every second or two: look "
        "for the signs that do not alternate, and for the price that gives way.",
        600.0,
        (Step(0.0, Dial.WORKED, 0.2, f"{BINANCE}/BTCUSDT"),),
    ),
)

SCENARIOS: Final = {one.name: one for one in _ALL}
"""Every scenario by its name."""
