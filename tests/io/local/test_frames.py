import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close as WireClose
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from hftlib.exchange.messages import Message
from hftlib.io.local.frames import close_frame, framed, ping_frame, pong_frame, text_frame


def parsed(data):
    """Read one frame as a client does, by an implementation that is not ours."""
    reader = StreamReader()
    reader.feed_data(data)
    parsing = Frame.parse(reader.read_exact, mask=False)
    try:
        while True:
            next(parsing)
    except StopIteration as done:
        assert reader.at_eof.__self__.buffer == b""
        return done.value


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_text_of_any_length_is_one_frame(length):
    frame = parsed(text_frame(b"x" * length))
    assert (frame.opcode, frame.data, frame.fin) == (Opcode.TEXT, b"x" * length, True)


def test_a_message_is_framed_once():
    message = Message(b"{}", 1)
    assert framed(message) is framed(message)
    assert parsed(framed(message)).data == b"{}"


@given(st.binary(max_size=125))
def test_pings_and_pongs_carry_their_payload(payload):
    assert parsed(ping_frame(payload)) == Frame(Opcode.PING, payload)
    assert parsed(pong_frame(payload)) == Frame(Opcode.PONG, payload)


def test_a_control_frame_is_never_longer_than_allowed():
    with pytest.raises(ValueError, match="125"):
        ping_frame(b"x" * 126)


@given(st.text(max_size=200))
def test_a_close_frame_tells_code_and_as_much_of_the_reason_as_fits(reason):
    frame = parsed(close_frame(1008, reason))
    told = WireClose.parse(frame.data)
    assert told.code == 1008
    assert reason.startswith(told.reason)
    assert len(frame.data) <= 125
    if len(reason.encode()) <= 123:
        assert told.reason == reason
