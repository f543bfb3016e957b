"""Web push needs no provider: the shop's own key pair (VAPID, RFC 8292) is what browsers' push services know it by."""

import base64

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils.translation import gettext_lazy as _

from karibu.messages.channels.connecting import Field, Provider
from karibu.messages.channels.models import Account
from karibu.web import sealed


def _check(account: Account) -> str:
    """Makes the keys. Who makes new ones loses every browser that has subscribed with the old."""
    private = ec.generate_private_key(ec.SECP256R1())
    number = private.private_numbers().private_value.to_bytes(32, "big")
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    account.sealed = sealed.seal({"private_key": _word(number)})
    account.settings["public_key"] = _word(point)
    return str(account.settings["contact"])


def _word(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


PROVIDERS = [
    Provider(
        key="vapid",
        label="Web Push",
        base_url="",
        fields=(
            Field(
                "contact",
                _("Whom push services may write to"),
                _("An e-mail address of yours: where something is wrong they ask before they block."),
            ),
        ),
        check=_check,
        teaches=_("Straight to the browsers, without a provider and without cost."),
    )
]
