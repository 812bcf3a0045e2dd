"""The snippets of docs/your-own-bot.md: programs that run as they stand on the page.

They name the market's default ports and a placeholder for keys; a run puts the true ones in.
"""

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import tempfile
import urllib.request
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hftlib.cli.frame import main
from tests.interop.environments import SNIPPETS, Client
from tests.interop.report import DOCS, Row

PAGE = DOCS / "your-own-bot.md"
PORTS = {
    8720: "binance",
    8721: "binance_usdm",
    8722: "coinbase_exchange",
    8723: "coinbase",
    8724: "coinbase_tls",
    8725: "control",
}
AUTHORITY = "data/market-tls/authority.pem"
PUBLIC_KEY = "my-public-key.pem"
SECONDS = 60.0
_BLOCK = re.compile(r"<!-- snippet: (\w+) -->\n```python\n(.*?)```\n", re.DOTALL)


def on_page(text: str) -> dict[str, str]:
    """Return the programs of the page by name."""
    return dict(_BLOCK.findall(text))


def steering(text: str) -> list[list[str]]:
    """Return the arguments of the page's `ctl` lines."""
    lines = re.findall(r"^python -m hftlib market ctl (.+)$", text, re.MULTILINE)
    return [shlex.split(line) for line in lines]


def steer(control: str, commands: list[list[str]]) -> list[str]:
    """Carry out `ctl` lines; return those that failed."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder) / PUBLIC_KEY
        pem.write_bytes(_public_key())
        for command in commands:
            words = [str(pem) if word == PUBLIC_KEY else word for word in command]
            with contextlib.redirect_stdout(io.StringIO()) as told:
                code = main(["market", "ctl", "--control", control, *words])
            if code or not told.getvalue().strip():
                found.append(f"ctl {' '.join(command)}: exit code {code}, {told.getvalue()!r}")
    return found


def _public_key() -> bytes:
    public = Ed25519PrivateKey.generate().public_key()
    kinds = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(*kinds)


def pointed(source: str, setup: dict[str, str], keys: dict[str, str]) -> str:
    """Return a program with this market's ports, authority and keys in place."""
    for port, name in PORTS.items():
        own = setup[name].rpartition(":")[2].rstrip("/")
        source = source.replace(f"127.0.0.1:{port}", f"127.0.0.1:{own}")
    source = source.replace(AUTHORITY, setup["ca"])
    for name, value in keys.items():
        source = source.replace(f"YOUR_{name.upper()}", value)
    return source


def run(client: Client, name: str, python: Path, setup: dict[str, str], version: str) -> Row:
    """Run one program; it passes when it ends well and prints something."""
    source = (SNIPPETS / f"{name}.py").read_text(encoding="utf-8")
    feature = f"snippet:{name}"
    try:
        ready = pointed(source, setup, _keys(setup["control"], f"snippet-{name}"))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.py"
            path.write_text(ready, encoding="utf-8")
            done = subprocess.run(
                [str(python), "-W", "ignore", str(path)],
                env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Row(client.name, version, feature, "fail", str(error)[:300])
    lines = (done.stderr if done.returncode else done.stdout).strip().splitlines() or [""]
    note = lines[-1][:200]
    passed = done.returncode == 0 and note
    return Row(client.name, version, feature, "pass" if passed else "fail", note)


def _keys(control: str, account: str) -> dict[str, str]:
    """Open an account with a key of each kind that the page's programs use."""
    asked = {
        "name": account,
        "balances": {"USDT": "100000", "BTC": "2", "USD": "100000"},
        "keys": ["hmac", "coinbase"],
    }
    request = urllib.request.Request(
        f"{control}/control/accounts", json.dumps(asked).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        hmac, coinbase = json.loads(answer.read())["keys"]
    return {
        "key": hmac["key"],
        "secret": hmac["secret"],
        "coinbase_key": coinbase["key"],
        "coinbase_secret": coinbase["secret"],
        "coinbase_passphrase": coinbase["passphrase"],
    }
