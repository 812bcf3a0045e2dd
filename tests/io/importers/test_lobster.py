import pytest

from hftlib.core.errors import TapeError
from hftlib.io.importers import Order, import_files
from hftlib.io.tape import TapeReader

MESSAGES = "34200.0,1,1,10,2238100,1\n34200.000000001,4,1,10,2238100,1\n57599.5,3,2,5,2240000,-1\n"
BOOKS = "2239500,100,2238100,10\n2239500,100,2231800,100\n2239500,95,2231800,100\n"
MIDNIGHT = 1_340_236_800_000_000_000


def written(tmp_path, messages=MESSAGES, books=BOOKS, symbol="AMZN", day="2012-06-21"):
    files = []
    for part, text in (("message", messages), ("orderbook", books)):
        path = tmp_path / f"{symbol}_{day}_34200000_57600000_{part}_1.csv"
        path.write_text(text)
        files.append(path)
    return files


def imported(tmp_path, files):
    order = Order(format="lobster", files=tuple(files), output=tmp_path / "o.tape", venue="lobster")
    return import_files(order), list(TapeReader(tmp_path / "o.tape").frames())


def test_rows_stand_side_by_side_with_exact_times(tmp_path):
    _, frames = imported(tmp_path, written(tmp_path))
    assert [frame.ts_recv - MIDNIGHT for frame in frames] == [
        34_200_000_000_000,
        34_200_000_000_000,
        34_200_000_000_001,
        57_599_500_000_000,
    ]
    assert frames[2].payload == b"34200.000000001,4,1,10,2238100,1|2239500,100,2231800,100"


def test_two_symbols_come_one_after_the_other(tmp_path):
    files = written(tmp_path) + written(tmp_path, symbol="MSFT")
    summary, frames = imported(tmp_path, [files[0], files[2], files[1], files[3]])
    assert [frame.connection for frame in frames] == ["AMZN"] * 4 + ["MSFT"] * 4
    assert [one.symbol for one in summary.instruments] == ["AMZN", "MSFT"]
    assert [file.frames for file in summary.files] == [4, 4, 0, 0]


@pytest.mark.parametrize(
    ("messages", "books", "line"),
    [
        ("Time,Type\n" + MESSAGES, "Ask\n" + BOOKS, 1),
        (MESSAGES.replace("57599.5", "86400.0"), BOOKS, 3),
        (MESSAGES.replace("57599.5", "nan"), BOOKS, 3),
        (MESSAGES.replace("57599.5", "-1"), BOOKS, 3),
        (MESSAGES, BOOKS.replace("2239500,95,2231800,100", "2239500,95"), 3),
        (MESSAGES + "57599.6,3,2,5,2240000,-1\n", BOOKS, 4),
        (MESSAGES, BOOKS + "2239500,95,2231800,100\n", 4),
    ],
)
def test_a_bad_row_is_named(tmp_path, messages, books, line):
    summary, frames = imported(tmp_path, written(tmp_path, messages, books))
    assert summary.bad_lines == 1
    assert summary.bad_line_places[0].line == line
    assert len(frames) >= 3


def test_a_file_without_its_partner_is_refused(tmp_path):
    files = written(tmp_path)
    with pytest.raises(TapeError, match="both the message and the orderbook"):
        imported(tmp_path, files[:1])
    stranger = tmp_path / "message.csv"
    stranger.write_text(MESSAGES)
    with pytest.raises(TapeError, match=r"message\.csv"):
        imported(tmp_path, [stranger])
