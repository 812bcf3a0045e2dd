"""Where the rows go: a folder for the embedded engine, or a server that a DSN names."""

from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from hftlib.core.configuration import MASK
from hftlib.core.errors import ConfigurationError

DATABASE: Final = "hftlib"
_SECURE: Final = {"clickhouse": False, "http": False, "clickhouses": True, "https": True}
_PORTS: Final = {False: 8123, True: 8443}
_YES: Final = ("1", "true", "yes")


class Server(msgspec.Struct, frozen=True):
    """Name a ClickHouse server and who asks; it is spoken to over HTTP."""

    host: str
    port: int
    secure: bool
    username: str
    password: str
    database: str

    @property
    def where(self) -> str:
        """Return the address without the password."""
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{self.host}:{self.port}/{self.database}"

    def __repr__(self) -> str:
        """Return the server without its password."""
        return f"Server({self.where!r}, {self.username!r}, {MASK!r})"


def server_of(dsn: str) -> Server:
    """Return the server that a DSN names.

    clickhouse://USER:PASSWORD@HOST:PORT/DATABASE and http:// mean HTTP on port 8123 unless
    another is given; clickhouses://, https:// and `?secure=1` mean TLS on 8443. Raises
    ConfigurationError, without the password, for anything else.
    """
    try:
        parts = urlsplit(dsn)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"clickhouse_dsn: {error}") from None
    options = dict(parse_qsl(parts.query))
    unknown = set(options) - {"secure"}
    if parts.scheme not in _SECURE or not parts.hostname or unknown:
        raise ConfigurationError(
            "clickhouse_dsn must read clickhouse://USER:PASSWORD@HOST:PORT/DATABASE, "
            "clickhouses://, http:// or https://"
            + (f"; it has no option {sorted(unknown)[0]!r}" if unknown else "")
        )
    secure = _SECURE[parts.scheme] or options.get("secure", "").lower() in _YES
    return Server(
        host=parts.hostname,
        port=port or _PORTS[secure],
        secure=secure,
        username=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        database=unquote(parts.path.strip("/")) or DATABASE,
    )
