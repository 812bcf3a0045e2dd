"""Websocket frames as a server writes them: unmasked, unfragmented (RFC 6455, section 5.2)."""

from struct import pack
from typing import Final

from hftlib.exchange.messages import Message

_FIN: Final = 0x80
_TEXT: Final = _FIN | 0x1
_CLOSE: Final = _FIN | 0x8
_PING: Final = _FIN | 0x9
_PONG: Final = _FIN | 0xA
_SHORT: Final = 125
_MEDIUM: Final = 0xFFFF


def text_frame(text: bytes) -> bytes:
    """Return a text message as one frame."""
    return _head(_TEXT, len(text)) + text


def framed(message: Message) -> bytes:
    """Return a message's frame, made once for everybody who gets the message."""
    if message.framed is None:
        message.framed = text_frame(message.text)
    return message.framed


def ping_frame(payload: bytes) -> bytes:
    """Return a ping; its payload has at most 125 bytes."""
    return _control(_PING, payload)


def pong_frame(payload: bytes) -> bytes:
    """Return a pong; its payload has at most 125 bytes."""
    return _control(_PONG, payload)


def close_frame(code: int, reason: str = "") -> bytes:
    """Return a close frame; a reason longer than 123 bytes is cut."""
    told = reason.encode()[: _SHORT - 2].decode(errors="ignore").encode()
    return _control(_CLOSE, pack(">H", code) + told)


def _control(opcode: int, payload: bytes) -> bytes:
    if len(payload) > _SHORT:
        raise ValueError(f"a control frame holds {_SHORT} bytes, not {len(payload)}")
    return pack("BB", opcode, len(payload)) + payload


def _head(opcode: int, length: int) -> bytes:
    if length <= _SHORT:
        return pack("BB", opcode, length)
    if length <= _MEDIUM:
        return pack(">BBH", opcode, 126, length)
    return pack(">BBQ", opcode, 127, length)
