from hftlib.io.local import process


def test_a_process_knows_what_it_costs():
    before = process.cpu_s()
    kept = bytearray(b"x" * 30_000_000)
    assert process.cpu_s() >= before
    assert process.resident_bytes() > len(kept)


def test_the_peak_is_told_where_nothing_better_is_known(monkeypatch):
    monkeypatch.setattr(process, "Path", lambda _: _Absent())
    assert process.resident_bytes() > 10_000_000


class _Absent:
    def read_text(self, encoding):
        raise OSError("no such file")
