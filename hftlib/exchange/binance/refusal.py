"""Binance's refusals: a code, a text and an HTTP status, for REST and the WebSocket API alike."""

from collections.abc import Mapping

from hftlib.exchange.messages import Response
from hftlib.venues.binance.encode import rest_refusal


class BinanceError(Exception):
    """Carry what the venue answers to a wrong request up to where the answer is written."""

    def __init__(
        self, code: int, text: str, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        """Refuse with `code` and `text`; `headers` come on top (Retry-After)."""
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return the refusal as an HTTP answer."""
        return Response(self.status, rest_refusal(self.code, self.text), self.headers)
