"""Talk to a desk over HTTP: one typed method a route, errors in words."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

import msgspec
import requests

from hftlib.client.history import END, NEXT, SOURCE, HistoryCalls
from hftlib.core.errors import HftlibError, UnavailableError
from hftlib.wire.history import CandlesReply, SqlRequest
from hftlib.wire.messages import (
    API_PREFIX,
    BookReply,
    BookRequest,
    ClockReply,
    ConsolidatedReply,
    ErrorReply,
    FeaturesReply,
    FeedReply,
    Health,
    InstrumentReply,
    LoopRequest,
    SeekRequest,
    SourceReply,
    SourceRequest,
    SpeedRequest,
    StatisticsReply,
    StepRequest,
    TradesReply,
    VenueReply,
)
from hftlib.wire.operations import MarkReply, MarkRequest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import pandas as pd
    import pyarrow as pa

    from hftlib.client.stream import Update
    from hftlib.wire.stream import BodyTopic, Encoding

TIMEOUT_S: Final = 5.0
HISTORY_TIMEOUT_S: Final = 120.0
PAGE_ROWS: Final = 100_000
_MOST_TIMES: Final = 500
_SECOND: Final = 1_000_000_000
Answer = TypeVar("Answer")


class RefusedError(HftlibError):
    """Carry a desk's refusal: `status` of HTTP, `code` to test for, and its sentence."""

    def __init__(self, status: int, reply: ErrorReply) -> None:
        """Keep what the desk said."""
        super().__init__(reply.message)
        self.status = status
        self.code = reply.code


class DeskConnection(HistoryCalls):
    """Ask one desk; safe to share between threads that do not close it.

    Every method raises UnavailableError when the desk does not answer and RefusedError when it
    answers with an error.
    """

    def __init__(self, url: str, token: str = "", *, timeout_s: float = TIMEOUT_S) -> None:
        """Prepare to talk to the desk at `url`; nothing is sent yet."""
        self.url = url.rstrip("/")
        self.token = token
        self._timeout_s = timeout_s
        self._session = requests.Session()
        self._session.trust_env = False
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> "DeskConnection":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Give the pooled sockets back."""
        self._session.close()

    def health(self) -> Health:
        """Return how the desk is."""
        return self._get("/health", Health)

    def venues(self) -> list[VenueReply]:
        """Return the venues of the run with their symbols."""
        return self._get("/venues", list[VenueReply])

    def instruments(self) -> list[InstrumentReply]:
        """Return the instruments of the run."""
        return self._get("/instruments", list[InstrumentReply])

    def book(self, venue: str, symbol: str, depth: int | None = None) -> BookReply:
        """Return one book with `depth` levels a side, all with None."""
        return self._get(f"/book/{_path(venue, symbol)}", BookReply, {"depth": depth})

    def consolidated(
        self,
        books: Mapping[str, str] | Sequence[tuple[str, str]],
        rates: Mapping[str, float | str] | None = None,
        depth: int | None = None,
    ) -> ConsolidatedReply:
        """Return several books side by side; `rates` values one unit of each quote currency."""
        pairs = books.items() if isinstance(books, Mapping) else books
        query = {
            "book": [f"{venue}:{symbol}" for venue, symbol in pairs],
            "rate": [f"{currency}={rate}" for currency, rate in (rates or {}).items()],
            "depth": depth,
        }
        return self._get("/consolidated", ConsolidatedReply, query)

    def latest_features(self, venue: str, symbol: str) -> FeaturesReply:
        """Return the features of one book as they stand."""
        return self._get(f"/features/{_path(venue, symbol)}", FeaturesReply)

    def latest_trades(self, venue: str, symbol: str, limit: int = 100) -> TradesReply:
        """Return the last `limit` trades, oldest first."""
        return self._get(f"/trades/{_path(venue, symbol)}", TradesReply, {"limit": limit})

    def latest_candles(
        self, venue: str, symbol: str, interval: str = "1m", limit: int = 500
    ) -> CandlesReply:
        """Return the last `limit` bars of 1s, 1m, 5m, 15m or 1h, oldest first."""
        query = {"interval": interval, "limit": limit}
        return self._get(f"/candles/{_path(venue, symbol)}", CandlesReply, query)

    def source(self) -> SourceReply:
        """Return what the desk shows and what else it can show."""
        return self._get("/source", SourceReply)

    def switch_source(self, source: str) -> SourceReply:
        """Let the desk show another source; `health` tells when it runs."""
        body = msgspec.json.encode(SourceRequest(source))
        return self._ask("POST", "/source", SourceReply, data=body)

    def listed(self, venue: str = "", find: str = "", limit: int = 100) -> list[InstrumentReply]:
        """Return what the venues list, the closest to `find` first."""
        query = {"venue": venue, "find": find, "limit": limit}
        return self._get("/listed", list[InstrumentReply], query)

    def bring(self, venue: str, symbol: str) -> InstrumentReply:
        """Let the desk bring one more book of a venue from now on."""
        body = msgspec.json.encode(BookRequest(venue, symbol))
        return self._ask("POST", "/books", InstrumentReply, data=body)

    def feeds(self) -> list[FeedReply]:
        """Return how each feed does."""
        return self._get("/feed", list[FeedReply])

    def statistics(self) -> list[StatisticsReply]:
        """Return the venues' own 24 h figures."""
        return self._get("/stats24h", list[StatisticsReply])

    def mark(self, label: str, note: str = "", *, ts: int | None = None) -> MarkReply:
        """Mark a moment of the run, now where `ts` (nanoseconds UTC) is None.

        The answer says that the mark is on the disk.
        """
        body = msgspec.json.encode(MarkRequest(label, note, ts))
        return self._ask("POST", "/marks", MarkReply, data=body)

    def marks(self, limit: int = 100, before: int | None = None) -> list[MarkReply]:
        """Return the last `limit` marks, the newest first, or those before the number `before`."""
        return self._get("/marks", list[MarkReply], {"limit": limit, "before": before})

    def clock(self) -> ClockReply:
        """Return where the run's clock stands and how it moves."""
        return self._get("/clock", ClockReply)

    def play(self) -> ClockReply:
        """Let the run go on; from the end, begin again."""
        return self._post("play")

    def pause(self) -> ClockReply:
        """Let the run stand still."""
        return self._post("pause")

    def step(self, events: int = 1) -> ClockReply:
        """Take some events while paused."""
        return self._post("step", StepRequest(events))

    def seek(self, ts: int) -> ClockReply:
        """Go to a time in integer nanoseconds UTC."""
        return self._post("seek", SeekRequest(ts))

    def set_speed(self, speed: float) -> ClockReply:
        """Play at 0.1 to 50 times the recorded pace, or at 0 as fast as possible."""
        return self._post("speed", SpeedRequest(speed))

    def set_loop(self, loop: bool) -> ClockReply:
        """Begin again at the end, or stop there."""
        return self._post("loop", LoopRequest(loop))

    def stream(
        self, *topics: "BodyTopic", encoding: "Encoding | None" = None
    ) -> "Generator[Update, None, None]":
        """Yield what the desk tells of topics, for ever: `for update in desk.stream(...)`.

        See hftlib/client/stream.py; raises StreamRefusedError for what the desk does not have.
        """
        from hftlib.client.stream import follow_in_turn
        from hftlib.wire.stream import Encoding

        written = Encoding.MSGPACK if encoding is None else encoding
        return follow_in_turn(self.url, *topics, token=self.token, encoding=written)

    def get_order_book(self, venue: str, symbol: str, depth: int | None = None) -> "pd.DataFrame":
        """Return one book as a DataFrame; client/frames.py says what its columns are."""
        from hftlib.client.frames import order_book_frame

        return order_book_frame(self.book(venue, symbol, depth))

    def get_consolidated_book(
        self,
        books: Mapping[str, str] | Sequence[tuple[str, str]],
        rates: Mapping[str, float | str] | None = None,
        depth: int | None = None,
    ) -> "pd.DataFrame":
        """Return several books as one DataFrame; prices of two currencies are never mixed.

        `books` maps venue to symbol. `rates` values one unit of each quote currency in a common
        one, for example {"USDT": 0.9998, "USD": 1}; only then are prices compared.
        """
        from hftlib.client.frames import consolidated_frame

        return consolidated_frame(self.consolidated(books, rates, depth))

    def sql(
        self,
        statement: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        max_rows: int = 100_000,
        max_seconds: float = 10.0,
        as_arrow: bool = False,
    ) -> Any:
        """Return what the desk's store answers to one statement that reads, as a DataFrame.

        `parameters` stand as {name:Type} in the statement. Limits that are passed are refusals.
        """
        asked = SqlRequest(statement, dict(parameters or {}), max_rows, max_seconds)
        body = msgspec.json.encode(asked)
        table = self._arrow("POST", "/sql", params={"format": "arrow"}, data=body)
        return table if as_arrow else table.to_pandas()

    def _history_books(self) -> list[tuple[str, str]]:
        return [(one.venue, symbol) for one in self.venues() for symbol in one.symbols]

    def history_pages(
        self, kind: str, venue: str, symbol: str, asked: Mapping[str, Any]
    ) -> "Iterator[pa.Table]":
        """Yield what was, page by page; `asked` are the parameters of the route but its limit.

        All pages are of the first one's source, whatever the desk shows by then.
        """
        query: dict[str, Any] = {**asked, "format": "arrow", "limit": PAGE_ROWS}
        query["horizon"] = [one / _SECOND for one in query.pop("horizons", ())]
        times = query.pop("times", None)
        path = f"/history/{kind}/{_path(venue, symbol)}"
        if times is not None:
            for at in range(0, len(times), _MOST_TIMES):
                part = {**query, "time": times[at : at + _MOST_TIMES]}
                part["start"], part["end"] = None, None
                page = self._arrow("GET", path, params=part)
                yield page
                query["source"] = page.schema.metadata[SOURCE].decode()
            return
        following: bytes | None = None
        while following != b"":
            page = self._arrow("GET", path, params=query)
            yield page
            following = page.schema.metadata[NEXT]
            query["end"] = page.schema.metadata[END].decode()
            query["source"] = page.schema.metadata[SOURCE].decode()
            query["start"] = following.decode()

    def _history(self, kind: str, venue: str, symbol: str, asked: Mapping[str, Any]) -> "pa.Table":
        import pyarrow as pa

        pages = list(self.history_pages(kind, venue, symbol, asked))
        told = {SOURCE: pages[0].schema.metadata[SOURCE]}
        return pa.concat_tables([page.replace_schema_metadata(told) for page in pages])

    def _get(self, path: str, kind: type[Answer], query: dict[str, Any] | None = None) -> Answer:
        return self._ask("GET", path, kind, params=query)

    def _post(self, command: str, body: msgspec.Struct | None = None) -> ClockReply:
        data = b"" if body is None else msgspec.json.encode(body)
        return self._ask("POST", f"/clock/{command}", ClockReply, data=data)

    def _ask(self, method: str, path: str, kind: type[Answer], **rest: Any) -> Answer:
        response = self._send(method, path, self._timeout_s, **rest)
        try:
            return msgspec.json.decode(response.content, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._strange(response) from None

    def _arrow(self, method: str, path: str, **rest: Any) -> "pa.Table":
        """Return an answer that is an Arrow stream."""
        import pyarrow as pa

        response = self._send(method, path, HISTORY_TIMEOUT_S, **rest)
        try:
            return pa.ipc.open_stream(response.content).read_all()
        except pa.ArrowInvalid:
            raise self._strange(response) from None

    def _send(self, method: str, path: str, timeout_s: float, **rest: Any) -> requests.Response:
        """Return a good answer. Raises as the class says."""
        address = self.url + API_PREFIX + path
        try:
            response = self._session.request(method, address, timeout=timeout_s, **rest)
        except requests.RequestException as error:
            reason = type(error).__name__
            raise UnavailableError(f"no desk answers at {self.url} ({reason})") from None
        if response.ok:
            return response
        try:
            reply = msgspec.json.decode(response.content, type=ErrorReply)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._strange(response) from None
        raise RefusedError(response.status_code, reply)

    def _strange(self, response: requests.Response) -> UnavailableError:
        return UnavailableError(
            f"{self.url} answered {response.status_code}, but not as a desk does"
        )


def feed_url(
    url: str, venue: str, symbol: str, *, row_ticks: int | None = None, depth: int | None = None
) -> str:
    """Return the websocket address of one heatmap, whose messages come as they are."""
    query = {
        "topic": "heatmap",
        "venue": venue,
        "symbol": symbol,
        "row_ticks": row_ticks,
        "depth": depth,
    }
    given = "&".join(
        f"{name}={quote(str(v), safe='')}" for name, v in query.items() if v is not None
    )
    return f"{stream_url(url)}?{given}"


def stream_url(url: str) -> str:
    """Return the websocket address of the stream of the desk at `url`."""
    return "ws" + url.rstrip("/").removeprefix("http") + f"{API_PREFIX}/stream"


def _path(venue: str, symbol: str) -> str:
    return f"{quote(venue, safe='')}/{quote(symbol, safe='')}"
