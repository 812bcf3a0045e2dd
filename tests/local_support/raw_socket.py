"""A client that says whatever a test wants: bytes over a socket, frames however wrong."""

import base64
import os
import socket
import time
from struct import pack, unpack
from typing import NamedTuple

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0
_FIN = 0x80
_MASKED = 0x80


class Frame(NamedTuple):
    """Hold a frame that came."""

    opcode: int
    payload: bytes

    @property
    def code(self) -> int:
        """Return the code of a close frame, 1005 where it has none."""
        return int(unpack(">H", self.payload[:2])[0]) if len(self.payload) >= 2 else 1005


def frame(opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True) -> bytes:
    """Return a frame as a client writes it; without its mask it is wrong."""
    size, mask_bit = len(payload), _MASKED if masked else 0
    first = opcode | (_FIN if fin else 0)
    if size < 126:
        head = pack("BB", first, size | mask_bit)
    elif size <= 0xFFFF:
        head = pack(">BBH", first, 126 | mask_bit, size)
    else:
        head = pack(">BBQ", first, 127 | mask_bit, size)
    # A mask of zeros leaves the payload as it is.
    return head + (b"\0\0\0\0" if masked else b"") + payload


class RawClient:
    """Hold one connection."""

    def __init__(self, port: int, path: str = "/", within_s: float = 10.0) -> None:
        """Connect to a port of this machine and shake hands at `path`."""
        self.socket = socket.create_connection(("127.0.0.1", port), within_s)
        self._read = b""
        self.is_gone = False
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
            "\r\n",
        )
        self.send("\r\n".join(lines).encode())
        while b"\r\n\r\n" not in self._read:
            self._more(time.monotonic() + within_s)
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        self.status = int(head.split()[1])

    def send(self, data: bytes) -> None:
        """Send bytes; it is no matter when the other end is gone already."""
        try:
            self.socket.sendall(data)
        except OSError:
            self.is_gone = True

    def say(self, text: str | bytes) -> None:
        """Send a text message."""
        self.send(frame(TEXT, text.encode("utf-8", "replace") if isinstance(text, str) else text))

    def next(self, within_s: float = 10.0) -> Frame | None:
        """Return the next frame, None when the other end hung up. Raises TimeoutError."""
        deadline = time.monotonic() + within_s
        while True:
            found = self._cut_frame()
            if found is not None:
                return found
            if self.is_gone:
                return None
            self._more(deadline)

    def until(self, opcode: int, within_s: float = 10.0, holding: bytes = b"") -> Frame | None:
        """Return the next frame of a kind that holds some bytes, None when there is none."""
        deadline = time.monotonic() + within_s
        while True:
            found = self.next(max(deadline - time.monotonic(), 0.001))
            if found is None or (found.opcode == opcode and holding in found.payload):
                return found

    def close(self) -> None:
        """Hang up without a word."""
        self.socket.close()

    def _more(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("nothing came")
        self.socket.settimeout(left)
        try:
            read = self.socket.recv(1 << 16)
        except TimeoutError:
            raise
        except OSError:
            read = b""
        self.is_gone = self.is_gone or not read
        self._read += read

    def _cut_frame(self) -> Frame | None:
        if len(self._read) < 2:
            return None
        size, start = self._read[1] & 0x7F, 2
        if size == 126:
            size, start = int.from_bytes(self._read[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(self._read[2:10], "big"), 10
        if len(self._read) < start + size:
            return None
        found = Frame(self._read[0] & 0x0F, self._read[start : start + size])
        self._read = self._read[start + size :]
        return found
