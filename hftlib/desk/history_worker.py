"""A process that reads tapes for a desk: replaying takes a whole core, and the desk's must be free.

Questions come on standard input, answers go to standard output: four bytes of length,
little-endian, and msgpack, or an Arrow stream in pieces. The process ends with its parent.
"""

import os
import queue
import sys
import threading
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec
import pyarrow as pa

from hftlib.core.errors import HftlibError
from hftlib.desk.questions import Question

NICE: Final = 10
PIECE_BYTES: Final = 2**18
_LENGTH: Final = 4


class TapeQuestion(msgspec.Struct, frozen=True):
    """Ask for rows from these tapes, within so many seconds."""

    tapes: list[str]
    question: Question
    seconds: float


class TapeReply(msgspec.Struct, frozen=True):
    """Announce `bytes` of Arrow stream, or say why there are none."""

    bytes: int
    error: str = ""


def framed(message: msgspec.Struct) -> bytes:
    """Return a message with its length before it."""
    text = msgspec.msgpack.encode(message)
    return len(text).to_bytes(_LENGTH, "little") + text


def length_of(head: bytes) -> int:
    """Return the length that four bytes tell."""
    return int.from_bytes(head, "little")


def stream_of(table: pa.Table) -> bytes:
    """Return a table as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    body: bytes = sink.getvalue().to_pybytes()
    return body


def answer(asked: TapeQuestion) -> bytes:
    """Return the rows as an Arrow stream. Raises HftlibError."""
    from hftlib.core.compiled import compile_all
    from hftlib.desk.tape_history import TapeHistory

    compile_all()
    history = TapeHistory(asked.tapes, whole=len(asked.tapes) == 1)
    found = history.answer(asked.question, asked.seconds)
    return stream_of(found.as_table(asked.question.end))


def serve(questions: Iterator[TapeQuestion], out: BinaryIO) -> None:
    """Answer questions one after the other."""
    for asked in questions:
        try:
            body = answer(asked)
            reply = TapeReply(len(body))
        except (HftlibError, OSError) as error:
            body, reply = b"", TapeReply(0, str(error))
        out.write(framed(reply) + body)
        out.flush()


def main() -> None:
    """Answer what comes on standard input until it closes."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    # What a library prints must not come between the answers.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    waiting: queue.SimpleQueue[TapeQuestion] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, waiting), daemon=True).start()
    serve(iter(waiting.get, None), out)


def _read(source: BinaryIO, waiting: "queue.SimpleQueue[TapeQuestion]") -> None:
    """Pass questions on; end the process, whatever it does, when the parent's end closes."""
    decoder = msgspec.msgpack.Decoder(TapeQuestion)
    while len(head := source.read(_LENGTH)) == _LENGTH:
        waiting.put(decoder.decode(source.read(length_of(head))))
    os._exit(0)


if __name__ == "__main__":
    main()
