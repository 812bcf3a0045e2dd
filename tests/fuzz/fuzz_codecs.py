"""Fuzz one decoder, guided by coverage: python -m tests.fuzz.fuzz_codecs DECODER [options].

DECODER is a venue (its session, websocket and REST frames in any order), a venue with `-products`
(its list of instruments) or a layout of levels (`levels-pairs`, `-objects`, `-changes`,
`-updates`: the book's own scanner, uncompiled). Options go to libFuzzer as they are, such as
`-max_total_time=600`. The corpus is made anew in a temporary folder, from the captures where they
are present and from frames written by hand.

An input is a row of frames separated by the byte 0x1e; one that begins with `@` is a REST body
behind its URL and a line end, one that begins with `!` opens a connection with that URL, one that
is `~` closes it.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

os.environ["NUMBA_DISABLE_JIT"] = "1"

SEPARATOR = b"\x1e"
LONGEST_SEED = 6_000
SEEDS = 400
LEVELS = {"levels-pairs": 0, "levels-objects": 1, "levels-changes": 2, "levels-updates": 3}
SYMBOLS = {
    "binance": ("BTCUSDT", "0.01", "0.00000001"),
    "binance_us": ("CRVUSDT", "0.0001", "0.00000001"),
    "binance_usdm": ("BTCUSDT", "0.10", "0.001"),
    "binance_coinm": ("BTCUSD_PERP", "0.1", "1"),
    "coinbase": ("BTC-USD", "0.01", "0.00000001"),
    "coinbase_exchange": ("YFI-BTC", "0.00001", "0.000001"),
    "lobster": ("AMZN", "0.0001", "1"),
    "kraken": ("BTC/USD", "0.1", "0.00000001"),
}
PRODUCTS = {
    f"{venue}-products": "https://x/exchangeInfo" if "binance" in venue else "https://x/products"
    for venue in SYMBOLS
    if venue not in ("lobster", "kraken")
} | {"kraken-products": "ccxt://kraken/markets"}
CCXT_FRAMES = (
    b"!ccxt://kraken/book/BTC/USD",
    (
        b'{"type":"book","symbol":"BTC/USD","ts":1723161253000,"nonce":7,"bids":[["64000.1","1.5"]],'
        b'"asks":[["64000.2","0.00000001"]]}'
    ),
    b'{"type":"book","symbol":"BTC/USD","ts":null,"nonce":null,"bids":[],"asks":[]}',
    (
        b'{"type":"trades","symbol":"BTC/USD","trades":[{"id":"41","ts":1723161253000,'
        b'"price":"64000.1","size":"0.5","side":"buy"},{"id":"x","price":"1","size":"2","side":null}]}'
    ),
    (
        b'@ccxt://kraken/markets\n{"type":"markets","markets":[{"symbol":"BTC/USD","base":"BTC",'
        b'"quote":"USD","price_increment":"0.1","size_quantum":"0.00000001"}]}'
    ),
    b"~",
)
"""Frames of the neutral layout of ccxt venues; no capture holds any."""
DECODERS = (*SYMBOLS, *PRODUCTS, *LEVELS)


def session_target(venue: str) -> Callable[[bytes], None]:
    """Return a function that plays an input into a new session of a venue."""
    from hftlib.core.frames import Frame, FrameKind
    from hftlib.core.instrument import Instrument
    from hftlib.venues.registry import open_session

    symbol, tick, quantum = SYMBOLS[venue]
    instruments = {symbol: Instrument(venue, symbol, "A", "B", tick, quantum)}

    def frame(number: int, part: bytes) -> Frame:
        stamp = 1_723_161_253_000_000_000 + number * 1_000_000_000
        request = ""
        kind, payload = FrameKind.WS, part
        if part[:1] == b"@":
            url, _, payload = part[1:].partition(b"\n")
            kind, request = FrameKind.REST, url.decode("utf-8", "replace")
        elif part[:1] == b"!":
            kind, payload = FrameKind.OPENED, b""
            request = part[1:].decode("utf-8", "replace")
        elif part == b"~":
            kind, payload = FrameKind.CLOSED, b""
        return Frame(number, stamp, venue, "ws", kind, payload, request)

    def play(data: bytes) -> None:
        session = open_session(venue, instruments)
        for number, part in enumerate(data.split(SEPARATOR)):
            if not session.receive(frame(number, part)):
                raise AssertionError(f"no answer to {part[:80]!r}")
        session.is_synced(symbol)
        session.restore(session.checkpoint())

    return play


def products_target(venue: str, url: str) -> Callable[[bytes], None]:
    """Return a function that reads an input as a list of instruments."""
    from hftlib.venues.registry import InstrumentsError, instruments_from

    def read(data: bytes) -> None:
        try:
            instruments_from(venue, url, data)
        except InstrumentsError:
            return

    return read


def levels_target(layout: int) -> Callable[[bytes], None]:
    """Return a function that scans an input as levels into a book, beside a dict book."""
    from hftlib.book.book import Book, Outcome
    from hftlib.book.layout import ASK, BID
    from hftlib.core.events import BookDelta, Layout
    from hftlib.core.instrument import Instrument
    from tests.reference.dict_book import DictBook, RefusedError

    kept = Instrument("binance", "BTCUSDT", "BTC", "USD", "0.01", "0.00000001")
    applied = (Outcome.APPLIED, Outcome.CROSSED)
    book = Book(kept, window_bits=13)

    def scan(data: bytes) -> None:
        texts = {"bids": data} if layout < 2 else {"changes": data}
        delta = BookDelta("binance", "BTCUSDT", 1, 2, 1, 1, Layout(layout), **texts)
        book.clear()
        outcome = book.apply_delta(delta)
        reference = DictBook(kept)
        try:
            reference.apply(delta)
        except (RefusedError, RecursionError):
            return
        if outcome in applied:
            for side, held in ((BID, reference.bids), (ASK, reference.asks)):
                ticks, quanta = book.levels(side)
                if dict(zip(ticks.tolist(), quanta.tolist(), strict=True)) != held:
                    raise AssertionError(f"{outcome}, but the reference holds {held}")

    return scan


def seeds_of(decoder: str) -> Iterator[bytes]:
    """Yield first inputs: written by hand, then cut from the captures."""
    root = Path(__file__).resolve().parents[2].parent / "shared" / "captures"
    captures = Path(os.environ.get("HFT_CAPTURES") or root)
    venue = decoder.removesuffix("-products")
    frames = list(_shorten(_captured(captures, venue))) if venue in SYMBOLS else []
    if venue == "kraken":
        frames = list(CCXT_FRAMES)
    if decoder in PRODUCTS:
        yield b'{"symbols":[{"symbol":"A","baseAsset":"A","quoteAsset":"B","filters":[]}]}'
        yield b'[{"id":"A-B","base_currency":"A","quote_currency":"B"}]'
        bodies = (frame.partition(b"\n")[2] for frame in frames if frame[:1] == b"@")
        yield from (body[:LONGEST_SEED] for body in bodies)
        return
    if decoder in LEVELS:
        yield from _level_texts()
        return
    for start in range(0, len(frames), 5):
        yield SEPARATOR.join(frames[start : start + 5])
    yield from frames


def _level_texts() -> Iterator[bytes]:
    yield b'[["61837.63000000","3.78826000"],["61837.62","0"]]'
    yield b'[{"price":"1.01","size":"2"},{"size":"0","price":"1.02"}]'
    yield b'[["buy","0.81","2.5"],["sell","0.83","0.00000000"]]'
    yield b'[{"side":"bid","event_time":"x","price_level":"65083.66","new_quantity":"0.2"}]'
    yield b'[{"side":"offer","price_level":"65083.66","new_quantity":"0"}]'
    yield b"[]"


def _captured(captures: Path, venue: str) -> Iterator[bytes]:
    """Yield parts of the captures of a venue, in order."""
    from hftlib.core.frames import FrameKind
    from tests.reference import capture_reader

    folder = captures / "binance-3venue-btc-20240808"
    sources: dict[str, Callable[[], Iterable]] = {
        "binance": lambda: capture_reader.hftbacktest_frames(
            [captures / "binance-spot-btc-20240808" / "btcusdt_20240808.gz"], venue, "BTCUSDT"
        ),
        "binance_us": lambda: capture_reader.cryptofeed_frames(
            captures / "cryptofeed-binance-20211012" / "BINANCE_US_20211012.jsonl.gz", venue
        ),
        "binance_usdm": lambda: capture_reader.hftbacktest_frames(
            [folder / "usdm_btcusdt_20240808.gz"], venue, "BTCUSDT"
        ),
        "binance_coinm": lambda: capture_reader.hftbacktest_frames(
            [folder / "coinm_btcusd_perp_20240808.gz"], venue, "BTCUSD_PERP"
        ),
        "coinbase": lambda: capture_reader.cryptofeed_frames(
            captures / "coinbase-adv-20260809" / "COINBASE_seq0_519.jsonl.gz", venue
        ),
        "coinbase_exchange": lambda: capture_reader.cryptofeed_frames(
            captures / "coinbase-exchange-20210417" / "COINBASE_exchange_5products.jsonl.gz", venue
        ),
        "lobster": lambda: capture_reader.lobster_frames(
            captures / "lobster-amzn-20120621", "AMZN", "2012-06-21"
        ),
    }
    if not captures.is_dir() or venue not in sources:
        return
    for number, frame in enumerate(sources[venue]()):
        if number == SEEDS:
            return
        if frame.kind is FrameKind.REST:
            yield b"@" + frame.request.encode() + b"\n" + frame.payload
        elif frame.kind is FrameKind.OPENED:
            yield b"!" + frame.request.encode()
        else:
            yield frame.payload


def _shorten(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield parts with the middle of long lists cut out, so that they stay whole JSON."""
    for part in parts:
        if len(part) <= LONGEST_SEED:
            yield part
            continue
        head, mark, rest = part.partition(b"]," if b'"],[' in part else b"},")
        if mark:
            yield head + mark[:1] + rest[rest.rfind(b"]]" if mark[:1] == b"]" else b"}]") + 1 :]


def target_of(decoder: str) -> Callable[[bytes], None]:
    """Return the function that a decoder is fuzzed by."""
    if decoder in LEVELS:
        return levels_target(LEVELS[decoder])
    if decoder in PRODUCTS:
        return products_target(decoder.removesuffix("-products"), PRODUCTS[decoder])
    return session_target(decoder)


def write_corpus(decoder: str, folder: Path) -> int:
    """Write the seeds into a folder; return how many."""
    count = 0
    for count, seed in enumerate(seeds_of(decoder), 1):
        (folder / f"seed{count:05d}").write_bytes(seed)
    return count


def main() -> None:
    """Fuzz the decoder named first on the command line."""
    if len(sys.argv) < 2 or sys.argv[1] not in DECODERS:
        sys.exit(
            f"usage: python -m tests.fuzz.fuzz_codecs DECODER [libFuzzer options]\n"
            f"decoders: {' '.join(DECODERS)}"
        )
    import atheris

    decoder = sys.argv.pop(1)
    with atheris.instrument_imports(include=["hftlib.venues", "hftlib.book", "hftlib.core"]):
        target = target_of(decoder)
    with tempfile.TemporaryDirectory() as made:
        seeds = write_corpus(decoder, Path(made))
        print(f"{decoder}: {seeds} seeds", file=sys.stderr)
        atheris.Setup(
            [*sys.argv, "-max_len=20000", f"-artifact_prefix={tempfile.gettempdir()}/", made],
            target,
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
