import time

from coinbase.websocket import WSClient

client = WSClient(base_url="ws://127.0.0.1:8723", on_message=lambda text: print(text[:100]))
client.open()
client.subscribe(["BTC-USD"], ["level2", "heartbeats"])
time.sleep(2)
client.close()
