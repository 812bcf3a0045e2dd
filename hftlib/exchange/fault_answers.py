"""What a client is told when a fault answers in the venue's place."""

from typing import Final

from hftlib.exchange.fault_kinds import FaultSpec, OrderAnswer
from hftlib.exchange.messages import Request, Response
from hftlib.venues.binance.encode import rest_refusal

_RETRY: Final = frozenset({418, 429, 503})
_HTML: Final = "text/html"
_BINANCE: Final = {
    429: (-1003, "Too many requests; current limit is 6000 request weight per 1 MINUTE."),
    403: (-1002, "You are not authorized to execute this request."),
    451: (
        0,
        "Service unavailable from a restricted location according to 'b. Eligibility'.",
    ),
    500: (-1000, "An unknown error occurred while processing the request."),
    503: (-1008, "Server is currently overloaded with other requests. Please try again."),
}
_COINBASE: Final = {
    429: "Public rate limit exceeded",
    451: "Unavailable For Legal Reasons",
    500: "Internal server error",
    503: "Service unavailable",
}
_UNKNOWN: Final = (
    -1007,
    "Timeout waiting for response from backend server. Send status unknown.",
)


def refusal(venue: str, spec: FaultSpec, now_ns: int) -> Response:
    """Return the answer of `spec.status` in the venue's form; gateways answer in HTML."""
    status, headers = spec.status, {}
    if status in _RETRY:
        headers["Retry-After"] = str(spec.retry_after_s)
    if venue.startswith("binance"):
        if status == 418:
            until_ms = now_ns // 1_000_000 + spec.retry_after_s * 1_000
            text = f"Way too much request weight used; IP banned until {until_ms}."
            return Response(status, rest_refusal(-1003, text), headers)
        if status in _BINANCE:
            return Response(status, rest_refusal(*_BINANCE[status]), headers)
    elif status in _COINBASE:
        return Response(status, b'{"message":"%b"}' % _COINBASE[status].encode(), headers)
    page = f"<html><head><title>{status}</title></head><body>{status}</body></html>"
    return Response(status, page.encode(), headers, _HTML)


def writes_orders(request: Request) -> bool:
    """Say whether a request places, changes or cancels orders."""
    return (
        request.method in {"POST", "PUT", "DELETE"}
        and "order" in request.path.lower()
        and not request.path.endswith("/test")
    )


def timeout_answer(answer: OrderAnswer) -> Response:
    """Return what a client gets in place of an order's answer; not for SILENCE."""
    if answer is OrderAnswer.BACKEND_TIMEOUT:
        return Response(504, rest_refusal(*_UNKNOWN))
    return Response(504, b"<html><body>504 Gateway Time-out</body></html>", {}, _HTML)
