"""The sources that a desk can be asked for, in words."""

from pathlib import Path
from typing import Final

from hftlib.desk.settings import AUTO, LIVE, LOCAL, TESTNET, incident_names
from hftlib.wire.messages import SourceChoice

TAPES: Final = "tapes"
"""The folder of live tapes within the data folder."""

_RUNNING: Final = {
    AUTO: "Automatic",
    LIVE: "Exchanges",
    TESTNET: "Test networks",
    LOCAL: "Local venues",
}
_MOST_TAPES: Final = 50


def choices(data_dir: Path) -> list[SourceChoice]:
    """Return running sources, the newest tapes of the data folder, and the incidents shipped."""
    running = [SourceChoice(name, label, "Running") for name, label in _RUNNING.items()]
    tapes = sorted((data_dir / TAPES).glob("*.tape"), reverse=True)[:_MOST_TAPES]
    recorded = [SourceChoice(f"tape:{path}", path.stem, "Recorded") for path in tapes]
    incidents = [
        SourceChoice(f"incident:{name}", name.replace("_", " ").capitalize(), "Incidents")
        for name in incident_names()
    ]
    return running + recorded + incidents
