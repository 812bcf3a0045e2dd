"""The panels' files: served under their hash, with types and caching that fit, and no others."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from hftlib.ui.assets import ASSETS, Assets
from tests.ui_support.serving import PROJECT


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=ASSETS.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def test_a_script_is_served_for_ever_under_its_hash(client: httpx.AsyncClient) -> None:
    reply = await client.get(f"{ASSETS.path}feed.js")
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/javascript")
    assert "immutable" in reply.headers["cache-control"]
    assert reply.text == ASSETS.text("feed.js")


@pytest.mark.parametrize(
    "path",
    ["/api/assets/0000/feed.js", f"{ASSETS.path}nosuch.js", f"{ASSETS.path}..%2Fassets.py"],
)
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_the_themes_fonts_are_served(client: httpx.AsyncClient) -> None:
    config = (PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    urls = [line.split('"')[1] for line in config.splitlines() if line.startswith("url =")]
    assert len(urls) == 2
    for url in urls:
        reply = await client.get(f"/{url}")
        assert reply.headers["content-type"] == "font/woff2"
        assert reply.content.startswith(b"wOF2")


def test_the_fonts_licences_lie_beside_them() -> None:
    fonts = PROJECT / "hftlib" / "ui" / "fonts"
    for name in ("inter.OFL.txt", "jetbrains-mono.OFL.txt"):
        assert "SIL Open Font License" in (fonts / name).read_text(encoding="utf-8")


def test_another_content_is_another_path(tmp_path: Path) -> None:
    for folder in ("components", "fonts"):
        (tmp_path / folder).mkdir()
    script = tmp_path / "components" / "one.js"
    script.write_text("1")
    before = Assets(tmp_path).path
    assert Assets(tmp_path).path == before
    script.write_text("2")
    assert Assets(tmp_path).path != before


def test_scripts_import_nothing_from_elsewhere() -> None:
    for script in (PROJECT / "hftlib" / "ui" / "components").glob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert "https://" not in text.replace("http://www.w3.org", "")
        imports = [line for line in text.splitlines() if line.startswith("import ")]
        assert all('from "./' in line for line in imports), script.name
