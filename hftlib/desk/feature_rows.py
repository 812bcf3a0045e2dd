"""Write feature vectors to a parquet file, row group by row group."""

from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from hftlib.features.catalogue import CATALOGUE
from hftlib.features.measurer import FeatureVector

_ROWS: Final = 20_000

SCHEMA: Final = pa.schema(
    [
        ("venue", pa.dictionary(pa.int8(), pa.string())),
        ("symbol", pa.dictionary(pa.int16(), pa.string())),
        ("ts_event", pa.int64()),
        ("ts_recv", pa.int64()),
        ("last_update_id", pa.int64()),
        *((feature.name, pa.float64()) for feature in CATALOGUE),
    ]
)
"""Stamps are integer nanoseconds UTC; a feature that is not defined at an instant is null."""


class FeatureRows:
    """Collect vectors and write them in groups of 20,000 rows."""

    def __init__(self, path: Path) -> None:
        """Create the file. Raises OSError when it cannot be written."""
        self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd")
        self._rows: list[tuple[Any, ...]] = []

    def add(self, vector: FeatureVector) -> None:
        """Add one vector as a row."""
        self._rows.append(
            (
                vector.venue,
                vector.symbol,
                vector.ts_event,
                vector.ts_recv,
                vector.last_update_id,
                *vector.values,
            )
        )
        if len(self._rows) >= _ROWS:
            self._write()

    def close(self) -> None:
        """Write what is left and close the file."""
        self._write()
        self._writer.close()

    def _write(self) -> None:
        if not self._rows:
            return
        columns = zip(*self._rows, strict=True)
        arrays = [
            pa.array(column, type=field.type) for column, field in zip(columns, SCHEMA, strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA))
        self._rows.clear()
