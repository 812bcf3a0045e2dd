"""What every test may ask for: recorded captures, hypothesis profiles, and no silent skips."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

PROJECT = Path(__file__).resolve().parent.parent
IN_CI = bool(os.environ.get("CI"))

_SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("dev", deadline=None, suppress_health_check=_SLOW_IS_FINE)
settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=_SLOW_IS_FINE
)
settings.register_profile(
    # Kernels run a hundred times slower with the compiler off; branches need few examples.
    "uncompiled",
    deadline=None,
    derandomize=True,
    max_examples=20,
    suppress_health_check=_SLOW_IS_FINE,
)
UNCOMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"
settings.load_profile("uncompiled" if UNCOMPILED else "ci" if IN_CI else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--skips-fail",
        action=argparse.BooleanOptionalAction,
        default=IN_CI,
        help="a skipped test fails the run (the default where CI is set)",
    )
    parser.addoption(
        "--allow-skip",
        action="append",
        default=[word for word in os.environ.get("HFT_ALLOW_SKIPS", "").split(",") if word],
        metavar="WORDS",
        help="with --skips-fail: a skip is fine when its reason holds these words",
    )


def _is_allowed(reason: str, config: pytest.Config) -> bool:
    return any(words in reason for words in config.getoption("--allow-skip"))


def _judge_skip(report: pytest.TestReport | pytest.CollectReport, config: pytest.Config) -> None:
    """Turn a skip into a failure where skips fail: a gate that looks away is no gate."""
    if not report.skipped or hasattr(report, "wasxfail") or not config.getoption("--skips-fail"):
        return
    reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
    if not _is_allowed(reason, config):
        report.outcome = "failed"
        report.longrepr = f"skipped where skips fail (CI is set): {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    _judge_skip(report, item.config)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    report = yield
    _judge_skip(report, collector.config)
    return report


@pytest.fixture(scope="session")
def captures() -> Callable[[str], Path]:
    """Return a function from a capture's name to its folder; skips when it is not here."""
    root = Path(os.environ.get("HFT_CAPTURES") or PROJECT.parent / "shared" / "captures")

    def find(name: str) -> Path:
        folder = root / name
        if not folder.is_dir():
            pytest.skip(f"capture {name} is absent (looked in HFT_CAPTURES or ../shared/captures)")
        return folder

    return find
