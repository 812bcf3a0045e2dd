import pytest

from hftlib.core.errors import ConfigurationError
from hftlib.io.store.target import Server, server_of


@pytest.mark.parametrize(
    ("dsn", "server"),
    [
        (
            "clickhouse://anna:s%40crt@ch.example:8124/market",
            Server("ch.example", 8124, False, "anna", "s@crt", "market"),
        ),
        ("http://ch.example", Server("ch.example", 8123, False, "default", "", "hftlib")),
        ("https://ch.example/", Server("ch.example", 8443, True, "default", "", "hftlib")),
        ("clickhouses://a:b@[::1]:9/x", Server("::1", 9, True, "a", "b", "x")),
        ("clickhouse://h?secure=1", Server("h", 8443, True, "default", "", "hftlib")),
    ],
)
def test_a_dsn_names_a_server(dsn, server):
    assert server_of(dsn) == server


@pytest.mark.parametrize(
    "dsn",
    [
        "ch.example:8123",
        "tcp://anna:secret@ch.example",
        "clickhouse://anna:secret@/x",
        "clickhouse://anna:secret@h:port/x",
        "clickhouse://anna:secret@h?compress=1",
    ],
)
def test_anything_else_is_refused_without_its_password(dsn):
    with pytest.raises(ConfigurationError) as refused:
        server_of(dsn)
    assert "clickhouse_dsn" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_server_is_shown_without_its_password():
    server = server_of("clickhouse://anna:secret@h/x")
    assert server.where == "http://h:8123/x"
    assert "secret" not in repr(server)
