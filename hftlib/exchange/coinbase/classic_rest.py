"""The parts of coinbase.com's own API (/v2) that clients of Advanced Trade ask at their start."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from hftlib.core.decimals import to_text
from hftlib.exchange.coinbase.book_view import BookView
from hftlib.exchange.coinbase.client_text import Query
from hftlib.exchange.coinbase.products import CURRENCIES, crypto_currency, plain_currency
from hftlib.exchange.messages import Response
from hftlib.venues.stamps import iso_text

JSON: Final = "application/json; charset=utf-8"
_RATE_DECIMALS: Final = 18
_DOLLARS: Final = frozenset({"USD", "USDC"})
_encode: Final = msgspec.json.encode


def classic_error(status: int, name: str, message: str) -> Response:
    """Return a refusal in the older API's shape."""
    return Response(status, _encode({"errors": [{"id": name, "message": message}]}), {}, JSON)


def not_found() -> Response:
    """Return the answer to a path that is none."""
    return classic_error(404, "not_found", "Not found")


class ClassicRest:
    """Answer requests below /v2."""

    def __init__(self, views: Sequence[BookView]) -> None:
        """Answer by the prices of `views`."""
        self._views = {view.symbol: view for view in views}

    def answer(self, parts: list[str], query: Query, now_ns: int) -> Response:
        """Return the answer to a path's parts after v2."""
        match parts:
            case ["currencies"]:
                fiat = [plain_currency(one) for one in CURRENCIES.values() if not one.is_crypto]
                return _told(fiat)
            case ["currencies", "crypto"]:
                crypto = [crypto_currency(one) for one in CURRENCIES.values() if one.is_crypto]
                return _told(crypto)
            case ["exchange-rates"]:
                return self._rates((query.text("currency") or "USD").upper())
            case ["prices", pair, "spot" | "buy" | "sell" as kind]:
                return self._price(pair, kind)
            case ["time"]:
                return _told({"iso": iso_text(now_ns, 0), "epoch": now_ns // 1_000_000_000})
        return not_found()

    def _rates(self, currency: str) -> Response:
        """Return how much of each currency one unit of `currency` is worth."""
        ours = self._dollars(currency)
        if ours is None:
            return classic_error(400, "invalid_request", "Currency is invalid")
        rates = {
            code: to_text(_ratio(ours, theirs), _RATE_DECIMALS, pad=False)
            for code in CURRENCIES
            if (theirs := self._dollars(code)) is not None
        }
        return _told({"currency": currency, "rates": rates})

    def _dollars(self, code: str) -> tuple[int, int] | None:
        """Return a currency's price in dollars as a fraction, None when it has no market."""
        if code in _DOLLARS:
            return 1, 1
        view = self._views.get(f"{code}-USD")
        if view is None:
            return None
        instrument = view.instrument
        units = view.feed.data.last_ticks * instrument.tick_units
        return units, 10**instrument.price_decimals

    def _price(self, pair: str, kind: str) -> Response:
        base, _, quote = pair.partition("-")
        view = self._views.get(pair)
        if view is None:
            return classic_error(400, "invalid_request", "Invalid currency pair")
        bid, ask = view.best
        level = {"spot": None, "buy": ask, "sell": bid}[kind]
        ticks = view.feed.data.last_ticks if level is None else level[0]
        return _told({"amount": view.short_price(ticks), "base": base, "currency": quote})


def _ratio(ours: tuple[int, int], theirs: tuple[int, int]) -> int:
    """Return a quotient of fractions in units of 10**-_RATE_DECIMALS, rounded down."""
    return ours[0] * theirs[1] * 10**_RATE_DECIMALS // (ours[1] * theirs[0])


def _told(data: Any) -> Response:
    return Response(200, _encode({"data": data}), {}, JSON)
