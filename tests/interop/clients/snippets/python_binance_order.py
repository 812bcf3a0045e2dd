import asyncio

from binance import AsyncClient

# Class attributes: set them before the client is made.
AsyncClient.API_URL = "http://127.0.0.1:8720/api"
AsyncClient.WS_API_URL = "ws://127.0.0.1:8720/ws-api/v3"
AsyncClient.FUTURES_URL = "http://127.0.0.1:8721/fapi"


async def main():
    client = await AsyncClient.create("YOUR_KEY", "YOUR_SECRET")
    order = await client.create_order(
        symbol="BTCUSDT", side="BUY", type="MARKET", quoteOrderQty="1000"
    )
    print(order["status"], order["executedQty"], order["cummulativeQuoteQty"])
    await client.close_connection()


asyncio.run(main())
