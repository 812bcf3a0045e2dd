"""The log: one line, keys at its end, no secret in message, key or traceback."""

import io
import logging
import re
import threading

import pytest

from hftlib.io import logs
from tests.desk_support.server import eventually


@pytest.fixture
def lines():
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    stream = io.StringIO()
    logs.start("INFO", ["hunter2", "hunter2-long", ""], stream)
    yield lambda: stream.getvalue().splitlines()
    root.handlers[:] = before[1]
    root.setLevel(before[0])


def test_a_line_has_time_level_logger_message_and_keys(lines):
    extra = {"venue": "binance", "reason": "a gap", "empty": ""}
    logging.getLogger("hftlib.desk").info("book %s", "lost", extra=extra)
    (line,) = lines()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO hftlib.desk book lost "
        r"venue=binance reason='a gap' empty=''",
        line,
    )


def test_what_is_less_severe_is_left_out(lines):
    logging.getLogger("hftlib").debug("chatter")
    assert lines() == []


def test_secrets_are_cut_out_everywhere(lines):
    logger = logging.getLogger("hftlib")
    logger.warning("token is hunter2-long", extra={"key": "hunter2"})
    logger.warning("Authorization: Bearer abc.def and url?signature=0a1b&x=1")
    try:
        raise ValueError("hunter2")
    except ValueError:
        logger.exception("failed")
    text = "\n".join(lines())
    assert "hunter2" not in text
    assert "abc.def" not in text
    assert "0a1b" not in text
    assert "x=1" in text
    assert "ValueError: [secret]" in text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("connecting to clickhouse://me:pa55@ch.example:9000/db", "pa55"),
        ("proxy http://user:pa55@proxy:3128 refused", "pa55"),
        ('{"token": "pa55", "a": 1}', "pa55"),
        ("api_key=pa55&limit=5", "pa55"),
        ("X-MBX-APIKEY: pa55", "pa55"),
        ("password = pa55", "pa55"),
        ("Authorization: Basic dXNlcjpwYTU1", "dXNlcjpwYTU1"),
        ("authorization: bearer eyJ.a-b_c", "eyJ"),
        ("?timestamp=5&signature=pa55", "pa55"),
        ("HFT_API_TOKEN='pa55'", "pa55"),
    ],
)
def test_what_looks_like_a_secret_is_cut_too(lines, text, secret):
    logging.getLogger("hftlib").warning(text, extra={"again": text})
    (line,) = lines()
    assert secret not in line
    assert line.count(logs.CUT) == 2


def test_a_line_of_a_hostile_value_stays_one_line(lines):
    logging.getLogger("hftlib").info("seen", extra={"name_given": "a\n2026 ERROR b"})
    assert len(lines()) == 1


@pytest.fixture
def folder(tmp_path, lines):
    return tmp_path


def in_file(folder):
    return (folder / "logs" / "hftlib.log").read_text(encoding="utf-8").splitlines()


def test_lines_go_to_the_file_and_to_the_screen(folder, lines):
    with logs.kept_in(folder):
        logging.getLogger("hftlib.desk").info("opened", extra={"key": "hunter2"})
    logging.getLogger("hftlib.desk").info("afterwards")
    (line,) = in_file(folder)
    assert line.endswith("INFO hftlib.desk opened key=[secret]")
    assert [line.rpartition("Z ")[2] for line in lines()] == [
        "INFO hftlib.desk opened key=[secret]",
        "INFO hftlib.desk afterwards",
    ]
    assert (folder / "logs" / "hftlib.log").stat().st_mode & 0o777 == 0o600


def test_a_traceback_is_kept_whole(folder, lines):
    with logs.kept_in(folder):
        try:
            raise ValueError("hunter2")
        except ValueError:
            logging.getLogger("hftlib").exception("failed")
    text = "\n".join(in_file(folder))
    assert "Traceback" in text
    assert "ValueError: [secret]" in text


def test_a_large_file_is_followed_by_a_fresh_one(folder, lines):
    with logs.kept_in(folder, largest=2_000):
        for number in range(400):
            logging.getLogger("hftlib").info("line %d", number)
    files = sorted((folder / "logs").iterdir())
    assert len(files) == logs.FILES_KEPT + 1
    assert all(file.stat().st_size <= 2_000 for file in files)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert in_file(folder)[-1].endswith("line 399")


class Stuck(io.StringIO):
    """Take a line when allowed to."""

    def __init__(self):
        super().__init__()
        self.allowed = threading.Event()

    def write(self, text):
        assert self.allowed.wait(20)
        return super().write(text)


def test_whoever_logs_never_waits_and_lost_lines_are_counted(tmp_path, lines):
    stuck = Stuck()
    logs.start("INFO", (), stuck)
    logger = logging.getLogger("hftlib")
    with logs.kept_in(tmp_path):
        for number in range(logs.MOST_WAITING + 500):
            logger.info("line %d", number)
        stuck.allowed.set()
        eventually(lambda: not logging.getLogger().handlers[0].queue.full())
        logger.info("the last")
    written = in_file(tmp_path)
    assert len(written) < logs.MOST_WAITING + 100
    assert re.search(r"the last lines_lost=\d{3}$", written[-1])


class FullFile(logs.LogFile):
    """Have no room while told so."""

    is_full = True

    def shouldRollover(self, record):
        if self.is_full:
            raise OSError("No space left on device")
        return False


def test_a_full_disk_is_told_once_and_healed(tmp_path, capsys):
    file = FullFile(tmp_path / "a.log")
    record = logging.makeLogRecord({"msg": "line"})
    file.emit(record)
    file.emit(record)
    assert capsys.readouterr().err.count("No space left") == 1
    file.is_full = False
    file.emit(record)
    file.is_full = True
    file.emit(record)
    assert capsys.readouterr().err.count("No space left") == 1
    file.close()
    assert (tmp_path / "a.log").read_text() == "line\n"


def test_a_folder_that_cannot_be_written_leaves_the_screen(folder, lines, capsys):
    (folder / "logs").write_text("in the way")
    with logs.kept_in(folder):
        logging.getLogger("hftlib").info("seen")
    assert "no log in" in capsys.readouterr().err
    assert lines()[0].endswith("seen")
