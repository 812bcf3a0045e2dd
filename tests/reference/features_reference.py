"""Plain reference versions of every feature: slow, short, and written from the papers.

`Reference` is fed the same events as a measurer and keeps all of them; what it is asked for it
computes from that history, with dicts, lists and fractions of the formulas' own text.
"""

import math
from itertools import accumulate, pairwise

SECOND = 1_000_000_000
PATIENCE = 60 * SECOND
BANDS = (5, 10, 25, 50, 100)


def order_flow_event(before, after):
    """Return e_n of Cont, Kukanov, Stoikov (2014); rows are (bid, bid size, ask, ask size)."""
    bid_0, bid_size_0, ask_0, ask_size_0 = before
    bid_1, bid_size_1, ask_1, ask_size_1 = after
    flow = 0
    if bid_1 >= bid_0:
        flow += bid_size_1
    if bid_1 <= bid_0:
        flow -= bid_size_0
    if ask_1 <= ask_0:
        flow -= ask_size_1
    if ask_1 >= ask_0:
        flow += ask_size_0
    return flow


def level_of(levels, index, sign):
    """Return level `index` as (price, size); one that is not there is worst and empty."""
    return levels[index] if index < len(levels) else (-sign * math.inf, 0)


def ratio(plus, minus):
    """Return (plus - minus) / (plus + minus), None where there is nothing."""
    return (plus - minus) / (plus + minus) if plus + minus else None


def slope(points):
    """Return the least-squares slope of y on x with intercept; None where x never varies."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    square = sum((x - mean_x) ** 2 for x, _ in points)
    if square == 0:
        return None
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / square


def walk(levels, size):
    """Return the average price of taking `size` from levels, None where they are too thin."""
    value, rest = 0, size
    for price, held in levels:
        taken = min(held, rest)
        value += taken * price
        rest -= taken
        if rest == 0:
            return value / size
    return None


class Reference:
    """Measure every feature but the micro-price from the whole history."""

    def __init__(self, *, tick=1.0, quantum=1.0, costs=(), bucket=None, window=60, value=None):
        self.tick, self.quantum, self.costs, self.window = tick, quantum, costs, window
        self.bucket, self.value_of = bucket, value or (lambda price, size: price * size)
        self.sides = ({}, {})
        self.now = self.origin = None
        self.flow = [0] * 10
        self.last_top = None
        self.restarts = 0
        self.mid_ticks = None
        self.every_trade = []
        self.effective, self.settled = [], []
        self._begin(0)

    def _begin(self, now):
        self.began = now
        self.trades = []
        self.mids = [(-math.inf, self.mid_ticks)]
        self.removed = []
        self.waiting = []

    # -- events ---------------------------------------------------------------------------

    def advance(self, ts):
        if self.now is None:
            self.now = ts
            self._begin(ts)
        if ts < self.now:
            if self.now - ts <= PATIENCE:
                return self.now
            self._begin(ts)
        self.now = ts
        due = [trade for trade in self.waiting if trade[0] <= ts]
        self.waiting = [trade for trade in self.waiting if trade[0] > ts]
        if self.mid_ticks is not None:
            for _, price, mid, sign in due:
                later = self.mid_ticks * self.tick
                realised = 2e4 * sign * (price - later) / mid
                self.settled.append((realised, 2e4 * sign * (later - mid) / mid))
        return ts

    def levels(self, side):
        held = self.sides[side].items()
        return sorted(held, reverse=side == 0)

    def frame(self, ts, bids, asks, *, snapshot=False):
        now = self.advance(ts)
        for side, changes in zip(self.sides, (bids, asks), strict=True):
            if snapshot:
                side.clear()
            for ticks, quanta in changes:
                side.pop(ticks, None)
                if quanta:
                    side[ticks] = quanta
        if snapshot:
            self._restart()
        top = (self.levels(0), self.levels(1))
        if self.last_top is not None:
            self._compare(now, self.last_top, top)
        self.last_top = top
        both = top[0] and top[1]
        self.mid_ticks = (top[0][0][0] + top[1][0][0]) / 2 if both else None
        self.mids.append((now, self.mid_ticks))

    def _restart(self):
        self.restarts += self.last_top is not None
        self.last_top = None

    def _compare(self, now, before, after):
        for level in range(10):
            rows = [(*level_of(b, level, 1), *level_of(a, level, -1)) for b, a in (before, after)]
            self.flow[level] += order_flow_event(*rows)
        bids, asks = (
            [level_of(top[side], 0, 1 - 2 * side) for top in (before, after)] for side in (0, 1)
        )
        for (price, size), (price_now, size_now) in (bids, [(-p, q) for p, q in asks]):
            if price_now < price:
                self.removed.append((now, size))
            elif price_now == price:
                self.removed.append((now, max(0, size - size_now)))

    def forget(self, ts):
        now = self.advance(ts)
        self._restart()
        self.mid_ticks = None
        self.mids.append((now, None))

    def trade(self, ts, ticks, quanta, sign):
        now = self.advance(ts)
        price = ticks * self.tick
        self.trades.append((now, ticks, quanta, sign))
        self.every_trade.append((ticks, quanta, sign))
        if self.mid_ticks is not None:
            mid = self.mid_ticks * self.tick
            self.effective.append(2e4 * sign * (price - mid) / mid)
            self.waiting.append((now + 5 * SECOND, price, mid, sign))

    # -- features -------------------------------------------------------------------------

    def features(self):
        """Return every feature by name; None where it is missing."""
        return {
            **self._quotes(),
            **self._flows(),
            **self._trading(),
            **self._spreads(),
            **self._bars(),
            **self._depth(),
        }

    def _quotes(self):
        bids, asks = self.levels(0), self.levels(1)
        out = dict.fromkeys(("best_bid_price", "best_bid_size", "best_ask_price", "best_ask_size"))
        forgotten = self.last_top is None
        if bids and not forgotten:
            out["best_bid_price"] = bids[0][0] * self.tick
            out["best_bid_size"] = bids[0][1] * self.quantum
        if asks and not forgotten:
            out["best_ask_price"] = asks[0][0] * self.tick
            out["best_ask_size"] = asks[0][1] * self.quantum
        names = ["mid", "spread", "spread_ticks", "spread_bps", "weighted_mid"]
        names += [f"imbalance_{depth}" for depth in (1, 5, 10, 20)]
        out |= dict.fromkeys(names)
        if not bids or not asks or forgotten:
            return out
        (bid, bid_size), (ask, ask_size) = bids[0], asks[0]
        out["mid"] = (bid + ask) / 2 * self.tick
        out["spread"] = (ask - bid) * self.tick
        out["spread_ticks"] = ask - bid
        out["spread_bps"] = 1e4 * (ask - bid) / ((ask + bid) / 2)
        weighted = (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
        out["weighted_mid"] = weighted * self.tick
        for depth in (1, 5, 10, 20):
            sums = [sum(size for _, size in levels[:depth]) for levels in (bids, asks)]
            out[f"imbalance_{depth}"] = ratio(*sums)
        return out

    def _flows(self):
        out = {"ofi_1": self.flow[0] * self.quantum, "ofi_10": sum(self.flow) * self.quantum}
        for level in range(2, 11):
            out[f"ofi_level_{level}"] = self.flow[level - 1] * self.quantum
        out["ofi_restarts"] = self.restarts
        return out

    def _trading(self):
        out = {"last_trade_price": None, "last_trade_size": None}
        if self.every_trade:
            out["last_trade_price"] = self.every_trade[-1][0] * self.tick
            out["last_trade_size"] = self.every_trade[-1][1] * self.quantum
        bought = sum(quanta for _, quanta, sign in self.every_trade if sign > 0)
        sold = sum(quanta for _, quanta, sign in self.every_trade if sign < 0)
        out["trades"] = len(self.every_trade)
        out["buy_volume"], out["sell_volume"] = bought * self.quantum, sold * self.quantum
        out["volume_delta"] = (bought - sold) * self.quantum
        for seconds in (1, 10):
            recent = [t for t in self.trades if t[0] > self.now - seconds * SECOND]
            buys = sum(quanta for _, _, quanta, sign in recent if sign > 0)
            sells = sum(quanta for _, _, quanta, sign in recent if sign < 0)
            out[f"trade_flow_{seconds}s"] = ratio(buys, sells)
            out[f"trade_volume_{seconds}s"] = (buys + sells) * self.quantum
        last = self.every_trade[-100:]
        buys = sum(quanta for _, quanta, sign in last if sign > 0)
        out["trade_flow_100"] = ratio(buys, sum(quanta for _, quanta, sign in last if sign < 0))
        out["vpin_bucket"], out["vpin"] = self._vpin()
        return out

    def _vpin(self):
        """Lay the volume out on one line and cut it into buckets."""
        bucket, trades = self.bucket, self.every_trade
        if bucket is None:
            if len(trades) < 500:
                return None, None
            bucket = max(1, sum(quanta for _, quanta, _ in trades[:500]) * 20 // 500)
            trades = trades[500:]
        ends = list(accumulate(quanta for _, quanta, _ in trades))
        full = ends[-1] // bucket if ends else 0
        if full < 50:
            return bucket * self.quantum, None
        imbalances = []
        for low in range((full - 50) * bucket, full * bucket, bucket):
            signed = 0
            for end, (_, quanta, sign) in zip(ends, trades, strict=True):
                overlap = min(end, low + bucket) - max(end - quanta, low)
                signed += sign * max(0, overlap)
            imbalances.append(abs(signed))
        return bucket * self.quantum, sum(imbalances) / (50 * bucket)

    def _spreads(self):
        out = dict.fromkeys(
            ("effective_spread_bps", "realised_spread_5s_bps", "price_impact_5s_bps")
        )
        if self.effective:
            out["effective_spread_bps"] = _mean(self.effective[-100:])
        if self.settled:
            out["realised_spread_5s_bps"] = _mean([realised for realised, _ in self.settled[-100:]])
            out["price_impact_5s_bps"] = _mean([impact for _, impact in self.settled[-100:]])
        return out

    def _mid_before(self, edge):
        before = [mid for now, mid in self.mids if now < edge]
        return before[-1] if before else None

    def bars(self):
        """Return closed bars (return, change, signed, volume, value, removed), oldest first."""
        rows, before = [], None
        first = self.began // SECOND + 1
        for second in range(first, self.now // SECOND + 1):
            edge = second * SECOND
            low = edge - SECOND if second > first else -math.inf
            mid = self._mid_before(edge)
            mid = None if mid is None else mid * self.tick
            trades = [trade for trade in self.trades if low <= trade[0] < edge]
            known = mid is not None and before is not None
            values = [self.value_of(t * self.tick, q * self.quantum) for _, t, q, _ in trades]
            rows.append(
                (
                    math.log(mid / before) if known else None,
                    mid - before if known else None,
                    sum(quanta * sign for _, _, quanta, sign in trades) * self.quantum,
                    sum(quanta for _, _, quanta, _ in trades) * self.quantum,
                    sum(values),
                    sum(size for now, size in self.removed if low <= now < edge) * self.quantum,
                )
            )
            before = mid
        return rows[-self.window :]

    def _bars(self):
        rows = self.bars() if self.now is not None else []
        names = ("realised_volatility_bps", "bipower_volatility_bps", "jump_share")
        out = dict.fromkeys((*names, "kyle_lambda", "amihud", "cancel_to_trade"))
        out["bars_held"] = len(rows)
        gains = [row[0] for row in rows]
        seen = [gain for gain in gains if gain is not None]
        if len(seen) >= 10:
            variance = sum(gain * gain for gain in seen)
            pairs = [(x, y) for x, y in pairwise(gains) if None not in (x, y)]
            bipower = math.pi / 2 * sum(abs(x) * abs(y) for x, y in pairs)
            out["realised_volatility_bps"] = 1e4 * math.sqrt(variance)
            out["bipower_volatility_bps"] = 1e4 * math.sqrt(bipower)
            out["jump_share"] = max(0.0, 1 - bipower / variance) if variance else None
        changes = [(row[2], row[1]) for row in rows if row[1] is not None]
        out["kyle_lambda"] = slope(changes) if len(changes) >= 10 else None
        ratios = [abs(row[0]) / row[4] for row in rows if row[0] is not None and row[4] > 0]
        out["amihud"] = 1e10 * _mean(ratios) if len(ratios) >= 10 else None
        traded, removed = (sum(row[place] for row in rows) for place in (3, 5))
        out["cancel_to_trade"] = max(0.0, removed - traded) / traded if traded else None
        return out

    def _depth(self):
        out = {}
        mid = self.mid_ticks
        for side, name, verb in ((0, "bid", "sell"), (1, "ask", "buy")):
            levels = self.levels(side)
            sign = 1 if side else -1
            far = [sign * 1e4 * (ticks - mid) / mid for ticks, _ in levels] if mid else []
            for band in BANDS:
                within = [size for (_, size), bps in zip(levels, far, strict=False) if bps <= band]
                reached = mid is not None and len(within) < len(levels)
                out[f"{name}_depth_{band}bps"] = sum(within) * self.quantum if reached else None
            out[f"{name}_slope_25bps"] = self._slope(levels, far)
            for size, cost in zip(("small", "medium", "large"), self.costs, strict=True):
                price = walk(levels, cost) if mid is not None else None
                out[f"{verb}_price_{size}"] = None if price is None else price * self.tick
                bps = None if price is None else sign * 1e4 * (price - mid) / mid
                out[f"{verb}_cost_{size}_bps"] = bps
        for band in BANDS:
            bid, ask = out[f"bid_depth_{band}bps"], out[f"ask_depth_{band}bps"]
            out[f"imbalance_{band}bps"] = None if None in (bid, ask) else ratio(bid, ask)
        return out

    def _slope(self, levels, far):
        near = [(bps, size) for bps, (_, size) in zip(far, levels, strict=False) if bps <= 25]
        square = sum(bps * bps for bps, _ in near)
        if len(near) == len(levels) or square == 0:
            return None
        sums = [sum(size for _, size in near[: k + 1]) for k in range(len(near))]
        joint = sum(bps * total for (bps, _), total in zip(near, sums, strict=True))
        return joint / square * self.quantum


def _mean(values):
    return sum(values) / len(values)


def micro_price_table(quotes, spread_states=3, imbalance_states=10):
    """Return G* in ticks by (spread class, imbalance class) from rows (bid, qb, ask, qa).

    Dense power iteration, G* = Σ_k B^k G1 with B = Σ_n Q^n T and G1 = Σ_n Q^n R1 (Stoikov 2018).
    """
    import numpy as np

    size = spread_states * imbalance_states

    def state(row, mirrored):
        bid, bid_size, ask, ask_size = row
        imbalance = min(
            int(imbalance_states * bid_size / (bid_size + ask_size)), imbalance_states - 1
        )
        imbalance = imbalance_states - 1 - imbalance if mirrored else imbalance
        return (min(max(ask - bid, 1), spread_states) - 1) * imbalance_states + imbalance

    stay, move, shift = np.zeros((size, size)), np.zeros((size, size)), np.zeros(size)
    for before, after in pairwise(quotes):
        change = (after[0] + after[2] - before[0] - before[2]) / 2
        for mirrored in (False, True):
            start, end = state(before, mirrored), state(after, mirrored)
            (move if change else stay)[start, end] += 1
            shift[start] += -change if mirrored else change
    total = (stay + move).sum(axis=1)
    weight = np.divide(1, total, where=total > 0, out=np.zeros(size))
    fundamental = np.linalg.inv(np.eye(size) - stay * weight[:, None])
    first, onward = fundamental @ (shift * weight), fundamental @ (move * weight[:, None])
    table, term = first.copy(), first
    for _ in range(5_000):
        term = onward @ term
        table += term
    return [value if seen else None for value, seen in zip(table, total > 0, strict=True)]
