import os

# The library speaks https only: trust the market's own authority, for loopback alone.
os.environ["REQUESTS_CA_BUNDLE"] = "data/market-tls/authority.pem"

from coinbase.rest import RESTClient

client = RESTClient(base_url="127.0.0.1:8724")
print(client.get_public_product_book("BTC-USD", limit=1).to_dict())
