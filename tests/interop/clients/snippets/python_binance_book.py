import asyncio

from binance import AsyncClient, BinanceSocketManager, DepthCacheManager

AsyncClient.API_URL = "http://127.0.0.1:8720/api"
BinanceSocketManager.STREAM_URL = "ws://127.0.0.1:8720/"  # the trailing slash is needed
BinanceSocketManager.FSTREAM_URL = "ws://127.0.0.1:8721/"


async def main():
    client = await AsyncClient.create()
    async with DepthCacheManager(client, "BTCUSDT", limit=1000, ws_interval=100) as cache:
        for _ in range(20):
            book = await cache.recv()
            print(book.get_bids()[0], book.get_asks()[0])
    await client.close_connection()


asyncio.run(main())
