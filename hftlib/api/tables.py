"""Arrow tables as answers: the stream as it is, or JSON rows."""

import math
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from starlette.responses import Response

if TYPE_CHECKING:
    import pyarrow as pa

ARROW: Final = "application/vnd.apache.arrow.stream"
Format = Literal["json", "arrow"]


def read_stream(body: bytes) -> "pa.Table":
    """Return the table of an Arrow stream."""
    import pyarrow as pa  # late: an API answers before anything heavy is there

    return pa.ipc.open_stream(body).read_all()


def arrow_reply(body: bytes) -> Response:
    """Return an Arrow stream as a response."""
    return Response(body, media_type=ARROW)


def rows_of(table: "pa.Table") -> list[list[Any]]:
    """Return rows of plain values: stamps as integer nanoseconds, what is not finite as null."""
    columns = [_plain_column(column) for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def documented_arrow(responses: dict[Any, Any]) -> dict[Any, Any]:
    """Say in the `responses` of a route that the good answer may be an Arrow stream as well."""
    responses[200]["content"][ARROW] = {"schema": {"type": "string", "format": "binary"}}
    return responses


def _plain_column(column: "pa.ChunkedArray") -> list[Any]:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("ns", column.type.tz)).cast(pa.int64()).to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        return column.to_pylist()  # type: ignore[no-any-return]
    return [_plain(value) for value in column.to_pylist()]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Decimal | date | datetime):
        return str(value)
    return value
