"""binance-sdk-spot against the request weight: 429, then 418. Alone, for it bans its address."""

import asyncio

from binance_common.configuration import ConfigurationRestAPI
from binance_common.errors import RateLimitBanError, TooManyRequestsError
from binance_sdk_spot.spot import Spot
from results import Results, ensure, expect, main, setup

SETUP = setup()


async def too_much_weight() -> str:
    """Ask for deep books until the venue refuses, go on until it bans."""
    client = Spot(ConfigurationRestAPI(base_path=SETUP["binance"], retries=0)).rest_api
    asked = 0
    try:
        while asked < 40:
            await asyncio.to_thread(client.depth, "BTCUSDT", 5000)
            asked += 1
        raise AssertionError(f"{asked} deep books were served")
    except TooManyRequestsError as error:
        expect(error.status_code, -1003, "code of 429")
        ensure(1 <= (error.retry_after or 0) <= 60, f"Retry-After {error.retry_after}")
        wait = error.retry_after
    try:
        for _ in range(100):
            try:
                await asyncio.to_thread(client.depth, "BTCUSDT", 5000)
            except TooManyRequestsError:
                continue
        raise AssertionError("never banned")
    except RateLimitBanError as ban:
        expect(ban.status_code, -1003, "code of 418")
        ensure((ban.retry_after or 0) >= 60, f"Retry-After of the ban {ban.retry_after}")
        return f"429 after {asked} deep books, Retry-After {wait}; then 418 for {ban.retry_after} s"


async def body() -> Results:
    results = Results("binance-sdk-spot")
    await results.run("rest:limit:429-418", too_much_weight)
    return results


if __name__ == "__main__":
    main(body)
