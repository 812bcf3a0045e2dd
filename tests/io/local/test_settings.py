import pytest

from hftlib.core.errors import ConfigurationError
from hftlib.io.local.settings import LocalSettings, check


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]"])
def test_loopback_needs_nothing(host):
    check(LocalSettings(host=host))


def test_beyond_loopback_a_token_and_the_word_are_needed():
    with pytest.raises(ConfigurationError, match="without a token"):
        check(LocalSettings(host="0.0.0.0"))
    with pytest.raises(ConfigurationError, match="--expose"):
        check(LocalSettings(host="example.org", token="secret"))
    check(LocalSettings(host="0.0.0.0", token="secret", is_exposed=True))
