"""Whatever a file holds, an import ends with an account or with a TapeError."""

import gzip
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftlib.core.errors import TapeError
from hftlib.io.importers import Order, import_files
from hftlib.io.tape import TapeReader

SEEDS = {
    "hftbacktest": (
        "a",
        "binance",
        (
            b'1723161253937085768 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,'
            b'"s":"BTCUSDT","U":1,"u":2,"b":[["1.50","2"]],"a":[]}}\n'
            b'1723161253937085769 {"lastUpdateId":5,"bids":[["1.25","0.001"]],"asks":[]}\n'
            b'1723161253937085770 {"stream":"btcusdt@bookTicker","data":{"u":1,"s":"BTCUSDT",'
            b'"b":"1.5","B":"2","a":"1.6","A":"3"}}\n'
        ),
    ),
    "cryptofeed": (
        "a",
        "coinbase",
        (
            b'{"t":"connect","ts":1.5,"addr":"wss://x"}\n'
            b'{"t":"http","ts":1.6,"url":"https://x/products","data":"{\\"products\\":[]}"}\n'
            b'{"t":"recv","ts":1.7,"data":"{\\"channel\\":\\"l2_data\\",\\"sequence_num\\":0,'
            b'\\"events\\":[{\\"product_id\\":\\"BTC-USD\\",\\"updates\\":[{\\"price_level\\":\\"1\\",'
            b'\\"new_quantity\\":\\"2\\"}]}]}"}\n'
        ),
    ),
    "binance-archive": (
        "BTCUSDT-aggTrades-2025-01-01.csv",
        "binance",
        b"1,64000.10,0.005,11,12,1735689600000,true,true\n",
    ),
    "csv": (
        "BTCUSDT.csv",
        "binance",
        b"time,price,size,side\n2025-01-01T00:00:00Z,1.5,1e-05,buy\n1735689600,1,2,sell\n",
    ),
}


@st.composite
def damaged(draw, seed):
    data = bytearray(seed)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        data[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=4))
    return bytes(data) or b"x"


@pytest.mark.parametrize("format_name", sorted(SEEDS))
@settings(max_examples=80)
@given(data=st.data(), is_packed=st.booleans())
def test_a_damaged_file_is_accounted_for(tmp_path_factory, format_name, data, is_packed):
    folder = tmp_path_factory.mktemp("hostile")
    name, venue, seed = SEEDS[format_name]
    content = data.draw(st.one_of(damaged(seed * 2), st.binary(min_size=1, max_size=200)))
    packed = gzip.compress(content)[: -data.draw(st.integers(1, 12))] if is_packed else content
    path = folder / name
    path.write_bytes(packed)
    order = Order(format=format_name, files=(path,), output=folder / "o.tape", venue=venue)
    try:
        summary = import_files(order)
    except TapeError:
        assert not order.output.exists()
    else:
        assert summary.frames == sum(1 for _ in TapeReader(order.output).frames()) > 0
    finally:
        shutil.rmtree(folder)
