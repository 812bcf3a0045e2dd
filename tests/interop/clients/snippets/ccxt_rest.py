import ccxt

exchange = ccxt.binance(
    {
        "urls": {
            "api": {
                "public": "http://127.0.0.1:8720/api/v3",
                "private": "http://127.0.0.1:8720/api/v3",
                "v1": "http://127.0.0.1:8720/api/v1",
                "fapiPublic": "http://127.0.0.1:8721/fapi/v1",
            }
        },
        "options": {
            "fetchMarkets": {"types": ["spot", "linear"]},
            "fetchCurrencies": False,
            "fetchMargins": False,
        },
    }
)
book = exchange.fetch_order_book("BTC/USDT", 5)
print(book["nonce"], book["bids"][0], book["asks"][0])
