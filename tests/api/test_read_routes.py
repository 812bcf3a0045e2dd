import msgspec
import pytest
import requests

from hftlib.client.connection import DeskConnection, RefusedError
from hftlib.core.states import BookState, Source
from hftlib.wire.messages import API_PREFIX, ErrorReply
from tests.desk_support.recording import BEST_BID, FIRST_ID, SYMBOL, VENUE
from tests.desk_support.server import DeskInThread


def test_health_tells_what_plays(connection: DeskConnection) -> None:
    health = connection.health()
    assert (health.state, health.source, health.origin) == ("running", Source.TAPE, "test session")
    assert health.first_book_s is not None
    assert health.uptime_s >= health.first_book_s


def test_venues_and_instruments_are_those_of_the_tape(connection: DeskConnection) -> None:
    assert [(one.venue, one.symbols) for one in connection.venues()] == [
        (VENUE, [SYMBOL, "ETHUSDT"])
    ]
    instruments = {one.symbol: one for one in connection.instruments()}
    assert instruments["ETHUSDT"].size_quantum == "0.0001"
    assert instruments[SYMBOL].price_increment == "0.01"


def test_a_book_is_shown_as_the_snapshot_had_it(connection: DeskConnection) -> None:
    book = connection.book(VENUE, SYMBOL, depth=2)
    assert (book.state, book.verified, book.last_update_id) == (BookState.LIVE, True, FIRST_ID + 1)
    assert book.bids == [(f"{BEST_BID / 100:.2f}", "1"), (f"{(BEST_BID - 1) / 100:.2f}", "2")]
    assert book.asks[0] == (f"{(BEST_BID + 1) / 100:.2f}", "1")
    assert (book.bid_levels, book.ask_levels) == (50, 50)
    assert len(connection.book(VENUE, SYMBOL).bids) == 50


def test_a_symbol_that_has_not_arrived_is_not_trusted(connection: DeskConnection) -> None:
    book = connection.book(VENUE, "ETHUSDT")
    assert (book.state, book.verified, book.bids, book.ts_recv) == (
        BookState.SYNCING,
        False,
        [],
        None,
    )
    assert connection.latest_features(VENUE, "ETHUSDT").features == {}


def test_features_are_those_of_the_book(connection: DeskConnection) -> None:
    reply = connection.latest_features(VENUE, SYMBOL)
    assert reply.features["best_bid_price"] == BEST_BID / 100
    assert reply.features["imbalance_1"] == 0.0
    assert reply.features["vpin"] is None


def test_feeds_count_what_came(connection: DeskConnection) -> None:
    feeds = {one.symbol: one.status for one in connection.feeds()}
    status = feeds[SYMBOL]
    assert (status.gaps, status.decode_errors, status.dropped_before_sync) == (0, 0, 1)
    assert (status.state, status.bid_levels) == (BookState.LIVE, 50)
    assert feeds["ETHUSDT"].state is BookState.SYNCING


def test_statistics_that_no_venue_sent_are_null(connection: DeskConnection) -> None:
    assert [one.statistics for one in connection.statistics()] == [None, None]


@pytest.mark.parametrize(
    ("path", "status", "code", "words"),
    [
        (f"/book/{VENUE}/DOGE", 404, "UNKNOWN_BOOK", "BTCUSDT, ETHUSDT"),
        ("/book/kraken/XBTUSD", 404, "UNKNOWN_BOOK", "there is binance"),
        ("/features/kraken/XBTUSD", 404, "UNKNOWN_BOOK", "kraken"),
        ("/trades/kraken/XBTUSD", 404, "UNKNOWN_BOOK", "kraken"),
        (f"/book/{VENUE}/{SYMBOL}?depth=0", 422, "INVALID_REQUEST", "depth"),
        (f"/book/{VENUE}/{SYMBOL}?depth=many", 422, "INVALID_REQUEST", "depth"),
        (f"/trades/{VENUE}/{SYMBOL}?limit=-1", 422, "INVALID_REQUEST", "limit"),
        ("/consolidated", 422, "INVALID_REQUEST", "book"),
        ("/consolidated?book=binance", 422, "INVALID_REQUEST", "VENUE:SYMBOL"),
        ("/consolidated?book=binance:DOGE", 404, "UNKNOWN_BOOK", "DOGE"),
        (f"/consolidated?book={VENUE}:{SYMBOL}&rate=USDT", 422, "INVALID_REQUEST", "CURRENCY"),
        (f"/consolidated?book={VENUE}:{SYMBOL}&rate=USDT=x", 422, "INVALID_REQUEST", "rate"),
        (f"/consolidated?book={VENUE}:{SYMBOL}&rate=USDT=-1", 422, "INVALID_REQUEST", "rate"),
        ("/nothing", 404, "NOT_FOUND", "Not Found"),
    ],
)
def test_errors_are_a_code_and_a_sentence(
    desk: DeskInThread, path: str, status: int, code: str, words: str
) -> None:
    answer = requests.get(desk.url + API_PREFIX + path, timeout=5)
    error = msgspec.json.decode(answer.content, type=ErrorReply)
    assert (answer.status_code, error.code) == (status, code)
    assert words in error.message


def test_the_client_raises_what_the_desk_refuses(connection: DeskConnection) -> None:
    with pytest.raises(RefusedError, match="it has BTCUSDT") as refusal:
        connection.book(VENUE, "DOGE")
    assert (refusal.value.status, refusal.value.code) == (404, "UNKNOWN_BOOK")


def test_the_document_describes_every_answer_and_its_examples_fit(desk: DeskInThread) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    document = requests.get(f"{desk.url}{API_PREFIX}/openapi.json", timeout=5).json()
    assert len(document["paths"]) >= 16
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            assert route["responses"]["401"], (path, method)
            content = route["responses"]["200"]["content"]["application/json"]
            schema = {**content["schema"], "components": document["components"]}
            jsonschema.validate(content["example"], schema)


def test_answers_fit_the_document(desk: DeskInThread) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    document = requests.get(f"{desk.url}{API_PREFIX}/openapi.json", timeout=5).json()
    for path, methods in document["paths"].items():
        if "get" not in methods:
            continue
        address = path.replace("{venue}", VENUE).replace("{symbol}", SYMBOL)
        query = {"book": f"{VENUE}:{SYMBOL}"} if path.endswith("consolidated") else {}
        answer = requests.get(desk.url + address, params=query, timeout=60)
        content = methods["get"]["responses"]["200"]["content"]["application/json"]
        assert answer.status_code == 200, path
        jsonschema.validate(
            answer.json(), {**content["schema"], "components": document["components"]}
        )
