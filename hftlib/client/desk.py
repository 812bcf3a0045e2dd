"""`hftlib.connect()`: find the desk that is meant and hand out a connection to it."""

import os
from pathlib import Path

from hftlib.client.connection import DeskConnection
from hftlib.client.endpoint import read_endpoint, read_token
from hftlib.core.configuration import Configuration
from hftlib.core.configuration_files import load


def connect(url: str | None = None, *, token: str | None = None) -> DeskConnection:
    """Return a connection to a desk.

    That is the one at `url`, else at HFT_API_URL, else the desk of the data folder, else the
    default port of this machine. Raises UnavailableError when none answers there, and
    ConfigurationError when the configuration is wrong.
    """
    configuration = load(os.environ, Path.cwd()).configuration
    address, found = desk_of(configuration, url)
    connection = DeskConnection(address, found if token is None else token)
    connection.health()
    return connection


def desk_of(configuration: Configuration, url: str | None = None) -> tuple[str, str]:
    """Return address and token of the desk that a configuration means, or of the one at `url`."""
    token = configuration.api.token
    named = url or configuration.api.url
    if named:
        return named.rstrip("/"), token
    endpoint = read_endpoint(Path(configuration.data_dir).expanduser())
    if endpoint is None:
        return f"http://127.0.0.1:{configuration.desk.port}", token
    return endpoint.url, token or read_token(endpoint)
