"""The parameters of Binance's requests: read from text, checked with the documented codes.

The order of the checks is: empty (-1105, -1102), missing (-1102), each one's own form (-1100,
-1102, -1108, -1111, -1115 to -1117, -1130, -1134, -1145), and last what nobody asked for (-1104,
-1101). Numbers are text on the wire and stay exact.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from hftlib.core.decimals import MAXIMUM
from hftlib.exchange.account_order import ASSET_DECIMALS, ASSET_UNIT
from hftlib.exchange.binance.refusal import BinanceError

DECIMAL_RANGE: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
SYMBOL_RANGE: Final = "^[A-Z0-9-_.]{1,20}$"
CLIENT_ID_RANGE: Final = "^[a-zA-Z0-9-_]{1,36}$"
WHOLE_RANGE: Final = "^[0-9]{1,20}$"
FLAG_RANGE: Final = "^(true|false)$"
WINDOW_RANGE: Final = r"^[0-9]{1,20}(\.[0-9]{1,3})?$"

LARGEST_WINDOW_MS: Final = 60_000
SMALLEST_STRATEGY_TYPE: Final = 1_000_000
_LARGEST_LIMIT: Final = 1_000

SECURITY: Final = ("timestamp", "recvWindow", "signature", "apiKey", "returnRateLimits")
"""Names that every signed request may carry."""


def illegal(name: str, legal: str) -> BinanceError:
    """Return the refusal of illegal characters."""
    return BinanceError(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    )


def missing(name: str) -> BinanceError:
    """Return the refusal of a request that lacks a mandatory parameter."""
    return BinanceError(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def either_missing(first: str, second: str) -> BinanceError:
    """Return the refusal of a request that lacks both of two parameters."""
    return BinanceError(
        -1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!"
    )


def not_required(name: str) -> BinanceError:
    """Return the refusal of a parameter that this request must not carry."""
    return BinanceError(-1106, f"Parameter '{name}' sent when not required.")


def bad_value(name: str) -> BinanceError:
    """Return the refusal of a value that is not one of those allowed."""
    return BinanceError(-1130, f"Data sent for parameter '{name}' is not valid.")


def bad_combination() -> BinanceError:
    """Return the refusal of optional parameters that do not go together."""
    return BinanceError(-1128, "Combination of optional parameters invalid.")


class _Text(NamedTuple):
    """Match a text against its legal range."""

    legal: str

    def check(self, name: str, text: str) -> None:
        if re.fullmatch(self.legal, text, re.ASCII) is None:
            raise illegal(name, self.legal)


class _Whole(NamedTuple):
    """Take a whole number that fits 63 bits."""

    def check(self, name: str, text: str) -> None:
        _Text(WHOLE_RANGE).check(name, text)
        if int(text) > MAXIMUM:
            raise BinanceError(-1108, f"Parameter '{name}' overflowed.")


class _Decimal(NamedTuple):
    """Take a plain decimal of at most 8 places that fits 63 bits of 1e-8."""

    def check(self, name: str, text: str) -> None:
        _Text(DECIMAL_RANGE).check(name, text)
        if len(text.partition(".")[2]) > ASSET_DECIMALS:
            raise BinanceError(-1111, f"Parameter '{name}' has too much precision.")
        if _units(text) > MAXIMUM:
            raise BinanceError(-1108, f"Parameter '{name}' overflowed.")


class _Choice(NamedTuple):
    """Take one of a few words."""

    words: frozenset[str]
    code: int = -1130
    text: str = ""

    def check(self, name: str, text: str) -> None:
        if text not in self.words:
            raise BinanceError(self.code, self.text) if self.text else bad_value(name)


class _Window(NamedTuple):
    """Take the time in milliseconds for which a request stays valid, to the microsecond."""

    def check(self, name: str, text: str) -> None:
        _Text(WINDOW_RANGE).check(name, text)
        if window_ns(text) > LARGEST_WINDOW_MS * 1_000_000:
            raise BinanceError(
                -1102,
                f"'{name}' contains unexpected value. Cannot be greater than "
                f"'{LARGEST_WINDOW_MS}'.",
            )


class _StrategyType(NamedTuple):
    """Take the number of a strategy's kind; the low ones are the venue's own."""

    def check(self, name: str, text: str) -> None:
        _Whole().check(name, text)
        if int(text) < SMALLEST_STRATEGY_TYPE:
            raise BinanceError(-1134, f"`{name}` was less than {SMALLEST_STRATEGY_TYPE}.")


_Rule = _Text | _Whole | _Decimal | _Choice | _Window | _StrategyType


def _words(text: str, code: int = -1130, refusal: str = "") -> _Choice:
    return _Choice(frozenset(text.split()), code, refusal)


_RULES: Final[Mapping[str, _Rule]] = {
    "symbol": _Text(SYMBOL_RANGE),
    "side": _words("BUY SELL", -1117, "Invalid side."),
    "type": _words(
        "LIMIT MARKET LIMIT_MAKER STOP_LOSS STOP_LOSS_LIMIT TAKE_PROFIT TAKE_PROFIT_LIMIT",
        -1116,
        "Invalid orderType.",
    ),
    "timeInForce": _words("GTC IOC FOK", -1115, "Invalid timeInForce."),
    **dict.fromkeys(
        ("quantity", "quoteOrderQty", "price", "stopPrice", "icebergQty", "newQty"), _Decimal()
    ),
    **dict.fromkeys(
        (
            "newClientOrderId",
            "origClientOrderId",
            "cancelNewClientOrderId",
            "cancelOrigClientOrderId",
        ),
        _Text(CLIENT_ID_RANGE),
    ),
    **dict.fromkeys(
        (
            "orderId",
            "cancelOrderId",
            "strategyId",
            "trailingDelta",
            "startTime",
            "endTime",
            "fromId",
            "limit",
            "preventedMatchId",
            "fromPreventedMatchId",
            "fromExecutionId",
            "fromAllocationId",
            "timestamp",
            "subscriptionId",
        ),
        _Whole(),
    ),
    "strategyType": _StrategyType(),
    "newOrderRespType": _words("ACK RESULT FULL"),
    "selfTradePreventionMode": _words(
        "NONE EXPIRE_TAKER EXPIRE_MAKER EXPIRE_BOTH DECREMENT TRANSFER"
    ),
    "cancelReplaceMode": _words("STOP_ON_FAILURE ALLOW_FAILURE"),
    "orderRateLimitExceededMode": _words("DO_NOTHING CANCEL_ONLY"),
    "cancelRestrictions": _words(
        "ONLY_NEW ONLY_PARTIALLY_FILLED", -1145, "Invalid cancelRestrictions"
    ),
    **dict.fromkeys(
        ("omitZeroBalances", "computeCommissionRates", "returnRateLimits"), _Text(FLAG_RANGE)
    ),
    "recvWindow": _Window(),
}


class Parameters:
    """Hold a request's parameters as text, checked before they are asked for."""

    __slots__ = ("texts",)

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts: Final = texts

    def __contains__(self, name: str) -> bool:
        return name in self.texts

    def text(self, name: str) -> str | None:
        """Return a parameter's text, None when it was not sent."""
        return self.texts.get(name)

    def whole(self, name: str) -> int | None:
        """Return a whole number, None when it was not sent."""
        text = self.texts.get(name)
        return None if text is None else int(text)

    def units(self, name: str) -> int | None:
        """Return a decimal as a count of 1e-8, None when it was not sent."""
        text = self.texts.get(name)
        return None if text is None else _units(text)

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a truth value."""
        return self.texts.get(name, str(default).lower()) == "true"

    def limit(self, default: int = 500) -> int:
        """Return how many rows are asked for: at most 1000. Raises BinanceError for none."""
        limit = self.whole("limit")
        if limit == 0:
            raise bad_value("limit")
        return min(default if limit is None else limit, _LARGEST_LIMIT)

    def time_ns(self, name: str) -> int | None:
        """Return a stamp in nanoseconds; it may be sent in milliseconds or microseconds."""
        stamp = self.whole(name)
        return None if stamp is None else stamp_ns(stamp)


class Form(NamedTuple):
    """Say which parameters a request must and may carry."""

    mandatory: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    def checked(self, texts: Mapping[str, str], *, signed: bool = True) -> Parameters:
        """Return parameters that have the form. Raises BinanceError."""
        for name in self.mandatory:
            if not texts.get(name):
                raise missing(name)
        for name, text in texts.items():
            if not text:
                raise BinanceError(-1105, f"Parameter '{name}' was empty.")
        known = (*self.mandatory, *self.optional, *(SECURITY if signed else ()))
        for name in known:
            if name in texts and name in _RULES:
                _RULES[name].check(name, texts[name])
        self._refuse_unknown(texts, known)
        return Parameters(texts)

    def _refuse_unknown(self, texts: Mapping[str, str], known: Iterable[str]) -> None:
        read = len(texts.keys() & set(known))
        if read < len(texts):
            raise BinanceError(
                -1104,
                f"Not all sent parameters were read; read '{read}' parameter(s) but was sent "
                f"'{len(texts)}'.",
            )


def check_one(name: str, text: str) -> None:
    """Check one parameter's form alone. Raises BinanceError."""
    if not text:
        raise missing(name)
    _RULES[name].check(name, text)


def stamp_ns(stamp: int) -> int:
    """Return a stamp of milliseconds, or of microseconds (16 digits), in nanoseconds."""
    return stamp * 1_000 if stamp >= 10**15 else stamp * 1_000_000


def window_ns(text: str) -> int:
    """Return a recvWindow in nanoseconds."""
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(6, "0"))


def _units(text: str) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole) * ASSET_UNIT + int(fraction.ljust(ASSET_DECIMALS, "0"))


def read_form(text: str) -> dict[str, str]:
    """Return the parameters of a query or a form body.

    Raises BinanceError when a name comes twice or the text is no percent-encoded UTF-8.
    """
    texts: dict[str, str] = {}
    for part in text.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        try:
            name, value = (unquote_plus(one, errors="strict") for one in (name, value))
        except UnicodeDecodeError as error:
            raise BinanceError(-1100, "Illegal characters found in a parameter.") from error
        if name in texts:
            raise BinanceError(-1101, "Duplicate values for a parameter detected.")
        texts[name] = value
    return texts
