"""A running source whose venues can be asked: exchanges that answer, or local venues that run.

It is opened beside the loading of the kernels: asking exchanges and starting venues takes seconds.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from hftlib.core.errors import ConfigurationError
from hftlib.desk.market_child import MarketChild
from hftlib.desk.settings import LOCAL, DeskSettings
from hftlib.desk.sources import LOCAL_VENUES, RunningSource, choose_source, local_addresses
from hftlib.venues.plans import Addresses

_log: Final = logging.getLogger(__name__)


class OpenedSource:
    """Hold where each venue answers; `others` have no protocol here and are read through ccxt."""

    def __init__(
        self,
        source: RunningSource,
        addresses: Mapping[str, Addresses],
        others: tuple[str, ...],
        market: MarketChild | None = None,
    ) -> None:
        """Hold what `open_source` found and started."""
        self.source = source
        self.addresses = addresses
        self.others = others
        self.market = market

    async def close(self) -> None:
        """End the local venues that were started."""
        if self.market is not None:
            await self.market.close()


async def open_source(settings: DeskSettings, name: str) -> OpenedSource:
    """Return the source of a name, its local venues running where it is they.

    Raises ConfigurationError for a venue that the source does not have, UnavailableError when the
    local venues do not come up.
    """
    source = await asyncio.to_thread(choose_source, name, settings.venues)
    if source.reason:
        _log.warning(source.reason)
    if source.name != LOCAL:
        others = tuple(venue for venue in settings.venues if venue not in source.addresses)
        return OpenedSource(source, source.addresses, others)
    market = MarketChild(settings.data_dir)
    try:
        addresses, absent = local_addresses(await market.open(), settings.venues)
        if absent:
            source = without(source, absent, addresses)
    except BaseException:
        await market.close()
        raise
    return OpenedSource(source, addresses, (), market)


def without(
    source: RunningSource, absent: Sequence[str], present: Mapping[str, Addresses]
) -> RunningSource:
    """Return a local source that says which venues it lacks: real ones would not be SIMULATED.

    Raises ConfigurationError when it lacks all of them.
    """
    missing = f"There is no local {' and no local '.join(absent)}."
    if not present:
        raise ConfigurationError(f"{missing} Local venues: {', '.join(LOCAL_VENUES)}")
    reason = f"{source.reason} {missing}".strip()
    return msgspec.structs.replace(source, reason=reason)
