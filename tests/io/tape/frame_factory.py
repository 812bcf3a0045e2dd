"""Frames for the tests of the tape."""

from hftlib.core.frames import Frame, FrameKind

START_NS = 1_723_161_253_937_085_768
STEP_NS = 100_000_000


def numbered(count: int, first: int = 0, step_ns: int = STEP_NS) -> list[Frame]:
    """Return `count` frames, `step_ns` apart, every seventh no UTF-8, every tenth a REST body."""
    return [one(number, START_NS + number * step_ns) for number in range(first, first + count)]


def one(number: int, ts_recv: int) -> Frame:
    """Return the frame of one number."""
    if number % 10 == 9:
        return Frame(
            number,
            ts_recv,
            "binance",
            "rest",
            FrameKind.REST,
            b'{"lastUpdateId":%d}' % number,
            "/api/v3/depth?symbol=BTCUSDT&limit=1000",
        )
    if number % 7 == 6:
        return Frame(number, ts_recv, "coinbase", "ws", FrameKind.WS, b"\xff\xfe%d" % number)
    return Frame(number, ts_recv, "binance", "ws", FrameKind.WS, b'{"u":%d,"b":[]}' % number)
