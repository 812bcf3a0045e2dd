"""Parameters of Binance's requests: every documented refusal, and exact numbers."""

import pytest

from hftlib.exchange.binance.parameters import (
    SECURITY,
    Form,
    Parameters,
    check_one,
    read_form,
    stamp_ns,
    window_ns,
)
from hftlib.exchange.binance.refusal import BinanceError

DECIMALS = r"legal range is '^([0-9]{1,20})(\.[0-9]{1,20})?$'."
WHOLE = "legal range is '^[0-9]{1,20}$'."


def refusal(form: Form, **texts: str) -> tuple[int, str]:
    with pytest.raises(BinanceError) as caught:
        form.checked(texts)
    assert caught.value.status == 400
    return caught.value.code, caught.value.text


@pytest.mark.parametrize(
    ("name", "text", "code", "told"),
    [
        ("quantity", "1e-05", -1100, f"parameter 'quantity'; {DECIMALS}"),
        ("quantity", "-1", -1100, f"parameter 'quantity'; {DECIMALS}"),
        ("price", "1.", -1100, f"parameter 'price'; {DECIMALS}"),
        ("price", "٣", -1100, f"parameter 'price'; {DECIMALS}"),
        ("price", "0.000000001", -1111, "Parameter 'price' has too much precision."),
        ("price", "92233720369", -1108, "Parameter 'price' overflowed."),
        ("orderId", "-5", -1100, f"parameter 'orderId'; {WHOLE}"),
        ("orderId", "1.5", -1100, f"parameter 'orderId'; {WHOLE}"),
        ("orderId", "9223372036854775808", -1108, "Parameter 'orderId' overflowed."),
        ("symbol", "btcusdt", -1100, "parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'."),
        ("newClientOrderId", "ä", -1100, "legal range is '^[a-zA-Z0-9-_]{1,36}$'."),
        ("newClientOrderId", "a" * 37, -1100, "legal range is '^[a-zA-Z0-9-_]{1,36}$'."),
        ("side", "buy", -1117, "Invalid side."),
        ("type", "STOP", -1116, "Invalid orderType."),
        ("timeInForce", "GTX", -1115, "Invalid timeInForce."),
        ("newOrderRespType", "ALL", -1130, "Data sent for parameter 'newOrderRespType' is not"),
        (
            "selfTradePreventionMode",
            "X",
            -1130,
            "parameter 'selfTradePreventionMode' is not valid.",
        ),
        ("cancelRestrictions", "X", -1145, "Invalid cancelRestrictions"),
        ("omitZeroBalances", "True", -1100, "legal range is '^(true|false)$'."),
        ("strategyType", "999999", -1134, "`strategyType` was less than 1000000."),
        ("strategyType", "x", -1100, WHOLE),
        ("recvWindow", "60000.001", -1102, "'recvWindow' contains unexpected value. Cannot be"),
        ("recvWindow", "1.0001", -1100, r"legal range is '^[0-9]{1,20}(\.[0-9]{1,3})?$'."),
        ("timestamp", "now", -1100, WHOLE),
        ("price", "", -1105, "Parameter 'price' was empty."),
    ],
)
def test_malformed_value_is_refused_with_its_documented_code(
    name: str, text: str, code: int, told: str
) -> None:
    found, said = refusal(Form((), (name,)), **{name: text})

    assert found == code
    assert told in said


def test_mandatory_parameter_is_missed_by_name() -> None:
    form = Form(("symbol", "side"))
    text = "Mandatory parameter 'side' was not sent, was empty/null, or malformed."

    assert refusal(form, symbol="BTCUSDT") == (-1102, text)
    assert refusal(form, symbol="BTCUSDT", side="") == (-1102, text)


def test_unknown_parameters_are_counted() -> None:
    assert refusal(Form((), ("symbol",)), symbol="BTCUSDT", foo="1", bar="2") == (
        -1104,
        "Not all sent parameters were read; read '1' parameter(s) but was sent '3'.",
    )


def test_signed_requests_may_carry_what_signing_needs() -> None:
    texts = {"timestamp": "1", "recvWindow": "5", "signature": "x", "apiKey": "k"}

    assert Form().checked(texts).texts == texts
    with pytest.raises(BinanceError, match="read '0'"):
        Form().checked(texts, signed=False)
    assert set(texts) < set(SECURITY)


def test_a_parameter_without_a_form_of_its_own_is_taken_as_it_is() -> None:
    assert Form((), ("pegPriceType",)).checked({"pegPriceType": "?"}).text("pegPriceType") == "?"


def test_numbers_are_read_exactly() -> None:
    given = Parameters(
        {
            "price": "0.10",
            "quantity": "92233720368.54775807",
            "orderId": "007",
            "startTime": "1700000000000",
            "endTime": "1700000000000001",
            "omitZeroBalances": "true",
        }
    )

    assert given.units("price") == 10_000_000
    assert given.units("quantity") == 2**63 - 1
    assert given.units("stopPrice") is None
    assert given.whole("orderId") == 7
    assert given.whole("fromId") is None
    assert given.time_ns("startTime") == 1_700_000_000_000_000_000
    assert given.time_ns("endTime") == 1_700_000_000_000_001_000
    assert given.time_ns("timestamp") is None
    assert given.flag("omitZeroBalances")
    assert not given.flag("computeCommissionRates")
    assert given.flag("returnRateLimits", default=True)
    assert "price" in given
    assert "stopPrice" not in given


@pytest.mark.parametrize(("text", "rows"), [("1", 1), ("1000", 1000), ("1001", 1000)])
def test_limit_is_at_most_a_thousand(text: str, rows: int) -> None:
    assert Parameters({"limit": text}).limit() == rows
    assert Parameters({}).limit() == 500


def test_limit_of_nothing_is_refused() -> None:
    with pytest.raises(BinanceError, match="Data sent for parameter 'limit' is not valid"):
        Parameters({"limit": "0"}).limit()


def test_stamps_and_windows_go_down_to_the_microsecond() -> None:
    assert stamp_ns(1_800_000_000_000) == stamp_ns(1_800_000_000_000_000)
    assert window_ns("5000") == 5_000_000_000
    assert window_ns("0.001") == 1_000


def test_one_parameter_can_be_checked_alone() -> None:
    check_one("timestamp", "5")
    with pytest.raises(BinanceError, match="Mandatory parameter 'timestamp'"):
        check_one("timestamp", "")


def test_form_text_is_decoded() -> None:
    assert read_form("a=1&&b=%C3%A9+x&c&d=e=f") == {"a": "1", "b": "é x", "c": "", "d": "e=f"}
    assert read_form("") == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a=1&a=2", "-1101: Duplicate values for a parameter detected."),
        ("a=%FF", "-1100: Illegal characters found in a parameter."),
    ],
)
def test_form_text_that_is_none_is_refused(text: str, told: str) -> None:
    with pytest.raises(BinanceError, match=told):
        read_form(text)
