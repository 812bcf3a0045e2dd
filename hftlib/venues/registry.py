"""Find a venue's session and the reader of its instruments by the venue's name."""

from collections.abc import Mapping

from hftlib.core import venue as names
from hftlib.core.errors import ConfigurationError
from hftlib.core.instrument import Instrument
from hftlib.venues.binance.session import BinanceSession
from hftlib.venues.coinbase.advanced import AdvancedSession
from hftlib.venues.coinbase.exchange import ExchangeSession
from hftlib.venues.session import Session

_BINANCE = (names.BINANCE, names.BINANCE_US, names.BINANCE_USDM, names.BINANCE_COINM)


def open_session(venue: str, instruments: Mapping[str, Instrument]) -> Session:
    """Return a new session of a venue; `instruments` by symbol may grow while it runs.

    Raises ConfigurationError when the venue is not known.
    """
    if venue in _BINANCE:
        return BinanceSession(venue, instruments)
    if venue == names.COINBASE:
        return AdvancedSession(instruments)
    if venue == names.COINBASE_EXCHANGE:
        return ExchangeSession(instruments)
    raise ConfigurationError(f"unknown venue {venue!r}: one of {', '.join(names.VENUES)}")
