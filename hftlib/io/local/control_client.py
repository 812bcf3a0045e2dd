"""Talk to the control interface of a local market."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import requests

from hftlib.core.errors import HftlibError, UnavailableError
from hftlib.io.local.control_messages import ErrorBody

_PATIENCE_S: Final = 10.0


class ControlClient:
    """Call a market's control interface."""

    def __init__(self, url: str, token: str = "") -> None:
        """Talk to `url`, http://HOST:PORT; `token` is demanded beyond loopback."""
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        query: Mapping[str, str | int] | None = None,
    ) -> Any:
        """Return what a call answers, decoded.

        Raises UnavailableError when nobody answers, HftlibError with the reason of a refusal.
        """
        data = None if body is None else msgspec.json.encode(body)
        try:
            answer = self._session.request(
                method, f"{self._url}/control/{path}", data=data, params=query, timeout=_PATIENCE_S
            )
        except requests.RequestException:
            raise UnavailableError(f"no local market answers at {self._url}") from None
        if answer.ok:
            return msgspec.json.decode(answer.content)
        raise HftlibError(_reason(answer))


def _reason(answer: requests.Response) -> str:
    try:
        told = msgspec.json.decode(answer.content, type=ErrorBody)
    except msgspec.MsgspecError:
        return f"the market answers {answer.status_code}"
    return f"{told.code}: {told.message}"
