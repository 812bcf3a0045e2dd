"""ccxt's exchange objects, pointed at the local venues."""

from typing import Any

from local_market import Keys


def binance(kind: Any, setup: dict[str, Any], keys: Keys | None = None, **options: object) -> Any:
    """Make ccxt's `binance` of a flavour: ccxt, ccxt.async_support or ccxt.pro."""
    spot, futures = setup["binance"], setup["binance_usdm"]
    spot_ws, futures_ws = setup["binance_ws"], setup["binance_usdm_ws"]
    settings: dict[str, Any] = {
        "enableRateLimit": False,
        "options": {
            "fetchMarkets": {"types": ["spot", "linear"]},
            "fetchCurrencies": False,
            "fetchMargins": False,
            **options,
        },
        "urls": {
            "api": {
                "public": f"{spot}/api/v3",
                "private": f"{spot}/api/v3",
                "v1": f"{spot}/api/v1",
                "fapiPublic": f"{futures}/fapi/v1",
                "fapiPublicV2": f"{futures}/fapi/v2",
                "fapiData": f"{futures}/futures/data",
                "ws": {
                    # ccxt tells spot from futures by "/stream" in the address.
                    "spot": f"{spot_ws}/stream/ws",
                    "linear": f"{futures_ws}/ws",
                    "ws-api": {"spot": f"{spot_ws}/ws-api/v3"},
                },
            }
        },
    }
    if keys is not None:
        settings |= {"apiKey": keys.key, "secret": keys.secret}
    return kind.binance(settings)


def coinbase(kind: Any, setup: dict[str, Any]) -> Any:
    """Make ccxt's `coinbase` (Advanced Trade) of a flavour."""
    addresses = {"rest": setup["coinbase"], "ws": setup["coinbase_ws"]}
    return kind.coinbase({"urls": {"api": addresses}})


def coinbase_exchange(kind: Any, setup: dict[str, Any], keys: Keys | None = None) -> Any:
    """Make ccxt's `coinbaseexchange` of a flavour."""
    addresses = {
        "public": setup["coinbase_exchange"],
        "private": setup["coinbase_exchange"],
        "ws": setup["coinbase_exchange_ws"],
    }
    settings: dict[str, Any] = {"urls": {"api": addresses}}
    if keys is not None:
        settings |= {"apiKey": keys.key, "secret": keys.secret, "password": keys.passphrase}
    return kind.coinbaseexchange(settings)
