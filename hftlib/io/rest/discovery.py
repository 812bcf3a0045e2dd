"""Find out what a venue trades."""

import asyncio

from hftlib.core.errors import UnavailableError
from hftlib.core.instrument import Instrument
from hftlib.io.rest.client import RestClient
from hftlib.venues.plans import Addresses
from hftlib.venues.registry import InstrumentsError, instruments_from
from hftlib.venues.requests import instruments_request


async def discover(client: RestClient, addresses: Addresses) -> list[Instrument]:
    """Return every instrument that a venue lists; the list is on the tape before it is read.

    Raises UnavailableError, with what the venue did in words, when no list comes.
    """
    request = instruments_request(addresses)
    answer = await client.ask(request)
    if answer.trouble:
        raise UnavailableError(f"{addresses.venue} tells no instruments: {answer.trouble}")
    try:
        return await asyncio.to_thread(instruments_from, addresses.venue, request.url, answer.body)
    except InstrumentsError as error:
        raise UnavailableError(str(error)) from None
