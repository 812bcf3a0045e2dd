"""Who listens to one product: connections by channel; a newcomer waits for its first message."""

from typing import Generic, TypeVar

Listener = TypeVar("Listener")


class Audience(Generic[Listener]):
    """Hold the listeners of one product.

    A newcomer becomes a listener when it got the channel's first message (a snapshot, the last
    trade), so that it never gets a change from before.
    """

    def __init__(self) -> None:
        """Begin with nobody."""
        self._listeners: dict[str, dict[Listener, None]] = {}
        self._newcomers: dict[str, dict[Listener, None]] = {}

    def __bool__(self) -> bool:
        """Say whether anybody listens or waits."""
        return bool(self._listeners or self._newcomers)

    def join(self, channel: str, listener: Listener) -> None:
        """Let a listener wait for the first message, also one who listened already."""
        _remove(self._listeners, channel, listener)
        self._newcomers.setdefault(channel, {})[listener] = None

    def leave(self, channel: str, listener: Listener) -> None:
        """Forget a listener of one channel."""
        _remove(self._listeners, channel, listener)
        _remove(self._newcomers, channel, listener)

    def forget(self, listener: Listener) -> None:
        """Forget a listener altogether."""
        for channel in {*self._listeners, *self._newcomers}:
            self.leave(channel, listener)

    def of(self, channel: str) -> list[Listener]:
        """Return the listeners of a channel, in the order in which they came."""
        return list(self._listeners.get(channel, ()))

    def hears(self, channel: str) -> bool:
        """Say whether a channel has a listener who got its first message."""
        return channel in self._listeners

    def awaits(self, channel: str) -> bool:
        """Say whether a newcomer waits for a channel's first message."""
        return channel in self._newcomers

    def admit(self, channel: str) -> list[Listener]:
        """Make the newcomers of a channel listeners, and return them."""
        newcomers = self._newcomers.pop(channel, {})
        if newcomers:
            self._listeners.setdefault(channel, {}).update(newcomers)
        return list(newcomers)


def _remove(groups: dict[str, dict[Listener, None]], channel: str, listener: Listener) -> None:
    group = groups.get(channel)
    if group is not None:
        group.pop(listener, None)
        if not group:
            del groups[channel]
