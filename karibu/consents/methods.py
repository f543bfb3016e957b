"""How a consent came to be said, and what permits it in law: two closed sets."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Method(models.TextChoices):
    """By which way a statement reached us."""

    CHECKOUT = "checkout", _("the checkout")
    FORM = "form", _("a form")
    DOUBLE_OPT_IN = "double-opt-in", _("a confirmed address")
    IMPORT = "import", _("an import")
    AGENT = "agent", _("a colleague")
    ONE_CLICK = "one-click", _("one click in their mail program")  # RFC 8058
    PREFERENCE_CENTRE = "preference-centre", _("their preferences page")
    COMPLAINT = "complaint", _("a complaint")
    INBOUND_STOP = "inbound-stop", _("STOP or START that they wrote")
    API = "api", _("the API")
    EVENT = "event", _("an event of the shop")  # "Email Subscribed" and the like
    TRAIT = "trait", _("their profile in the shop")  # a profile's "marketing_consent"


class Basis(models.TextChoices):
    """What permits it: GDPR art. 6 (1) a to f, and what LGPD art. 7 has beside these (IV, VI, VIII, X)."""

    CONSENT = "consent", _("consent")  # GDPR a, LGPD I
    CONTRACT = "contract", _("contract")  # GDPR b, LGPD V
    LEGAL_OBLIGATION = "legal_obligation", _("legal obligation")  # GDPR c, LGPD II
    VITAL_INTERESTS = "vital_interests", _("vital interests")  # GDPR d, LGPD VII
    PUBLIC_TASK = "public_task", _("public task")  # GDPR e, LGPD III
    LEGITIMATE_INTERESTS = "legitimate_interests", _("legitimate interests")  # GDPR f, LGPD IX
    RESEARCH = "research", _("studies by a research body (LGPD)")
    EXERCISE_OF_RIGHTS = "exercise_of_rights", _("exercise of rights in proceedings (LGPD)")
    HEALTH = "health", _("protection of health (LGPD)")
    CREDIT = "credit", _("protection of credit (LGPD)")


# Who speaks. The person's own act is strongest; a colleague or a program speaks about them; a file repeats old news.
OWN_ACT, ON_BEHALF, FILE = 40, 30, 10
STRENGTH: dict[str, int] = {
    **dict.fromkeys(Method.values, OWN_ACT),
    Method.AGENT: ON_BEHALF,
    Method.API: ON_BEHALF,
    Method.IMPORT: FILE,
}
# These repeat a state with every call instead of telling of an act. What they say counts when it differs from
# what the same source said before; else each sign-in would undo an unsubscribe made since.
STATES = frozenset({Method.TRAIT, Method.IMPORT})


CHANNELS = [
    ("email", _("E-mail")),
    ("sms", "SMS"),
    ("whatsapp", "WhatsApp"),
    ("push", "Push"),
    ("telegram", "Telegram"),
    ("ads", _("Ads")),
]


def channel_name(channel: str) -> str:
    """What a channel is called; one that nobody named stands for itself."""
    return str(dict(CHANNELS).get(channel, channel))
