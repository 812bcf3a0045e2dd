import asyncio

import ccxt.pro


async def main():
    exchange = ccxt.pro.binance(
        {
            "urls": {
                "api": {
                    "public": "http://127.0.0.1:8720/api/v3",
                    "fapiPublic": "http://127.0.0.1:8721/fapi/v1",
                    "ws": {
                        # ccxt tells spot from futures by "/stream" in the address.
                        "spot": "ws://127.0.0.1:8720/stream/ws",
                        "linear": "ws://127.0.0.1:8721/ws",
                    },
                }
            },
            "options": {"fetchMarkets": {"types": ["spot", "linear"]}},
        }
    )
    for _ in range(20):
        book = await exchange.watch_order_book("BTC/USDT")
        print(book["nonce"], book["bids"][0], book["asks"][0])
    await exchange.close()


asyncio.run(main())
