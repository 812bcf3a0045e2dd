"""One client's websocket: what its venue has for it goes out in one write, and never piles up."""

import asyncio
from typing import Final

from hftlib.exchange.faults import Faults
from hftlib.exchange.messages import Close, Connection, Message, Outgoing, Ping
from hftlib.io.local.frames import close_frame, framed, ping_frame, pong_frame

BACKLOG_BYTES: Final = 4 * 1024 * 1024
"""What may wait for a slow client before it is cut, the frame in hand not counted."""
FAREWELL_S: Final = 2.0
"""How long a client may take to answer a close frame."""


class Link:
    """Write to one client what stands in its connection's outbox."""

    def __init__(
        self,
        connection: Connection,
        transport: asyncio.Transport,
        faults: Faults,
        backlog_bytes: int = BACKLOG_BYTES,
    ) -> None:
        """Serve `connection` on `transport`, whose handshake is done."""
        self.connection = connection
        self.faults = faults
        self.is_ending = False
        self.was_slow = False
        self.frames_out = 0
        self.bytes_out = 0
        self._transport = transport
        self._backlog_bytes = backlog_bytes

    def flush(self, now_ns: int) -> None:
        """Write what is due at `now_ns`; cut the client when it takes too little."""
        outgoing = self.faults.take(self.connection, now_ns)
        if not outgoing or self.is_ending or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > self._backlog_bytes:
            self.was_slow = True
            self._end(Close(abrupt=True))
            return
        end = self._write(outgoing)
        if end is not None:
            self._end(end)

    def _write(self, outgoing: list[Outgoing]) -> Close | None:
        """Write everything up to a close in one go; return the close."""
        parts: list[bytes] = []
        end: Close | None = None
        for item in outgoing:
            if isinstance(item, Message):
                parts.append(framed(item))
            elif isinstance(item, Ping):
                parts.append(ping_frame(item.payload))
            else:
                end = item
                break
        if parts:
            joined = parts[0] if len(parts) == 1 else b"".join(parts)
            self._transport.write(joined)
            self.frames_out += len(parts)
            self.bytes_out += len(joined)
        return end

    def pong(self, payload: bytes, now_ns: int) -> None:
        """Answer a ping, unless a fault keeps the venue mute."""
        if not self.is_ending and not self.faults.is_mute(self.connection, now_ns):
            self._transport.write(pong_frame(payload))

    def refuse(self, code: int, reason: str) -> None:
        """End the connection over something that the client did."""
        self._end(Close(code, reason))

    def answer_close(self, code: int) -> None:
        """Answer the client's close frame, or take it as the answer to ours; hang up."""
        if not self.is_ending:
            self.is_ending = True
            self._transport.write(close_frame(code))
        self._transport.close()

    def _end(self, close: Close) -> None:
        if self.is_ending:
            return
        self.is_ending = True
        if close.abrupt:
            self._transport.abort()
            return
        self._transport.write(close_frame(close.code, close.reason))
        asyncio.get_running_loop().call_later(FAREWELL_S, self._transport.abort)
