"""Scripts and styles of the panels, and the fonts, served by the app itself.

The path of scripts and styles holds a hash of all of them, so a browser may keep them for ever
and an update can never mix old scripts with new ones. Fonts stand where the theme in
.streamlit/config.toml names them.
"""

import hashlib
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_HERE: Final = Path(__file__).resolve().parent
_MEDIA_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_A_DAY: Final = "public, max-age=86400"


class Assets:
    """Hold the files of the components and fonts folders in memory, read once."""

    def __init__(self, folder: Path = _HERE) -> None:
        """Read the scripts, styles and fonts under `folder`."""
        self._files = _read(folder / "components")
        self._fonts = _read(folder / "fonts")
        digest = hashlib.sha256()
        for name, content in self._files.items():
            digest.update(name.encode() + b"\0" + content)
        self.digest = digest.hexdigest()[:16]

    @property
    def path(self) -> str:
        """Return the path that scripts and styles stand under, with a slash at its end."""
        return f"/api/assets/{self.digest}/"

    def text(self, name: str) -> str:
        """Return a script or style as text. Raises KeyError where there is no such file."""
        return self._files[name].decode()

    def routes(self) -> list[Route]:
        """Return the routes that serve the files."""
        return [
            Route("/api/assets/{digest}/{name}", self._serve_file, methods=["GET"]),
            Route("/app/static/fonts/{name}", self._serve_font, methods=["GET"]),
        ]

    async def _serve_file(self, request: Request) -> Response:
        known = self._files if request.path_params["digest"] == self.digest else {}
        return _answer(known, request.path_params["name"], _FOR_EVER)

    async def _serve_font(self, request: Request) -> Response:
        return _answer(self._fonts, request.path_params["name"], _A_DAY)


def _read(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.iterdir() if path.suffix in _MEDIA_TYPES)
    return {path.name: path.read_bytes() for path in files}


def _answer(files: dict[str, bytes], name: str, cache: str) -> Response:
    if name not in files:
        return Response("not found", 404, media_type="text/plain")
    headers = {"Cache-Control": cache, "X-Content-Type-Options": "nosniff"}
    return Response(files[name], headers=headers, media_type=_MEDIA_TYPES[Path(name).suffix])


ASSETS: Final = Assets()
