"""The log: one line, keys at its end, no secret in message, key or traceback."""

import io
import logging
import re

import pytest

from hftlib.io import logs


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
