"""Run what the page needs, on loopback: a made-up desk in a thread, the app in a process."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import uvicorn

from hftlib.client.connection import DeskConnection
from hftlib.client.endpoint import read_endpoint
from hftlib.core.errors import UnavailableError
from tests.ui_support.fake_desk import FakeDesk

PROJECT = Path(__file__).resolve().parents[2]
START_WITHIN_S = 60.0
COMPILE_WITHIN_S = 240.0


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def fake_desk(port: int | None = None) -> Iterator[tuple[FakeDesk, str]]:
    """Serve a made-up desk; yield it and its address."""
    desk = FakeDesk()
    port = port or free_port()
    config = uvicorn.Config(desk.app(), port=port, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{port}"
    wait_for(f"{url}/api/v1/health")
    try:
        yield desk, url
    finally:
        server.should_exit = True
        thread.join(5)


def other_address() -> str:
    """Return an address of this machine that is not 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a datagram socket: nothing is sent
        except OSError:
            return "127.0.0.2"
        return str(probe.getsockname()[0])


@contextlib.contextmanager
def app(environment: Mapping[str, str], log: Path, *arguments: str) -> Iterator[str]:
    """Serve the app as `streamlit run app.py` does; yield its address."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += arguments
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == "HFT_KERNEL_CACHE" or not name.startswith("HFT_")
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=PROJECT, env={**kept, **environment}, stdout=out, stderr=out
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/_stcore/health", process)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_desk(data_dir: Path) -> None:
    """Return once the desk of a folder runs; its kernels may have to be compiled first."""
    pause = threading.Event()
    for _ in range(int(COMPILE_WITHIN_S / 0.2)):
        endpoint = read_endpoint(data_dir)
        if endpoint is not None:
            with DeskConnection(endpoint.url) as desk, contextlib.suppress(UnavailableError):
                if desk.health().state == "running":
                    return
        pause.wait(0.2)
    raise TimeoutError(f"no desk of {data_dir} ran within {COMPILE_WITHIN_S:g} s")


def wait_for(url: str, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Return once an address answers. Raises TimeoutError when it never does."""
    ticks = int(START_WITHIN_S / 0.1)
    pause = threading.Event()
    for _ in range(ticks):
        if process is not None and process.poll() is not None:
            raise TimeoutError(f"the server of {url} ended with code {process.returncode}")
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            try:
                urllib.request.urlopen(url, timeout=2).close()
            except urllib.error.HTTPError:
                return
            return
        pause.wait(0.1)
    raise TimeoutError(f"{url} did not answer within {START_WITHIN_S:g} s")
