"""A request's URL taken apart: which endpoint, and the parameters that its answer leaves out."""

from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from hftlib.venues.failures import MalformedError


class Request(NamedTuple):
    """Hold a URL's path, split and percent-decoded, and the first value of each parameter."""

    parts: tuple[str, ...]
    parameters: dict[str, str]

    @property
    def endpoint(self) -> str:
        """Return the last part of the path, "" where there is none."""
        return self.parts[-1] if self.parts else ""

    def after(self, name: str) -> tuple[str, ...]:
        """Return the parts of the path behind a part, () where it is absent."""
        return self.parts[self.parts.index(name) + 1 :] if name in self.parts else ()


def request_of(url: str) -> Request:
    """Return a URL taken apart. Raises MalformedError when it is none."""
    try:
        split = urlsplit(url)
        query = parse_qs(split.query)
    except ValueError as error:
        raise MalformedError(f"no URL: {url[:80]!r}") from error
    parts = tuple(unquote(part) for part in split.path.split("/") if part)
    return Request(parts, {name: values[0] for name, values in query.items()})
