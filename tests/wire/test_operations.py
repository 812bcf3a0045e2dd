"""What goes over the API when a desk is operated: marks."""

import msgspec
import pytest

from hftlib.wire.operations import LATEST_NS, MarkReply, MarkRequest


def asked(**fields: object) -> MarkRequest:
    return msgspec.json.decode(msgspec.json.encode(fields), type=MarkRequest)


def test_a_mark_needs_a_label_alone() -> None:
    request = asked(label="here")
    assert (request.label, request.note, request.ts) == ("here", "", None)
    assert asked(label="x", ts=LATEST_NS).ts == LATEST_NS


@pytest.mark.parametrize(
    "fields", [{}, {"label": ""}, {"label": "x", "ts": -1}, {"label": "x", "mood": "good"}]
)
def test_what_is_no_mark_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        asked(**fields)


def test_a_mark_comes_back_as_it_was_sent() -> None:
    reply = MarkReply(7, 1, 2, "here", "why", "local")
    assert msgspec.json.decode(msgspec.json.encode(reply), type=MarkReply) == reply
