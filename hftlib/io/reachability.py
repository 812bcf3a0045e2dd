"""Which exchanges answer from here, and how far their clocks are from ours."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import msgspec
import requests
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import connect

from hftlib.core import venue


class Endpoint(msgspec.Struct, frozen=True):
    """Name where a venue tells its time and where its market data feed opens."""

    venue: str
    time_url: str
    feed_url: str


class Reach(msgspec.Struct, frozen=True):
    """Tell what one venue did: `clock_offset_ms` is its clock minus ours, None when unknown."""

    venue: str
    answers: bool
    clock_offset_ms: float | None
    round_trip_ms: float | None
    feed_opens: bool
    note: str


ENDPOINTS: Final = (
    Endpoint(
        venue.BINANCE,
        "https://api.binance.com/api/v3/time",
        "wss://stream.binance.com:9443/ws/btcusdt@bookTicker",
    ),
    Endpoint(
        venue.BINANCE_US,
        "https://api.binance.us/api/v3/time",
        "wss://stream.binance.us:9443/ws/btcusdt@bookTicker",
    ),
    Endpoint(
        venue.BINANCE_USDM,
        "https://fapi.binance.com/fapi/v1/time",
        "wss://fstream.binance.com/public/ws/btcusdt@bookTicker",
    ),
    Endpoint(
        venue.BINANCE_COINM,
        "https://dapi.binance.com/dapi/v1/time",
        "wss://dstream.binance.com/ws/btcusd_perp@bookTicker",
    ),
    Endpoint(
        venue.COINBASE,
        "https://api.coinbase.com/api/v3/brokerage/time",
        "wss://advanced-trade-ws.coinbase.com",
    ),
    Endpoint(
        venue.COINBASE_EXCHANGE,
        "https://api.exchange.coinbase.com/time",
        "wss://ws-feed.exchange.coinbase.com",
    ),
)

SAMPLES: Final = 3
WORDS: Final[Mapping[int, str]] = {
    403: "403: refused, often by a firewall in between",
    418: "418: this address is banned for a while, it asked too often",
    429: "429: too many requests from this address",
    451: "451: the venue does not serve this place",
}


def probe(endpoints: Sequence[Endpoint] = ENDPOINTS, *, timeout_s: float = 3.0) -> list[Reach]:
    """Ask all endpoints at once; return what each did, in their order.

    Never raises on a network that is absent or wrong. A request that hangs is given up after
    `timeout_s` of silence.
    """
    with ThreadPoolExecutor(max_workers=2 * max(len(endpoints), 1)) as pool:
        times = [pool.submit(_ask_time, endpoint.time_url, timeout_s) for endpoint in endpoints]
        feeds = [pool.submit(_open_feed, endpoint.feed_url, timeout_s) for endpoint in endpoints]
    reaches = []
    for endpoint, asked, opened in zip(endpoints, times, feeds):
        offset_ms, round_trip_ms, time_note = asked.result()
        feed_note = opened.result()
        notes = "; ".join(
            f"{part} {note}" for part, note in (("REST", time_note), ("feed", feed_note)) if note
        )
        reaches.append(
            Reach(endpoint.venue, not time_note, offset_ms, round_trip_ms, not feed_note, notes)
        )
    return reaches


def _ask_time(url: str, timeout_s: float) -> tuple[float | None, float | None, str]:
    """Return (clock offset ms, round trip ms, what went wrong or empty).

    The offset is the venue's time minus the midpoint of sending and receiving, taken from the
    quickest of a few exchanges, where the midpoint is nearest to the truth.
    """
    samples: list[tuple[float, float]] = []
    try:
        with requests.Session() as session:
            for _ in range(SAMPLES):
                anchor_ms, started = time.time() * 1e3, time.perf_counter()
                answer = session.get(url, timeout=timeout_s)
                round_trip_ms = (time.perf_counter() - started) * 1e3
                answer.raise_for_status()
                offset_ms = server_time_ms(answer.json()) - (anchor_ms + round_trip_ms / 2)
                samples.append((round_trip_ms, offset_ms))
    except requests.HTTPError as error:
        status = error.response.status_code
        return None, None, WORDS.get(status, f"{status}: {error.response.reason}")
    except requests.Timeout:
        return None, None, f"no answer within {timeout_s:g} s"
    except ValueError as error:  # before OSError: a body that is no JSON is both
        return None, None, f"tells no time: {error}"
    except OSError:
        return None, None, "no connection"
    round_trip_ms, offset_ms = min(samples)
    return round(offset_ms, 1), round(round_trip_ms, 1), ""


def server_time_ms(body: Any) -> float:
    """Return a venue's time in epoch ms from the body of its time endpoint.

    Binance: serverTime in ms. Coinbase: epochMillis as text; Coinbase Exchange: epoch in seconds.
    Raises ValueError when none of them is there.
    """
    fields = body if isinstance(body, dict) else {}
    for name, scale in (("serverTime", 1.0), ("epochMillis", 1.0), ("epoch", 1e3)):
        if name in fields:
            return float(fields[name]) * scale
    raise ValueError(f"none of serverTime, epochMillis, epoch in {str(body)[:60]!r}")


def _open_feed(url: str, timeout_s: float) -> str:
    """Open and close a websocket; return what went wrong, or empty."""
    try:
        with connect(url, open_timeout=timeout_s, close_timeout=timeout_s):
            return ""
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"
    except InvalidHandshake as error:
        return f"handshake refused: {error}"
    except (OSError, EOFError):
        return "no connection"


def ask_health(url: str, token: str = "", *, timeout_s: float = 1.0) -> dict[str, Any] | None:
    """Return what a desk at `url` says of its health; None when no desk answers there."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = requests.get(f"{url}/api/v1/health", headers=headers, timeout=timeout_s)
        answer.raise_for_status()
        body = answer.json()
    except (requests.RequestException, ValueError):
        return None
    return body if isinstance(body, dict) else None
