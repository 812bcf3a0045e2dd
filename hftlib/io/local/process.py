"""What a process costs: processor time and resident memory, as the system tells it."""

import os
import sys
import time
from pathlib import Path


def cpu_s() -> float:
    """Return the processor seconds that this process has used."""
    return time.process_time()


def resident_bytes() -> int | None:
    """Return the resident memory; where only the peak is told, the peak; None on Windows."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return _peak_bytes()
    return pages * os.sysconf("SC_PAGE_SIZE")


def _peak_bytes() -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
