"""Whatever a client sends to Coinbase's feeds: an answer in the documented shape, never a raise."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.reference.coinbase_floor import Desk, said

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner)
)
products = st.lists(st.sampled_from(["BTC-USD", "BTC-USDC", "XRP-USD", ""]), max_size=3) | values
channel_names = st.sampled_from(
    ["level2", "level2_50", "level2_batch", "matches", "status", "user", "full", "candles"]
)
channels = st.lists(
    channel_names
    | st.fixed_dictionaries({"name": channel_names | values, "product_ids": products})
    | values,
    max_size=3,
)
signatures = st.fixed_dictionaries(
    {}, optional={"key": values, "signature": values, "timestamp": values, "passphrase": values}
)
kinds = st.sampled_from(["subscribe", "unsubscribe", "ping"]) | values
exchange_messages = st.builds(
    lambda signed, rest: signed | rest,
    signatures,
    st.fixed_dictionaries(
        {},
        optional={"type": kinds, "channels": channels | values, "product_ids": products},
    ),
)
advanced_messages = st.fixed_dictionaries(
    {},
    optional={
        "type": kinds,
        "channel": channel_names | st.just("heartbeats") | values,
        "product_ids": products,
        "jwt": values,
    },
)


DESK = Desk()
"""A floor takes time to open; each example brings a connection of its own."""


def dumped(messages):
    return st.lists(messages.map(json.dumps) | st.text(), min_size=1, max_size=6)


@given(dumped(exchange_messages))
def test_exchange_answers_everything(sent):
    desk = DESK
    connection = desk.connect(desk.exchange)
    for text in sent:
        connection.receive(text, desk.now_ns)
        (answer,) = said(connection)
        assert answer["type"] in ("subscriptions", "error")
        expected = (
            {"type", "channels"}
            if answer["type"] == "subscriptions"
            else {
                "type",
                "message",
                "reason",
            }
        )
        assert set(answer) == expected
    desk.step(50)
    kinds_sent = {one["type"] for one in said(connection)}
    assert kinds_sent <= {"snapshot", "status"}
    desk.exchange.disconnect(connection)


@given(dumped(advanced_messages))
def test_advanced_answers_everything(sent):
    desk = DESK
    connection = desk.connect(desk.advanced)
    numbers = []
    for text in sent:
        connection.receive(text, desk.now_ns)
        (answer,) = said(connection)
        if answer.get("channel") == "subscriptions":
            numbers.append(answer["sequence_num"])
        else:
            assert set(answer) == {"type", "message"}
            assert answer["type"] == "error"
    desk.step(250)
    numbers += [frame["sequence_num"] for frame in said(connection)]
    assert numbers == list(range(len(numbers)))
    desk.advanced.disconnect(connection)
