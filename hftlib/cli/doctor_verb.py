"""`doctor`: tell a newcomer what works on this machine, one line per check."""

import argparse
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

import hftlib
from hftlib.cli.flags import add_settings
from hftlib.core.configuration import Configuration
from hftlib.desk.compiling import tell_compiling

NAME = "doctor"
HELP = "check what works here: Python, packages, kernels, data folder, desk, exchanges, clocks"

OLDEST_PYTHON: Final = (3, 11)
LITTLE_SPACE_GB: Final = 1.0
LARGE_OFFSET_MS: Final = 1000.0
PACKAGE: Final = Path(hftlib.__file__).resolve().parent

Verdict = Literal["ok", "note", "fail"]


class Check(msgspec.Struct, frozen=True):
    """Tell what one check found: `fail` stops the program, `note` only limits it."""

    name: str
    verdict: Verdict
    text: str
    figures: dict[str, Any] = {}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the doctor."""
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--compile", action="store_true", help="compile the kernels now")
    parser.add_argument("--offline", action="store_true", help="do not ask the exchanges")
    parser.add_argument(
        "--timeout", type=float, default=3.0, metavar="SECONDS", help="patience with each exchange"
    )
    add_settings(parser, "data_dir", "desk.host", "desk.port", "api.url", "api.token")


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Print every check as it is made; return 1 when one of them stops the program."""
    checks = []
    for check in examine(arguments, configuration):
        checks.append(check)
        if not arguments.json:
            print(f"{check.verdict:4}  {check.name:22}  {check.text}", flush=True)
    fails = [check.name for check in checks if check.verdict == "fail"]
    if arguments.json:
        document = msgspec.json.encode({"ok": not fails, "checks": checks})
        print(msgspec.json.format(document, indent=2).decode())
    else:
        print(f"\nhftlib cannot run here: {', '.join(fails)}" if fails else "\nhftlib can run here")
    return 1 if fails else 0


def examine(arguments: argparse.Namespace, configuration: Configuration) -> Iterator[Check]:
    """Yield the checks in the order in which a newcomer would fix things."""
    yield check_python()
    packages = check_packages(requirements_file())
    yield packages
    if packages.verdict == "fail":
        return
    yield check_kernels(compile_now=arguments.compile)
    yield check_data_folder(Path(configuration.data_dir))
    yield check_desk(configuration)
    yield check_chromium()
    if not arguments.offline:
        yield from check_exchanges(arguments.timeout)


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Check:
    """Compare the running Python with the oldest one that hftlib supports."""
    text = f"{version[0]}.{version[1]} at {sys.executable}"
    if version >= OLDEST_PYTHON:
        return Check("python", "ok", text)
    return Check("python", "fail", f"{text}; hftlib needs {'.'.join(map(str, OLDEST_PYTHON))}")


def requirements_file() -> Path:
    """Return the file of pinned packages beside the package."""
    return PACKAGE.parent / "requirements.txt"


def pins(text: str) -> Iterator[tuple[str, str]]:
    """Yield (package, version) of the lines of a requirements file that apply to this machine."""
    from packaging.requirements import Requirement

    for line in text.splitlines():
        requirement = line.partition("#")[0].strip()
        if not requirement:
            continue
        parsed = Requirement(requirement)
        if parsed.marker is None or parsed.marker.evaluate():
            yield parsed.name, str(parsed.specifier).removeprefix("==")


def check_packages(requirements: Path) -> Check:
    """Compare the installed packages with the pinned ones."""
    if not requirements.exists():
        return Check("packages", "note", f"{requirements.name} is not here: versions not compared")
    absent, other, right = [], [], 0
    for name, pinned in pins(requirements.read_text(encoding="utf-8")):
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            absent.append(name)
            continue
        if installed == pinned:
            right += 1
        else:
            other.append(f"{name} {installed} (pinned {pinned})")
    figures = {"right": right, "absent": absent, "other": other}
    if absent:
        text = f"absent: {', '.join(absent)}; run pip install -r requirements.txt"
        return Check("packages", "fail", text, figures)
    if other:
        return Check("packages", "note", f"other than pinned: {', '.join(other)}", figures)
    return Check("packages", "ok", f"{right} at their pinned versions", figures)


def check_kernels(*, compile_now: bool) -> Check:
    """Say whether the kernels are compiled; compile them first when asked to."""
    from hftlib.core import compiled

    if compile_now:
        for source in sorted(PACKAGE.rglob("*kernel.py")):
            module = source.relative_to(PACKAGE.parent).with_suffix("")
            importlib.import_module(".".join(module.parts))
        seconds = compiled.compile_all(tell_compiling)
        count = len(compiled.entries())
        text = f"{count} compiled or loaded in {seconds:.1f} s, kept in {compiled.cache_folder()}"
        return Check("kernels", "ok", text, {"seconds": round(seconds, 3), "count": count})
    if compiled.are_compiled():
        return Check("kernels", "ok", f"compiled, in {compiled.cache_folder()}")
    text = "not compiled yet: the first start does it once; `doctor --compile` does it now"
    return Check("kernels", "note", text)


def check_data_folder(folder: Path) -> Check:
    """Say whether the data folder can be written and how much space there is."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            free_gb = shutil.disk_usage(folder).free / 1e9
    except OSError as error:
        return Check("data folder", "fail", f"{folder.resolve()}: {error.strerror}")
    verdict: Verdict = "ok" if free_gb >= LITTLE_SPACE_GB else "note"
    text = f"{folder.resolve()} can be written, {free_gb:.1f} GB free"
    return Check("data folder", verdict, text, {"free_gb": round(free_gb, 1)})


def check_desk(configuration: Configuration) -> Check:
    """Say whether the desk that a client here would talk to is running."""
    from hftlib.client.desk import desk_of
    from hftlib.io.reachability import ask_health

    url, token = desk_of(configuration)
    health = ask_health(url, token)
    if health is not None:
        return Check("desk", "ok", f"answers at {url}", {"health": health})
    if configuration.api.url:
        return Check("desk", "note", f"does not answer at {url}, which api.url names")
    return Check(
        "desk", "note", f"none running at {url}; the app starts one, or `python -m hftlib desk`"
    )


def check_chromium() -> Check:
    """Say whether the browser is here that only the end-to-end tests need."""
    names = ("chromium", "chromium-browser", "google-chrome")
    named = os.environ.get("HFT_CHROMIUM")
    found = named if named else next(filter(None, map(shutil.which, names)), None)
    text = (
        f"{found} (only the end-to-end tests use it)" if found else "none; only make e2e needs it"
    )
    return Check("chromium", "ok" if found else "note", text)


def check_exchanges(timeout_s: float, probe: Callable[..., Any] | None = None) -> Iterator[Check]:
    """Yield one check per exchange: whether it answers, its feed opens, and its clock's offset."""
    from hftlib.io import reachability

    answering = 0
    for reach in (probe or reachability.probe)(timeout_s=timeout_s):
        answering += reach.answers and reach.feed_opens
        yield _exchange(reach)
    if not answering:
        text = "none can be reached from here; tapes and the local market work without them"
        yield Check("exchanges", "note", text)


def _exchange(reach: Any) -> Check:
    name, figures = f"exchange {reach.venue}", msgspec.to_builtins(reach)
    if not reach.answers:
        return Check(name, "note", f"not reached: {reach.note}", figures)
    text = f"clock {reach.clock_offset_ms:+.1f} ms, round trip {reach.round_trip_ms:.0f} ms"
    if abs(reach.clock_offset_ms) > LARGE_OFFSET_MS:
        return Check(name, "note", f"{text}: set this machine's clock", figures)
    if not reach.feed_opens:
        return Check(name, "note", f"{text}; {reach.note}", figures)
    return Check(name, "ok", f"{text}, feed opens", figures)
