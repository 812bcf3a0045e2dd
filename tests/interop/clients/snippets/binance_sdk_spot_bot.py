import asyncio

from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_sdk_spot.spot import Spot

keys = {"api_key": "YOUR_KEY", "api_secret": "YOUR_SECRET"}
client = Spot(
    ConfigurationRestAPI(base_path="http://127.0.0.1:8720", **keys),
    ConfigurationWebSocketAPI(stream_url="ws://127.0.0.1:8720/ws-api/v3", **keys),
    ConfigurationWebSocketStreams(stream_url="ws://127.0.0.1:8720"),
)


async def main():
    order = client.rest_api.new_order("BTCUSDT", "BUY", "MARKET", quantity=0.01).data()
    print(order.status, order.executed_qty)
    streams = client.websocket_streams
    await streams.create_connection()
    stream = await streams.diff_book_depth("btcusdt", update_speed="100ms")
    stream.on("message", lambda event: print(event.U, event.u))
    await asyncio.sleep(2)
    await streams.close_connection()


asyncio.run(main())
