import asyncio

import ccxt.pro

# Advanced Trade; level2 needs no keys.
advanced = ccxt.pro.coinbase(
    {"urls": {"api": {"rest": "http://127.0.0.1:8723", "ws": "ws://127.0.0.1:8723"}}}
)
# Coinbase Exchange; ccxt asks for level2, which needs keys.
exchange = ccxt.pro.coinbaseexchange(
    {
        "apiKey": "YOUR_COINBASE_KEY",
        "secret": "YOUR_COINBASE_SECRET",
        "password": "YOUR_COINBASE_PASSPHRASE",
        "urls": {
            "api": {
                "public": "http://127.0.0.1:8722",
                "private": "http://127.0.0.1:8722",
                "ws": "ws://127.0.0.1:8722",
            }
        },
    }
)


async def main():
    for venue in (advanced, exchange):
        book = await venue.watch_order_book("BTC/USD")
        print(venue.id, book["bids"][0], book["asks"][0])
        await venue.close()


asyncio.run(main())
