"""Find a venue's session and the reader of its instruments by the venue's name."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from hftlib.core import venue as names
from hftlib.core.errors import ConfigurationError, HftlibError
from hftlib.core.instrument import Instrument
from hftlib.venues.binance import instruments as binance_instruments
from hftlib.venues.binance.session import BinanceSession
from hftlib.venues.ccxt import markets as ccxt_markets
from hftlib.venues.ccxt.session import CcxtSession
from hftlib.venues.coinbase import instruments as coinbase_instruments
from hftlib.venues.coinbase.advanced import AdvancedSession
from hftlib.venues.coinbase.exchange import ExchangeSession
from hftlib.venues.lobster import LobsterSession
from hftlib.venues.session import Session
from hftlib.venues.urls import request_of

_BINANCE: Final = (names.BINANCE, names.BINANCE_US, names.BINANCE_USDM, names.BINANCE_COINM)
_COINBASE: Final = (names.COINBASE, names.COINBASE_EXCHANGE)
_CCXT_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,31}", re.ASCII)


class InstrumentsError(HftlibError):
    """Refuse a body that lists no instruments."""


def is_ccxt_venue(venue: str) -> bool:
    """Say whether a venue's name is none that hftlib has a protocol for, but may be one of ccxt."""
    return venue not in names.VENUES and _CCXT_NAME.fullmatch(venue) is not None


def open_session(venue: str, instruments: Mapping[str, Instrument]) -> Session:
    """Return a new session of a venue; `instruments` by symbol may grow while it runs.

    A name that is none of ours is one of ccxt's. Raises ConfigurationError when it cannot be.
    """
    if venue in _BINANCE:
        return BinanceSession(venue, instruments)
    if venue == names.COINBASE:
        return AdvancedSession(instruments)
    if venue == names.COINBASE_EXCHANGE:
        return ExchangeSession(instruments)
    if venue == names.LOBSTER:
        return LobsterSession(instruments)
    if is_ccxt_venue(venue):
        return CcxtSession(venue, instruments)
    raise ConfigurationError(
        f"unknown venue {venue!r}: one of {', '.join(names.VENUES)}, or an exchange's ccxt id"
    )


def lists_instruments(venue: str, request: str) -> bool:
    """Say whether the answer to a request URL lists instruments of a venue.

    Raises MalformedError when the request is no URL.
    """
    parsed = request_of(request)
    if venue in _BINANCE:
        return parsed.endpoint == "exchangeInfo"
    if is_ccxt_venue(venue):
        return parsed.endpoint == "markets"
    return venue in _COINBASE and "products" in parsed.parts and len(parsed.after("products")) <= 1


def instruments_from(venue: str, request: str, body: bytes) -> list[Instrument]:
    """Return the instruments that a REST body lists (exchangeInfo, products).

    Rows without usable increments are left out. Raises InstrumentsError when the request asked
    for something else or the body is no such list.
    """
    if not lists_instruments(venue, request):
        raise InstrumentsError(f"{request[:120]!r} lists no instruments of {venue}")
    try:
        if venue in _BINANCE:
            return binance_instruments.instruments_from(venue, body)
        if is_ccxt_venue(venue):
            return ccxt_markets.instruments_from(venue, body)
        return coinbase_instruments.instruments_from(venue, body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InstrumentsError(f"no list of instruments of {venue}: {error}") from error
