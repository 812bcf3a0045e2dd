"""Which source a desk shows, and where its venues answer."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from hftlib.core.errors import ConfigurationError
from hftlib.core.states import Source
from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE, COINBASE_EXCHANGE
from hftlib.desk.settings import LIVE, LOCAL, TESTNET
from hftlib.io.reachability import ENDPOINTS, Endpoint, Reach, probe
from hftlib.venues.addresses import LIVE_ADDRESSES, TESTNET_ADDRESSES
from hftlib.venues.plans import Addresses

LOCAL_VENUES: Final = (BINANCE, BINANCE_USDM, COINBASE, COINBASE_EXCHANGE)
"""The venues that there are locally."""

_log: Final = logging.getLogger(__name__)

Probe = Callable[[Sequence[Endpoint]], Sequence[Reach]]


class RunningSource(msgspec.Struct, frozen=True):
    """Say what a run shows: `name` live, testnet or local, and one line why it is that one.

    `addresses` by venue; those of local venues are known once they run.
    """

    name: str
    source: Source
    origin: str
    reason: str = ""
    addresses: Mapping[str, Addresses] = {}


def choose_source(name: str, venues: Sequence[str], ask: Probe = probe) -> RunningSource:
    """Return what a source's name means here; `auto` asks the exchanges, which takes seconds.

    Raises ConfigurationError for a venue that the source does not have.
    """
    if name == LIVE:
        return _exchanges(LIVE, venues, LIVE_ADDRESSES)
    if name == TESTNET:
        return _exchanges(TESTNET, venues, TESTNET_ADDRESSES)
    if name == LOCAL:
        return _local("")
    return _whatever_answers(venues, ask)


def _whatever_answers(venues: Sequence[str], ask: Probe) -> RunningSource:
    reaches = ask([one for one in ENDPOINTS if one.venue in venues])
    answering = [one.venue for one in reaches if one.answers]
    if answering:
        silent = [f"{one.venue} does not answer: {one.note}" for one in reaches if not one.answers]
        others = [name for name in venues if name not in LIVE_ADDRESSES]
        return _exchanges(LIVE, [*answering, *others], LIVE_ADDRESSES, "; ".join(silent))
    for one in reaches:
        _log.warning("an exchange does not answer", extra={"venue": one.venue, "why": one.note})
    return _local("No exchange answers from here, so the venues are simulated.")


def _exchanges(
    name: str, venues: Sequence[str], known: Mapping[str, Addresses], reason: str = ""
) -> RunningSource:
    missing = [venue for venue in venues if venue in LIVE_ADDRESSES and venue not in known]
    if missing:
        raise ConfigurationError(f"{missing[0]} has no {name}; there is {', '.join(known)}")
    addresses = {venue: known[venue] for venue in venues if venue in known}
    origin = f"{name}: {', '.join(venues)}"
    return RunningSource(name, Source.EXCHANGE, origin, reason, addresses)


def _local(reason: str) -> RunningSource:
    return RunningSource(LOCAL, Source.SIMULATED, "local venues", reason)


def local_addresses(
    told: Mapping[str, str], venues: Sequence[str]
) -> tuple[dict[str, Addresses], tuple[str, ...]]:
    """Return the addresses of local venues, and the names of those wanted that are not local."""
    known = {
        venue: Addresses(venue, told[venue], told[venue].replace("http", "ws", 1))
        for venue in venues
        if venue in told and venue in LOCAL_VENUES
    }
    return known, tuple(venue for venue in venues if venue not in known)
