"""One stream and who listens to it: a message is encoded once for each form that is wanted."""

from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from hftlib.exchange.messages import Message, Outgoing

_text: Final = msgspec.json.Encoder().encode

Write = Callable[[int], bytes]
"""Writes a payload with stamps in milliseconds (0) or microseconds (1)."""


class Listener(Protocol):
    """Be a connection that gets streams in one form."""

    outbox: list[Outgoing]

    @property
    def is_combined(self) -> bool:
        """Say whether payloads are wrapped with their stream's name."""

    @property
    def microseconds(self) -> int:
        """Return 1 where stamps are microseconds, else 0."""


class Topic:
    """Hold a stream's name and its listeners by the form that they get."""

    def __init__(self, name: str) -> None:
        """Name the stream; nobody listens yet."""
        self.name = name
        self._head = b'{"stream":%b,"data":' % _text(name)
        self._audiences: tuple[tuple[dict[Listener, None], dict[Listener, None]], ...] = (
            ({}, {}),
            ({}, {}),
        )

    @property
    def is_heard(self) -> bool:
        """Say whether anybody listens."""
        return any(raw or wrapped for raw, wrapped in self._audiences)

    def add(self, listener: Listener) -> None:
        """Let `listener` get the stream in the form that it wants now."""
        self._audiences[listener.microseconds][listener.is_combined][listener] = None

    def remove(self, listener: Listener) -> None:
        """Forget a listener, in whichever form it listened."""
        for audience in self._audiences[listener.microseconds]:
            audience.pop(listener, None)

    def send(self, write: Write, sent_ns: int) -> None:
        """Send what `write` makes to everybody, the same message object in every outbox."""
        for microseconds, (raw, wrapped) in enumerate(self._audiences):
            if not (raw or wrapped):
                continue
            text = write(microseconds)
            if raw:
                self._deliver(Message(text, sent_ns, self.name), raw)
            if wrapped:
                self._deliver(Message(b"%b%b}" % (self._head, text), sent_ns, self.name), wrapped)

    @staticmethod
    def _deliver(message: Message, audience: dict[Listener, None]) -> None:
        for listener in audience:
            listener.outbox.append(message)
