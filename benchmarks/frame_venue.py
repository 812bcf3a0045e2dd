"""A venue that floods: Binance's paths over the simplest server, frames made before they are sent.

`python -m benchmarks.frame_venue FRAMES [RATE BURST]` listens on a free port of loopback, prints
it, and serves one websocket after the other: one depth frame, then, once the snapshot was asked
for, the rest of FRAMES: as fast as they are taken, or, once /begin was asked for, RATE a second in
bursts of BURST, each with the moment of its sending as event time (in microseconds). Each frame
changes one level a side. Nothing of hftlib is used.
"""

import base64
import ctypes
import hashlib
import json
import socket
import struct
import sys
import threading
import time
from typing import Final

SYMBOL: Final = "BTCUSDT"
BEGIN: Final = "/begin"
MIDDLE: Final = 6_000_000
_LEVELS: Final = 1_000
_CHUNK: Final = 200
_SETTLE_S: Final = 1.0
_ACCEPT: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_STAMP_AT: Final = len(f'{{"stream":"{SYMBOL.lower()}@depth@100ms","data":{{"e":"depthUpdate","E":')
_STAMP_SIZE: Final = 16
_PR_SET_TIMERSLACK: Final = 29


def _price(ticks: int) -> str:
    return f"{ticks // 100}.{ticks % 100:02d}000000"


def frame(number: int) -> bytes:
    """Return the depth frame with update id `number`: one level a side among the best hundred."""
    bid, ask = MIDDLE - 1 - number % 97, MIDDLE + number % 89
    size = 1 + number % 7
    data = (
        f'{{"e":"depthUpdate","E":{1_700_000_000_000_000 + number},"s":"{SYMBOL}","U":{number},'
        f'"u":{number},"b":[["{_price(bid)}","{size}.00000000"]],'
        f'"a":[["{_price(ask)}","{size}.50000000"]]}}'
    )
    return f'{{"stream":"{SYMBOL.lower()}@depth@100ms","data":{data}}}'.encode()


def framed(payload: bytes) -> bytes:
    """Return a text message as it goes over the wire."""
    return struct.pack(">BBH", 0x81, 126, len(payload)) + payload


def _exchange_info() -> dict[str, object]:
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1e6", "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000"},
    ]
    symbol = {
        "symbol": SYMBOL,
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "permissions": ["SPOT"],
        "permissionSets": [["SPOT"]],
        "filters": filters,
    }
    return {"timezone": "UTC", "serverTime": 0, "rateLimits": [], "symbols": [symbol]}


def _snapshot() -> dict[str, object]:
    return {
        "lastUpdateId": 1,
        "bids": [[_price(MIDDLE - 1 - step), "1.00000000"] for step in range(_LEVELS)],
        "asks": [[_price(MIDDLE + step), "1.00000000"] for step in range(_LEVELS)],
    }


class FrameVenue:
    """Serve whoever connects, each connection in a thread of its own."""

    def __init__(self, frames: int, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._frames = [framed(frame(number)) for number in range(1, frames + 1)]
        self._asked = threading.Event()
        self._told_to_begin = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def serve(self) -> None:
        """Serve until the process is ended."""
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._serve_one, args=(connection,), daemon=True).start()

    def _serve_one(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while head := _read_head(connection):
                path, key = _request_of(head)
                if key:
                    _shake_hands(connection, key)
                    self._flood(connection, path)
                    return
                connection.sendall(self._answer(path))
        except OSError:
            return

    def _answer(self, path: str) -> bytes:
        status, body = "200 OK", b"{}"
        if "exchangeInfo" in path:
            body = json.dumps(_exchange_info()).encode()
        elif "/depth" in path:
            body = json.dumps(_snapshot()).encode()
            self._asked.set()
        elif path == BEGIN:
            self._told_to_begin.set()
        elif "/time" in path:
            body = json.dumps({"serverTime": time.time_ns() // 1_000_000}).encode()
        elif "klines" in path or "trades" in path:
            body = b"[]"
        elif "ticker" in path:
            status, body = "404 Not Found", b'{"code":-1121,"msg":"Invalid symbol."}'
        lines = (
            f"HTTP/1.1 {status}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "X-MBX-USED-WEIGHT-1M: 1",
            "\r\n",
        )
        return "\r\n".join(lines).encode() + body

    def _flood(self, connection: socket.socket, path: str) -> None:
        """Send the first frame, wait until the book was asked for, send the rest, stay."""
        if "streams=" not in path:
            asked = json.loads(_read_message(connection))
            connection.sendall(_short(json.dumps({"result": None, "id": asked["id"]})))
        self._asked.clear()
        connection.sendall(self._frames[0])
        self._asked.wait()
        time.sleep(_SETTLE_S)
        if self._rate:
            self._told_to_begin.wait()
            _sleep_exactly()
            self._pace(connection)
        else:
            for begin in range(1, len(self._frames), _CHUNK):
                connection.sendall(b"".join(self._frames[begin : begin + _CHUNK]))
        while connection.recv(4096):
            pass

    def _pace(self, connection: socket.socket) -> None:
        """Send bursts at their due times, each frame stamped as it goes."""
        began = time.perf_counter()
        stamp_at = 4 + _STAMP_AT
        for number in range(1, len(self._frames), self._burst):
            _wait_until(began + number / self._rate)
            for whole in self._frames[number : number + self._burst]:
                stamp = b"%16d" % (time.time_ns() // 1_000)
                connection.sendall(whole[:stamp_at] + stamp + whole[stamp_at + _STAMP_SIZE :])


def _wait_until(due: float) -> None:
    """Sleep until it is time; a sender that spins would take a core from whom it measures."""
    while (left := due - time.perf_counter()) > 0:
        time.sleep(left)


def _sleep_exactly() -> None:
    """Have this process woken when it asked to be; Linux adds 50 us of its own accord."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)


def _read_head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        got = connection.recv(4096)
        if not got:
            return b""
        head += got
    return head


def _request_of(head: bytes) -> tuple[str, bytes]:
    """Return the path of a request, and its websocket key, b"" where it asks for none."""
    lines = head.split(b"\r\n")
    keys = [line for line in lines if line.lower().startswith(b"sec-websocket-key:")]
    return lines[0].split()[1].decode(), keys[0].partition(b":")[2].strip() if keys else b""


def _shake_hands(connection: socket.socket, key: bytes) -> None:
    accept = base64.b64encode(hashlib.sha1(key + _ACCEPT).digest())
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def _short(text: str) -> bytes:
    return struct.pack(">BB", 0x81, len(text)) + text.encode()


def _read_message(connection: socket.socket) -> bytes:
    """Return the next text message of a client; pings before it are left unanswered."""
    while True:
        first, size = _exactly(connection, 2)
        size &= 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", _exactly(connection, 2))
        mask = _exactly(connection, 4)
        masked = _exactly(connection, size)
        payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked))
        if first & 0x0F == 1:
            return payload


def _exactly(connection: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        more = connection.recv(size - len(got))
        if not more:
            raise ConnectionError("the client is gone")
        got += more
    return got


def main() -> None:
    """Serve until killed."""
    frames, rate, burst = [*sys.argv[1:], "0", "1"][:3] if len(sys.argv) == 2 else sys.argv[1:4]
    venue = FrameVenue(int(frames), float(rate), int(burst))
    print(venue.port, flush=True)
    venue.serve()


if __name__ == "__main__":
    main()
