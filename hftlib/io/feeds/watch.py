"""Whether a link lives: what was heard of it and when, without a clock of its own."""

from typing import Final

PING_EVERY_S: Final = 15.0
PONG_WITHIN_S: Final = 10.0
_SECOND_NS: Final = 1_000_000_000


class Watch:
    """Judge one link by its signs of life: messages, pings, pongs."""

    def __init__(self, silence_s: float, hand_over_ns: int | None, now_ns: int) -> None:
        """Begin at the link's opening; it is to be handed over at `hand_over_ns`, None: never."""
        self.opened_ns = now_ns
        self.heard_ns = now_ns
        self.hand_over_ns = hand_over_ns
        self._silence_ns = round(silence_s * _SECOND_NS)
        self._pinged_ns = now_ns
        self._signs = 0

    def look(self, signs: int, is_pong_due: bool, now_ns: int) -> str:
        """Return why the link is dead, "" while it lives; `signs` counts all that came of it."""
        if signs != self._signs:
            self._signs = signs
            self.heard_ns = now_ns
        silent_ns = now_ns - self.heard_ns
        if silent_ns > self._silence_ns:
            return f"silent for {silent_ns / _SECOND_NS:.1f} s"
        waited_ns = now_ns - self._pinged_ns
        if is_pong_due and waited_ns > PONG_WITHIN_S * _SECOND_NS:
            return f"no pong within {waited_ns / _SECOND_NS:.1f} s"
        return ""

    def should_ping(self, now_ns: int) -> bool:
        """Say whether a ping is due, which is then taken for sent."""
        if now_ns - self._pinged_ns < PING_EVERY_S * _SECOND_NS:
            return False
        self._pinged_ns = now_ns
        return True

    def lived_s(self, now_ns: int) -> float:
        """Return the link's age."""
        return (now_ns - self.opened_ns) / _SECOND_NS
