"""A client of the stream by hand, over a socket with buffers of a chosen size."""

import contextlib
import json
import socket
import struct
from collections.abc import Iterator

from hftlib.wire.messages import API_PREFIX

_REQUEST = (
    f"GET {API_PREFIX}/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class RawStream:
    """Send requests, and read nothing before it is asked to."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(_REQUEST.encode())
        self._stream = self.socket.makefile("rb")
        assert b" 101 " in self._stream.readline()
        while self._stream.readline() != b"\r\n":
            pass

    def __enter__(self) -> "RawStream":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._stream.close()
        self.socket.close()

    def say(self, request: object) -> None:
        """Send a request as JSON."""
        self.frame(0x81, json.dumps(request).encode())

    def frame(self, first: int, payload: bytes) -> None:
        """Send one frame, masked with zeros; `first` is its first byte: FIN and opcode."""
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", first, 0x80 | size)
        else:
            head = struct.pack("!BBH", first, 0x80 | 126, size)
        self.socket.sendall(head + bytes(4) + payload)

    def texts(self) -> Iterator[bytes]:
        """Yield the texts that come, until the server closes."""
        while len(head := self._stream.read(2)) == 2:
            first, length = struct.unpack("!BB", head)
            if length >= 126:
                wide = "!H" if length == 126 else "!Q"
                (length,) = struct.unpack(wide, self._stream.read(struct.calcsize(wide)))
            payload = self._stream.read(length)
            if first & 0x0F == 1:
                yield payload
            if first & 0x0F == 8:
                return
