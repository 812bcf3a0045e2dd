import datetime
import stat

from cryptography import x509

from hftlib.io.local import certificates as module
from hftlib.io.local.certificates import certificates, server_context


def loaded(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_a_server_may_be_loopback_and_nothing_else(tmp_path):
    files = certificates(tmp_path)
    authority, server = loaded(files.authority), loaded(files.chain)
    server.verify_directly_issued_by(authority)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert {str(one) for one in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "::1"}
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert len(limits.value.permitted_subtrees) == 3
    server_context(files)


def test_the_key_is_its_owners_and_the_authoritys_is_nowhere(tmp_path):
    files = certificates(tmp_path)
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    keys = [
        path for path in tmp_path.rglob("*") if path.is_file() and b"PRIVATE" in path.read_bytes()
    ]
    assert keys == [files.key]


def test_good_certificates_are_kept_and_old_or_broken_ones_replaced(tmp_path, monkeypatch):
    first = certificates(tmp_path).chain.read_bytes()
    assert certificates(tmp_path).chain.read_bytes() == first
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=360)
    with monkeypatch.context() as patched:
        patched.setattr(module, "_now", lambda: later)
        second = certificates(tmp_path).chain.read_bytes()
    assert second != first
    certificates(tmp_path).chain.write_text("rubbish")
    assert loaded(certificates(tmp_path).chain) is not None
    certificates(tmp_path).key.unlink()
    assert certificates(tmp_path).key.exists()
