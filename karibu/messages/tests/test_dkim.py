"""Mail signed in its domain's name, as another library (dkimpy) verifies it."""

from types import SimpleNamespace

import dkim as other
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from karibu.messages import send
from karibu.messages.channels.email import dkim, keys
from karibu.messages.channels.email.models import SigningKey
from karibu.messages.models import Mail
from karibu.messages.tests.cast import a_person, the_shop, wants

MAILS = [
    b"From: a@duka.example\r\nSubject: Hi  there,\r\n  all\r\n\r\nHello  \tyou \r\n\r\n.\r\n\r\n\r\n",
    b"FROM: a@duka.example\r\nTo:b@example.com\r\nList-Unsubscribe: <https://x.example/1>\r\n\r\nx\r\n",
    b"From: a@duka.example\r\nTo: b@example.com\r\n\r\nno line break at the end",
    "From: Gr\u00fc\u00dfe <a@duka.example>\r\nX: y\r\n\r\n\u00fc\r\n".encode(),
]


@pytest.fixture(autouse=True)
def primitives(monkeypatch):
    """dkimpy leaves Ed25519's arithmetic to PyNaCl; here `cryptography` does that part, dkimpy all the rest."""

    class VerifyKey:
        def __init__(self, text, encoder):
            self.key = Ed25519PublicKey.from_public_bytes(other.base64.b64decode(text))

        def verify(self, message, signature):
            try:
                self.key.verify(signature, message)
            except InvalidSignature as error:
                raise BadSignature from error

    class BadSignature(Exception):
        pass

    nacl = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=SimpleNamespace(BadSignatureError=BadSignature, ValueError=ValueError),
    )
    monkeypatch.setattr(other, "nacl", nacl, raising=False)


def is_good(mail: bytes, record: str, index: int = 0) -> bool:
    try:
        return bool(other.DKIM(mail).verify(idx=index, dnsfunc=lambda name, timeout=5: record.encode()))
    except other.DKIMException:
        return False


@pytest.mark.parametrize("algorithm", ["rsa", "ed25519"])
@pytest.mark.parametrize("mail", MAILS)
def test_what_we_sign_another_library_believes_and_any_change_of_it_it_does_not(algorithm, mail):
    pem = dkim.new_key(algorithm)
    record = dkim.dns_record(pem)
    signed = dkim.Signer("duka.example", "k1", algorithm, dkim.opened(pem)).header(mail) + mail
    assert is_good(signed, record)
    assert not is_good(signed + b"more\r\n", record)
    assert not is_good(signed.replace(b"a@duka", b"b@duka"), record)
    assert not is_good(signed, dkim.dns_record(dkim.new_key(algorithm)))
    assert not is_good(b"From: c@d.example\r\n" + signed, record), "a second From must break it"
    assert max(map(len, signed.partition(b"\r\nX:")[0].split(b"\r\n"))) < 200


@pytest.mark.django_db
def test_a_shop_that_signs_with_both_keys_sends_mail_that_both_verify_and_the_database_holds_no_key():
    the_shop()
    made = [keys.sign_with("duka.example", algorithm, by="owner@example.com") for algorithm in ("rsa", "ed25519")]
    keys.forget()
    wants(a_person())
    send.send_due()
    raw = bytes(Mail.objects.get().raw)
    records = {key.algorithm: key.record for key in made}
    algorithms = [line.split(b"a=")[1].split(b"-")[0].decode() for line in raw.split(b"\r\n") if b" a=" in line[:30]]
    assert sorted(algorithms) == ["ed25519", "rsa"]
    assert all(is_good(raw, records[algorithm], n) for n, algorithm in enumerate(algorithms))
    assert not any(b"PRIVATE" in bytes(key.sealed) for key in SigningKey.objects.all())
    keys.forget()


@pytest.mark.django_db
def test_a_key_that_is_replaced_or_closed_signs_no_more():
    the_shop()
    first = keys.sign_with("duka.example", "ed25519", by="owner@example.com")
    second = keys.sign_with("duka.example", "ed25519", by="owner@example.com")
    keys.forget()
    assert second.selector.encode() in keys.signed(MAILS[0], "a@duka.example")
    assert first.selector.encode() not in keys.signed(MAILS[0], "a@duka.example")
    assert keys.signed(MAILS[0], "a@other.example") == MAILS[0]
    keys.close(second, by="owner@example.com")
    keys.forget()
    assert keys.signed(MAILS[0], "a@duka.example") == MAILS[0]
