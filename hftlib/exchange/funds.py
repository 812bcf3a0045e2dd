"""What an order can cost at most, and the price that caps a stop order without a limit.

A market order is matched at once, so walking the book tells exactly what it can pay; own orders
that self-trade prevention takes out of the way are walked around. A stop order that will buy at
any price is fired inside the market, where no account can be asked for more: it goes into the
book with a limit 5 % above its trigger, as real venues bound such orders by execution rules.
"""

from typing import Final

from hftlib.exchange.account_order import AccountOrder
from hftlib.exchange.book_feed import BookFeed
from hftlib.market.orders import BookSide, OrderKind, SelfTrade

_COLLAR_PER_CENT: Final = 105


def collar_ticks(trigger_ticks: int) -> int:
    """Return the highest price at which a stop order without a limit buys."""
    return trigger_ticks * _COLLAR_PER_CENT // 100


def market_buy_cash(
    feed: BookFeed, lots: int, self_trade: SelfTrade, own: list[AccountOrder]
) -> int:
    """Return what buying `lots` at any price costs now, in ticks times lots."""
    cash = 0
    for ticks, there in _levels(feed, BookSide.ASK, self_trade, own):
        taken = min(lots, there)
        cash += ticks * taken
        lots -= taken
        if not lots:
            break
    return cash


def market_sell_lots(
    feed: BookFeed, cash: int, self_trade: SelfTrade, own: list[AccountOrder]
) -> int:
    """Return how many lots must be sold at any price to receive at most `cash`."""
    lots = 0
    for ticks, there in _levels(feed, BookSide.BID, self_trade, own):
        taken = min(cash // ticks, there)
        lots += taken
        cash -= ticks * taken
        if taken < there:
            break
    return lots


def _levels(
    feed: BookFeed, side: BookSide, self_trade: SelfTrade, own: list[AccountOrder]
) -> list[tuple[int, int]]:
    """Return a side's levels, best first, without the own lots that would be taken out."""
    ticks, lots = feed.book.levels(side)
    levels = dict(zip(ticks.tolist(), lots.tolist(), strict=True))
    if self_trade is SelfTrade.EXPIRE_MAKER:
        for order in own:
            resting = order.kind in (OrderKind.LIMIT, OrderKind.LIMIT_MAKER) or order.is_working
            if order.side is side and resting and order.price_ticks in levels:
                levels[order.price_ticks] -= order.remaining
    return list(levels.items())
