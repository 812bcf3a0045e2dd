"""A micro-price that was estimated once and is carried to another session or instrument."""

import msgspec

from hftlib.features.layout import IMBALANCE_STATES, SPREAD_STATES, STATES


class MicroPriceModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold G* of Stoikov (2018) in ticks, by spread class times ten plus imbalance class.

    A state that was never seen is None. `moves` says how many moves of the mid stand behind it.
    Raises ValueError when the table has not one place for each state.
    """

    adjustment_ticks: tuple[float | None, ...]
    moves: int = 0

    def __post_init__(self) -> None:
        """Refuse a table of another shape."""
        if len(self.adjustment_ticks) != STATES:
            raise ValueError(
                f"a micro-price table has {STATES} states, not {len(self.adjustment_ticks)}"
            )

    def adjustment(self, bid_size: float, ask_size: float, spread_ticks: int) -> float | None:
        """Return micro-price less mid in ticks, None for a state that was never seen."""
        share = bid_size / (bid_size + ask_size)
        imbalance = min(int(IMBALANCE_STATES * share), IMBALANCE_STATES - 1)
        spread = min(max(spread_ticks, 1), SPREAD_STATES) - 1
        return self.adjustment_ticks[spread * IMBALANCE_STATES + imbalance]
