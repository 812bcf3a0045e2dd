"""The control interface of a local market: scenarios, faults, accounts, truth, over HTTP."""

import os
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from hftlib.core.decimals import to_text
from hftlib.core.errors import HftlibError
from hftlib.exchange.account_order import ASSET_DECIMALS
from hftlib.exchange.accounts import Account, AccountError, Accounts, NewKey
from hftlib.exchange.fault_kinds import MEANINGS, FaultKind, FaultSpec
from hftlib.exchange.truth import BookTruth, Ladder, TrueBook, digest_of
from hftlib.io.local.control_messages import (
    AccountMade,
    AccountShown,
    AccountsShown,
    Balances,
    BalanceShown,
    BookShown,
    Cleared,
    Deposit,
    Digests,
    DigestsAsked,
    ErrorBody,
    FaultLog,
    Faults,
    KeyShown,
    Lifetime,
    LifetimeSet,
    LimitsReset,
    MarketStatus,
    NewAccount,
    Planted,
    PublicKey,
    ScenarioName,
    Scenarios,
    Stopping,
    VenueName,
    VenueStatus,
)
from hftlib.io.local.control_openapi import control_document
from hftlib.io.local.guard import ControlGuard
from hftlib.io.local.http_intake import read_body
from hftlib.io.local.market_server import MarketServer
from hftlib.io.local.process import cpu_s, resident_bytes
from hftlib.io.local.steering import Steering
from hftlib.market.listings import Listing

ENTROPY_BYTES: Final = 32
MOST_LEVELS: Final = 100_000
_Body = TypeVar("_Body")


class ControlError(HftlibError):
    """Refuse a request to the control interface."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Answer with `status` and an error body."""
        super().__init__(message)
        self.status = status
        self.code = code


class Call(NamedTuple):
    """Hold one request: the words of the path after its fixed part, the query, the body."""

    words: tuple[str, ...]
    query: Mapping[str, str]
    body: bytes

    def read(self, kind: type[_Body]) -> _Body:
        """Return the body as `kind`. Raises ControlError."""
        try:
            return msgspec.json.decode(self.body or b"{}", type=kind)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise ControlError(422, "INVALID_REQUEST", str(error)) from None

    def whole(self, name: str) -> int | None:
        """Return a whole number of the query, None when it is not given. Raises ControlError."""
        text = self.query.get(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 19):
            raise ControlError(422, "INVALID_REQUEST", f"{name} is a whole number, not {text!r}")
        return int(text)


class Control:
    """Answer what a local market's owner asks and orders."""

    def __init__(self, server: MarketServer, steering: Steering, guard: ControlGuard) -> None:
        """Steer the market of `server` for whoever `guard` lets in."""
        self._server = server
        self._steering = steering
        self._guard = guard
        self._routes: Mapping[tuple[str, str, int], Callable[[Call], object]] = {
            ("GET", "status", 0): self._status,
            ("GET", "scenarios", 0): self._scenarios,
            ("POST", "scenarios/start", 0): self._start,
            ("POST", "scenarios/stop", 0): self._stop,
            ("GET", "faults", 0): self._faults,
            ("POST", "faults", 0): self._plant,
            ("DELETE", "faults", 0): self._clear,
            ("DELETE", "faults", 1): self._take_back,
            ("GET", "faults/log", 0): self._log,
            ("GET", "accounts", 0): self._accounts,
            ("POST", "accounts", 0): self._open_account,
            ("GET", "accounts", 1): self._account,
            ("POST", "accounts/deposit", 1): self._deposit,
            ("POST", "accounts/reset", 1): self._reset,
            ("POST", "accounts/keys", 1): self._register,
            ("GET", "book", 0): self._book,
            ("POST", "book/digests", 0): self._digests,
            ("POST", "limits/reset", 0): self._reset_limits,
            ("POST", "lifetime", 0): self._lifetime,
            ("POST", "server-shutdown", 0): self._server_shutdown,
            ("POST", "shutdown", 0): self._shut_down,
            ("GET", "openapi.json", 0): self._describe,
        }

    @property
    def routes(self) -> tuple[tuple[str, str, int], ...]:
        """Return method, words, and how many words of a path are variable, of every call."""
        return tuple(self._routes)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        denial = self._guard.denial(headers)
        if denial is not None:
            return _reply(ErrorBody(denial.code, denial.message), denial.status)
        path, _, query = request.raw_path.partition("?")
        body = await read_body(request)
        try:
            return _reply(self._answer(request.method, path, query, body))
        except ControlError as error:
            return _reply(ErrorBody(error.code, str(error)), error.status)
        except AccountError as error:
            return _reply(ErrorBody("ACCOUNT_REFUSED", str(error)), 409)
        except HftlibError as error:
            return _reply(ErrorBody("REFUSED", str(error)), 409)

    def _answer(self, method: str, path: str, query: str, body: bytes) -> object:
        words = [word for word in path.split("/") if word]
        if words[:1] != ["control"]:
            raise ControlError(404, "NOT_FOUND", f"no such path: {path}")
        for (verb, name, variable), answer in self._routes.items():
            found = _matched(words[1:], name.split("/"), variable)
            if verb == method and found is not None:
                return answer(Call(found, dict(parse_qsl(query)), body))
        raise ControlError(404, "NOT_FOUND", f"no such call: {method} {path}")

    def _status(self, _: Call) -> MarketStatus:
        server, faults = self._server, self._server.faults
        now_ns = server.clock.now_ns()
        planted = [state for state in faults.states(now_ns) if not state.is_over]
        return MarketStatus(
            addresses=server.addresses,
            ca=server.authority,
            pid=os.getpid(),
            seed=server.settings.seed,
            now_ns=now_ns,
            started_ns=server.started_ns,
            worst_lag_ns=server.worst_lag_ns,
            scenarios=list(self._steering.running()),
            venues={name: self._venue(name) for name in server.fronts},
            faults_planted=len(planted),
            faults_injected={str(kind): number for kind, number in faults.counts.items()},
            cpu_s=cpu_s(),
            resident_bytes=resident_bytes(),
        )

    def _venue(self, name: str) -> VenueStatus:
        front = self._server.fronts[name]
        return VenueStatus(
            is_up=self._steering.is_up(name),
            connections=len(front.links),
            connected=front.connected,
            requests=front.requests,
            frames=front.frames_out,
            bytes=front.bytes_out,
            cut_slow=front.cut_slow,
        )

    def _scenarios(self, _: Call) -> Scenarios:
        return Scenarios(list(self._steering.running()), list(self._steering.known()))

    def _start(self, call: Call) -> Scenarios:
        name = call.read(ScenarioName).name
        if name not in self._steering.known():
            raise ControlError(404, "UNKNOWN_SCENARIO", f"no scenario is called {name!r}")
        if name in self._steering.running():
            raise ControlError(409, "RUNNING", f"scenario {name!r} runs already")
        self._steering.start(name, self._server.clock.now_ns())
        return self._scenarios(call)

    def _stop(self, call: Call) -> Scenarios:
        name = call.read(ScenarioName).name
        if name not in self._steering.running():
            raise ControlError(409, "NOT_RUNNING", f"scenario {name!r} does not run")
        self._steering.stop(name)
        return self._scenarios(call)

    def _faults(self, _: Call) -> Faults:
        states = self._server.faults.states(self._server.clock.now_ns())
        return Faults(states, {str(kind): meaning for kind, meaning in MEANINGS.items()})

    def _plant(self, call: Call) -> Planted:
        spec = call.read(FaultSpec)
        return Planted(self._server.faults.add(spec, self._server.clock.now_ns()))

    def _clear(self, _: Call) -> Cleared:
        return Cleared(self._server.faults.clear())

    def _take_back(self, call: Call) -> Cleared:
        text = call.words[0]
        known = text.isascii() and text.isdigit() and self._server.faults.remove(int(text))
        if not known:
            raise ControlError(404, "UNKNOWN_FAULT", f"no fault {text} is planted")
        return Cleared(1)

    def _log(self, call: Call) -> FaultLog:
        return FaultLog(self._server.faults.log(call.whole("after") or 0))

    def _accounts(self, _: Call) -> AccountsShown:
        accounts = self._steering.accounts
        return AccountsShown([_account_shown(accounts, one) for one in accounts])

    def _account(self, call: Call) -> AccountShown:
        accounts = self._steering.accounts
        return _account_shown(accounts, accounts.account(call.words[0]))

    def _open_account(self, call: Call) -> AccountMade:
        asked, now_ns = call.read(NewAccount), self._server.clock.now_ns()
        entropy = secrets.token_bytes(ENTROPY_BYTES)
        accounts = self._steering.accounts
        made = accounts.create_account(asked.name, asked.balances, asked.keys, entropy, now_ns)
        return AccountMade(asked.name, [_key_shown(key) for key in made])

    def _deposit(self, call: Call) -> AccountShown:
        asked = call.read(Deposit)
        now_ns = self._server.clock.now_ns()
        self._steering.accounts.deposit(call.words[0], asked.asset, asked.amount, now_ns)
        return self._account(call)

    def _reset(self, call: Call) -> AccountShown:
        balances = call.read(Balances).balances
        self._steering.accounts.reset(call.words[0], balances, self._server.clock.now_ns())
        return self._account(call)

    def _register(self, call: Call) -> KeyShown:
        pem, entropy = call.read(PublicKey).public_pem, secrets.token_bytes(ENTROPY_BYTES)
        return _key_shown(self._steering.accounts.register_key(call.words[0], pem, entropy))

    def _book(self, call: Call) -> BookShown:
        venue, symbol = call.query.get("venue", ""), call.query.get("symbol", "")
        truth = self._truth(venue, symbol)
        update_id, time_ns = call.whole("update_id"), call.whole("time_ns")
        if update_id is not None:
            book = truth.at_id(update_id)
        else:
            book = truth.latest() if time_ns is None else truth.at_time(time_ns)
        if book is None:
            raise ControlError(404, "NOT_KEPT", "that book is too old, or has not come yet")
        depth = call.whole("depth")
        return _book_shown(venue, truth.feed.listing, book, MOST_LEVELS if depth is None else depth)

    def _digests(self, call: Call) -> Digests:
        asked = call.read(DigestsAsked)
        truth = self._truth(asked.venue, asked.symbol)
        books = [truth.at_id(one) for one in asked.update_ids]
        books += [truth.at_time(one) for one in asked.times_ns]
        quanta = truth.feed.listing.lot_quanta
        return Digests(
            [None if one is None else digest_of(one, quanta, asked.depth).hex() for one in books]
        )

    def _truth(self, venue: str, symbol: str) -> BookTruth:
        truth = self._steering.truth_of(venue, symbol)
        if truth is None:
            raise ControlError(404, "UNKNOWN_BOOK", f"{symbol!r} is not listed on {venue!r}")
        return truth

    def _reset_limits(self, _: Call) -> LimitsReset:
        return LimitsReset(self._steering.reset_limits())

    def _lifetime(self, call: Call) -> LifetimeSet:
        return LifetimeSet(self._steering.set_lifetime(call.read(Lifetime).seconds))

    def _server_shutdown(self, call: Call) -> Planted:
        spec = FaultSpec(FaultKind.SHUTDOWN, venue=call.read(VenueName).venue, for_s=1.0)
        return Planted(self._server.faults.add(spec, self._server.clock.now_ns()))

    def _shut_down(self, _: Call) -> Stopping:
        self._server.stop()
        return Stopping(stopping=True)

    def _describe(self, _: Call) -> object:
        return control_document()


def _matched(words: list[str], name: list[str], variable: int) -> tuple[str, ...] | None:
    """Match a path with a route; a variable word stands behind the route's first word."""
    if len(words) != len(name) + variable:
        return None
    fixed = words[:1] + words[1 + variable :]
    return tuple(words[1 : 1 + variable]) if fixed == name else None


def _reply(body: object, status: int = 200) -> web.Response:
    headers: dict[str, Any] = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return web.Response(status=status, body=msgspec.json.encode(body), headers=headers)


def _key_shown(key: NewKey) -> KeyShown:
    return KeyShown(str(key.kind), key.key, key.secret, key.passphrase)


def _account_shown(accounts: Accounts, account: Account) -> AccountShown:
    balances = {
        asset: BalanceShown(_amount(held.free), _amount(held.locked))
        for asset, held in account.balances.items()
    }
    keys = [KeyShown(str(kind), key) for kind, key in accounts.keys(account.name)]
    return AccountShown(account.name, balances, keys, len(account.live))


def _amount(units: int) -> str:
    return to_text(units, ASSET_DECIMALS, pad=False)


def _book_shown(venue: str, listing: Listing, book: TrueBook, depth: int) -> BookShown:
    instrument = listing.instrument

    def side(ladder: Ladder) -> list[tuple[str, str]]:
        rows = zip(ladder[0][:depth].tolist(), ladder[1][:depth].tolist(), strict=True)
        return [
            (instrument.price_text(ticks), instrument.size_text(lots * listing.lot_quanta))
            for ticks, lots in rows
        ]

    bids, asks = side(book.bids), side(book.asks)
    return BookShown(venue, listing.symbol, book.update_id, book.time_ns, bids, asks)
