"""All venues on one floor: they publish at the points of the grid and nowhere else."""

from hftlib.exchange.accounts import Accounts
from hftlib.exchange.exchanges import Exchanges
from hftlib.exchange.floor import TradingFloor
from hftlib.market.world import World

START = 1_767_625_200_000_000_000
STEP = 10_000_000


def test_time_passes_for_the_market_and_every_venue_point_by_point():
    exchanges = Exchanges(TradingFloor(World(1, START, agents=False), 1), Accounts())
    assert set(exchanges.servers) == {"binance", "binance_usdm", "coinbase", "coinbase_exchange"}
    published = []

    class Watcher:
        def publish(self, now_ns):
            published.append((now_ns, exchanges.floor.world.now_ns))

    exchanges.servers = {"watcher": Watcher()}
    exchanges.step(START + STEP - 1)
    assert published == []
    exchanges.step(START + 3 * STEP + 5)
    points = [START + STEP * number for number in (1, 2, 3)]
    assert published == [(point, point) for point in points]
    assert exchanges.floor.world.now_ns == START + 3 * STEP
