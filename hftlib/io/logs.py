"""The log: one structured line per event on standard error, UTC, with secrets cut out."""

import logging
import re
import sys
import time
from collections.abc import Iterable
from typing import Any, Final, TextIO

CUT: Final = "[secret]"
_BEARER: Final = re.compile(r"(?i)(bearer |token[=:]\s*|signature=|apikey=)[\w.~+/=-]+")
_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LineFormatter(logging.Formatter):
    """Write `time LEVEL logger message key=value ...`; keys come from a call's `extra`."""

    default_msec_format = "%s.%03dZ"
    default_time_format = "%Y-%m-%dT%H:%M:%S"

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Take the secrets that no line may show."""
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self.converter = time.gmtime
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """Return the line without a traceback, the extra keys at its end."""
        extra = {name: value for name, value in vars(record).items() if name not in _PLAIN}
        pairs = (f" {name}={_quoted(value)}" for name, value in extra.items())
        return super().formatMessage(record) + "".join(pairs)

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole line, traceback included, with secrets cut out."""
        text = super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, CUT)
        return _BEARER.sub(rf"\1{CUT}", text)


def _quoted(value: Any) -> str:
    text = str(value)
    return repr(text) if " " in text or "=" in text or not text else text


def start(level: str, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Send what is at least as severe as `level` to `stream` (standard error when None)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
