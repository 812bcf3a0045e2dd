"""Binance's WebSocket API: requests in text frames, answered in turn; user data on the same socket.

One request a frame: {id, method, params}; one answer: {id, status, result or error, rateLimits}.
Market data and signed operations are those of REST. The venue pings every 20 s, waits a minute
for the pong, and ends every connection after a day.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from hftlib.core.venue import BINANCE
from hftlib.exchange.accounts import Account, Accounts, KeyKind
from hftlib.exchange.binance.limits import Limits, RateLimit
from hftlib.exchange.binance.market_calls import MarketCall
from hftlib.exchange.binance.operations import Operation
from hftlib.exchange.binance.parameters import Form, Parameters, check_one, missing
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.exchange.binance.signature import (
    check_signature,
    check_time,
    known_key,
    sorted_text,
)
from hftlib.exchange.binance.stream_connection import StreamRules
from hftlib.exchange.binance.trading import Call, ReplaceError
from hftlib.exchange.binance.user_data import Subscription, UserData
from hftlib.exchange.messages import Close, Message, Opening, Outgoing, Ping

SUBSCRIPTION_WEIGHT: Final = 2
SESSION_WEIGHT: Final = 2
_MOST_SUBSCRIPTIONS: Final = 1_000
_MOST_NUMBERS: Final = 65_535
_MILLISECOND_NS: Final = 1_000_000
_encode: Final = msgspec.json.encode


class Services(NamedTuple):
    """Hold what all connections share."""

    accounts: Accounts
    limits: Limits
    user_data: UserData
    public: Mapping[str, MarketCall]
    signed: Mapping[str, Operation]
    rules: Callable[[], StreamRules]
    skew_ns: Callable[[], int]
    """How far the venue's clock is ahead of the market's; a fault may have set it wrong."""
    ready: Callable[[int], None]
    """Brings the market up to a time; raises BinanceError when the venue is down."""


class _Frame(msgspec.Struct):
    """Hold a request's frame; numbers keep the digits with which they were signed."""

    id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    method: msgspec.Raw = msgspec.Raw(b"null")
    params: msgspec.Raw = msgspec.Raw(b"{}")


class _Asked(NamedTuple):
    """Hold a request that could be read; `tells` asks for the limits in the answer."""

    identifier: bytes
    method: str
    texts: Mapping[str, str]
    tells: bool


class _Session(NamedTuple):
    """Hold who logged on, and since when."""

    key: str
    account: Account
    since_ns: int


class WsApiConnection:
    """Be the venue's end of one WebSocket API connection."""

    def __init__(self, name: str, opening: Opening, services: Services, unit_ns: int) -> None:
        """Accept `opening`; times are told in units of `unit_ns`."""
        self.name = name
        self.venue = BINANCE
        self.outbox: list[Outgoing] = []
        self._services = services
        self._address = opening.address
        self._unit_ns = unit_ns
        self._opened_ns = opening.now_ns
        self._pinged_ns = opening.now_ns
        self._unanswered: dict[bytes, int] = {}
        self._tells_limits = "returnRateLimits=false" not in opening.query.split("&")
        self._session: _Session | None = None
        self._subscriptions: dict[int, Subscription] = {}
        self._next_number = 0
        self._is_open = True
        self._own: Final[Mapping[str, tuple[int, Callable[[Mapping[str, str], int], Any]]]] = {
            "session.logon": (SESSION_WEIGHT, self._log_on),
            "session.status": (SESSION_WEIGHT, self._status),
            "session.logout": (SESSION_WEIGHT, self._log_out),
            "session.subscriptions": (SUBSCRIPTION_WEIGHT, self._list),
            "userDataStream.subscribe": (SUBSCRIPTION_WEIGHT, self._subscribe),
            "userDataStream.subscribe.signature": (SUBSCRIPTION_WEIGHT, self._subscribe_signed),
            "userDataStream.unsubscribe": (SUBSCRIPTION_WEIGHT, self._unsubscribe),
            **dict.fromkeys(
                ("userDataStream.start", "userDataStream.ping", "userDataStream.stop"),
                (SUBSCRIPTION_WEIGHT, _gone),
            ),
        }

    # What the socket hands in.

    def receive(self, text: str, now_ns: int) -> None:
        """Answer one request; anything that a client can send has an answer."""
        if not self._is_open:
            return
        identifier = b"null"
        try:
            frame = _frame(text)
            identifier = _identifier(frame)
            texts = _texts(frame.params)
            tells, method = self._tells(texts), _method(frame)
        except BinanceError as refusal:
            self._refuse(identifier, self._charged(refusal, now_ns), self._tells_limits, now_ns)
            return
        self._serve(_Asked(identifier, method, texts, tells), now_ns)

    def receive_ping(self, payload: bytes, now_ns: int) -> None:
        """Count a ping of the client; pings are not limited here."""

    def receive_pong(self, payload: bytes, now_ns: int) -> None:  # noqa: ARG002
        """Take the answer to a ping; others are allowed, and keep nothing alive."""
        self._unanswered.pop(payload, None)

    def tick(self, now_ns: int) -> None:
        """Ping, and end what does not answer or has lived for a day."""
        if not self._is_open:
            return
        rules = self._services.rules()
        oldest_ns = min(self._unanswered.values(), default=now_ns)
        if now_ns - oldest_ns > rules.pong_ns:
            self._close(Close(1008, "Pong timeout"))
        elif now_ns - self._opened_ns >= rules.lifetime_ns:
            self._close(Close(1001, "24 hours are over"))
        elif now_ns - self._pinged_ns >= rules.ping_ns:
            self._pinged_ns = now_ns
            payload = b"%d" % (now_ns // _MILLISECOND_NS)
            self._unanswered[payload] = now_ns
            self.outbox.append(Ping(payload))

    def cut(self) -> None:
        """End the connection without a word: the venue is down."""
        if self._is_open:
            self._close(Close(1006, "", abrupt=True))

    def forget(self) -> None:
        """End the connection's subscriptions; its socket is gone."""
        self._is_open = False
        for subscription in self._subscriptions.values():
            self._services.user_data.unsubscribe(subscription)
        self._subscriptions.clear()

    # Requests.

    def _serve(self, asked: _Asked, now_ns: int) -> None:
        places: Account | None = None
        try:
            operation = self._services.signed.get(asked.method)
            if operation is None:
                result = self._unsigned(asked, now_ns)
            else:
                self._charge(operation.weighs(Parameters(asked.texts)), now_ns)
                account, given = self._signed(operation.form, asked.texts, now_ns)
                places = account if operation.places else None
                result = _encode(operation.run(Call(account, given, now_ns, self._unit_ns)))
                if operation.is_free:
                    weight = operation.weighs(given)
                    self._services.limits.give_back(self._address, weight, now_ns)
        except BinanceError as refusal:
            self._refuse(asked.identifier, refusal, asked.tells, now_ns, places)
            return
        limits = self._limits_told(places, now_ns) if asked.tells else b""
        text = b'{"id":%b,"status":200,"result":%b%b}' % (asked.identifier, result, limits)
        self._send(text, now_ns)

    def _unsigned(self, asked: _Asked, now_ns: int) -> bytes:
        """Answer what is asked about the market, or about the connection itself."""
        call = self._services.public.get(asked.method)
        if call is not None:
            texts = {name: one for name, one in asked.texts.items() if name != "returnRateLimits"}
            self._charge(call.weight_of(texts), now_ns)
            return call.answer(texts, now_ns, self._unit_ns)
        weight, run = self._own.get(asked.method, (1, _unsupported))
        self._charge(weight, now_ns)
        return _encode(run(asked.texts, now_ns))

    def _charge(self, weight: int, now_ns: int) -> None:
        """Count a request, and bring the market up to its time. Raises BinanceError."""
        self._services.limits.charge(self._address, weight, now_ns)
        self._services.ready(now_ns)

    def _charged(self, refusal: BinanceError, now_ns: int) -> BinanceError:
        """Count a frame that is no request; return its refusal, or that of one frame too many."""
        try:
            self._services.limits.charge(self._address, 1, now_ns)
        except BinanceError as one_too_many:
            return one_too_many
        return refusal

    def _signed(
        self, form: Form, texts: Mapping[str, str], now_ns: int
    ) -> tuple[Account, Parameters]:
        """Return whose request it is, and its parameters. Raises BinanceError.

        On a session that is logged on nothing need be signed; a key in the request goes first.
        """
        if "apiKey" not in texts and self._session is not None:
            account = self._session.account
            check_time(texts, now_ns + self._services.skew_ns())
        else:
            account = self._verified(texts, now_ns).account
        return account, form.checked(texts)

    def _verified(self, texts: Mapping[str, str], now_ns: int) -> "_Verified":
        if not texts.get("apiKey"):
            raise missing("apiKey")
        if not texts.get("signature"):
            raise missing("signature")
        key = known_key(self._services.accounts, texts["apiKey"])
        check_time(texts, now_ns + self._services.skew_ns())
        check_signature(key, sorted_text(texts), texts["signature"])
        return _Verified(key.key, key.kind, key.account)

    # The session, and its user data.

    def _log_on(self, texts: Mapping[str, str], now_ns: int) -> object:
        who = self._verified(texts, now_ns)
        Form().checked(texts)
        if who.kind is not KeyKind.ED25519:
            raise BinanceError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        self._session = _Session(who.key, who.account, now_ns)
        return self._status({}, now_ns)

    def _log_out(self, texts: Mapping[str, str], now_ns: int) -> object:
        if self._session is not None:
            ended = [
                one for one in self._subscriptions.values() if one.account is self._session.account
            ]
            self._session = None
            for subscription in ended:
                self._end(subscription, now_ns)
        return self._status(texts, now_ns)

    def _status(self, texts: Mapping[str, str], now_ns: int) -> object:
        Form().checked(texts)
        session = self._session
        return {
            "apiKey": session.key if session else None,
            "authorizedSince": session.since_ns // self._unit_ns if session else None,
            "connectedSince": self._opened_ns // self._unit_ns,
            "returnRateLimits": self._tells_limits,
            "serverTime": now_ns // self._unit_ns,
            "userDataStream": bool(self._subscriptions),
        }

    def _subscribe(self, texts: Mapping[str, str], now_ns: int) -> object:  # noqa: ARG002
        Form().checked(texts)
        if self._session is None:
            raise BinanceError(-1002, "You are not authorized to execute this request.", 401)
        return self._begin(self._session.account)

    def _subscribe_signed(self, texts: Mapping[str, str], now_ns: int) -> object:
        who = self._verified(texts, now_ns)
        Form().checked(texts)
        return self._begin(who.account)

    def _unsubscribe(self, texts: Mapping[str, str], now_ns: int) -> object:
        number = Form((), ("subscriptionId",)).checked(texts).whole("subscriptionId")
        ended = [one for one in self._subscriptions.values() if number in (None, one.number)]
        if not ended:
            raise BinanceError(-2036, "User Data Stream subscription not active.")
        for subscription in ended:
            self._end(subscription, now_ns)
        return {}

    def _list(self, texts: Mapping[str, str], now_ns: int) -> object:  # noqa: ARG002
        Form().checked(texts)
        return [{"subscriptionId": number} for number in self._subscriptions]

    def _begin(self, account: Account) -> object:
        if any(one.account is account for one in self._subscriptions.values()):
            raise BinanceError(-2035, "User Data Stream subscription already active.")
        if self._next_number > _MOST_NUMBERS or len(self._subscriptions) >= _MOST_SUBSCRIPTIONS:
            raise BinanceError(-2042, "Maximum subscription ID reached for this connection.")
        subscription = Subscription(self._next_number, account, self._unit_ns, self._send)
        self._next_number += 1
        self._subscriptions[subscription.number] = subscription
        self._services.user_data.subscribe(subscription)
        return {"subscriptionId": subscription.number}

    def _end(self, subscription: Subscription, now_ns: int) -> None:
        del self._subscriptions[subscription.number]
        self._services.user_data.end(subscription, now_ns)

    # Answers.

    def _refuse(
        self,
        identifier: bytes,
        refusal: BinanceError,
        tells: bool,
        now_ns: int,
        places: Account | None = None,
    ) -> None:
        error: dict[str, object] = {"code": refusal.code, "msg": refusal.text}
        if isinstance(refusal, ReplaceError):
            error["data"] = refusal.data
        if refusal.status in (418, 429):
            error["data"] = self._retry(refusal, places, now_ns)
        limits = self._limits_told(places, now_ns) if tells else b""
        self._send(
            b'{"id":%b,"status":%d,"error":%b%b}'
            % (identifier, refusal.status, _encode(error), limits),
            now_ns,
        )
        if refusal.status == 418:
            self._close(Close(1008, "IP banned"))

    def _retry(self, refusal: BinanceError, places: Account | None, now_ns: int) -> object:
        limits = self._services.limits
        if places is not None and refusal.code == -1015:
            retry_ns = limits.orders_retry_ns(places.owner, now_ns)
        else:
            retry_ns = limits.retry_ns(self._address, now_ns)
        return {
            "serverTime": now_ns // self._unit_ns,
            "retryAfter": retry_ns // _MILLISECOND_NS,
        }

    def _tells(self, texts: Mapping[str, str]) -> bool:
        wanted = texts.get("returnRateLimits")
        if wanted is None:
            return self._tells_limits
        check_one("returnRateLimits", wanted)
        return wanted == "true"

    def _limits_told(self, places: Account | None, now_ns: int) -> bytes:
        limits = self._services.limits
        counts: list[tuple[RateLimit, int]] = []
        if places is not None:
            counts += limits.order_counts(places.owner, now_ns)
        counts.append((limits.weight_limit, limits.used(self._address, now_ns)))
        return b',"rateLimits":%b' % _encode([limit.described(count) for limit, count in counts])

    def _send(self, text: bytes, now_ns: int) -> None:
        self.outbox.append(Message(text, now_ns))

    def _close(self, close: Close) -> None:
        self.forget()
        self.outbox.append(close)


class _Verified(NamedTuple):
    """Hold whose signature it was."""

    key: str
    kind: KeyKind
    account: Account


def _gone(texts: Mapping[str, str], now_ns: int) -> object:  # noqa: ARG001
    """Refuse what listen keys were used for; they ended on 2026-02-20."""
    raise listen_keys_gone()


def _unsupported(texts: Mapping[str, str], now_ns: int) -> object:  # noqa: ARG001
    raise BinanceError(-1020, "This operation is not supported.")


def listen_keys_gone() -> BinanceError:
    """Return the refusal of everything that has to do with listen keys."""
    return BinanceError(-1016, "This service is no longer available.", 410)


def _bad_json() -> BinanceError:
    return BinanceError(-1135, "Invalid JSON Request")


def _frame(text: str) -> _Frame:
    """Return the parts of a request's frame. Raises BinanceError."""
    try:
        return msgspec.json.decode(text, type=_Frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _bad_json() from error


def _identifier(frame: _Frame) -> bytes:
    """Return the identifier as it is echoed: a whole number, a text, or null."""
    if isinstance(frame.id, msgspec.UnsetType):
        raise missing("id")
    raw = bytes(frame.id)
    is_whole = raw.removeprefix(b"-").isdigit()
    if not (is_whole or raw.startswith(b'"') or raw == b"null"):
        raise missing("id")
    return raw


def _method(frame: _Frame) -> str:
    """Return the method without its version. Raises BinanceError."""
    raw = bytes(frame.method)
    if not raw.startswith(b'"') or raw == b'""':
        raise missing("method")
    return str(msgspec.json.decode(raw)).removeprefix("v3/")


def _texts(params: msgspec.Raw) -> dict[str, str]:
    """Return parameters as text: numbers as they were written, lists as JSON.

    Raises BinanceError.
    """
    raw = bytes(params)
    if raw == b"null":
        return {}
    try:
        values = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        return {name: _value_text(bytes(one)) for name, one in values.items()}
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _bad_json() from error


def _value_text(raw: bytes) -> str:
    if raw == b"null":
        return ""
    return str(msgspec.json.decode(raw)) if raw.startswith(b'"') else raw.decode()
