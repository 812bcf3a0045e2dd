import ccxt

exchange = ccxt.binance(
    {
        "apiKey": "YOUR_KEY",
        "secret": "YOUR_SECRET",
        "urls": {
            "api": {
                "public": "http://127.0.0.1:8720/api/v3",
                "private": "http://127.0.0.1:8720/api/v3",
            }
        },
        # With keys set, ccxt would ask /sapi for currencies and margins.
        "options": {
            "fetchMarkets": {"types": ["spot"]},
            "fetchCurrencies": False,
            "fetchMargins": False,
        },
    }
)
order = exchange.create_order("BTC/USDT", "market", "buy", 0.01)
print(order["status"], order["average"], order["fee"], exchange.fetch_balance()["BTC"])
