"""The page's command lines are found, and those that fail are told."""

from tests.interop import snippets


def test_the_lines_of_ctl_are_found():
    text = (
        'python -m hftlib market\n```\npython -m hftlib market ctl fault add drop --topic "a b"\n'
    )
    assert snippets.steering(text) == [["fault", "add", "drop", "--topic", "a b"]]


def test_a_line_that_fails_is_told(capsys):
    nobody = "http://127.0.0.1:9"
    assert snippets.steer(nobody, [["status"]]) == ["ctl status: exit code 2, ''"]
    assert "hftlib:" in capsys.readouterr().err
