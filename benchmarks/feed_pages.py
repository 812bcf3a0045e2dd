"""Five pages on a desk: each follows book, features, trades and the heatmap of one book.

`python -m benchmarks.feed_pages URL VENUE SYMBOL PAGES` prints a line once all have heard of it.
"""

import asyncio
import sys

from hftlib.client.stream import UpdateKind, follow
from hftlib.client.upstream import feed_messages
from hftlib.wire.stream import BookTopic, FeaturesTopic, TradesTopic


async def page(url: str, venue: str, symbol: str, heard: asyncio.Event) -> None:
    """Follow what a page shows, for ever."""
    heatmap = asyncio.create_task(_heatmap(url, venue, symbol))
    topics = (
        BookTopic(venue, symbol),
        FeaturesTopic(venue, symbol),
        TradesTopic(venue, symbol),
    )
    async for update in follow(url, *topics):
        if update.kind is not UpdateKind.LOST:
            heard.set()
    await heatmap


async def _heatmap(url: str, venue: str, symbol: str) -> None:
    async for _ in feed_messages(url, venue, symbol):
        pass


async def main() -> None:
    """Open the pages and stay."""
    url, venue, symbol, pages = sys.argv[1:5]
    heard = [asyncio.Event() for _ in range(int(pages))]
    tasks = [asyncio.create_task(page(url, venue, symbol, one)) for one in heard]
    await asyncio.gather(*(one.wait() for one in heard))
    print("all heard", flush=True)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main())
