"""Sign-up forms, how often each version was seen and answered, and who answered."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SignUp(models.Model):
    """One form. It is embedded in a page, pops up, and has a page of its own at /p/<slug>/, all with the same words.

    `versions` are one or two: [{"key": "a", "heading": …, "text": …, "button": …, "thanks": …}, …].
    `fields` are asked in their order, `at_once` of them at a time beside the address.
    """

    class Shows(models.TextChoices):
        EMBEDDED = "embedded", _("Where the page has a place for it")
        SECONDS = "seconds", _("Pops up after some seconds")
        SCROLL = "scroll", _("Pops up when so many percent of the page were scrolled")
        EXIT = "exit", _("Pops up when the pointer leaves the page")
        CART = "cart", _("Pops up when the cart is worth as much")

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=60, unique=True)
    shows = models.CharField(max_length=10, choices=Shows, default=Shows.EMBEDDED)
    threshold = models.PositiveIntegerField(default=10)  # seconds, percent, or the cart's value
    versions = models.JSONField(default=list)
    texts = models.JSONField(default=dict, blank=True)  # {"sw": {"heading": …, "wording": …}}: of every version
    wording = models.CharField(max_length=500)  # what people agree to, word for word
    topics = models.JSONField(default=list)
    fields = models.JSONField(default=list, blank=True)
    at_once = models.PositiveSmallIntegerField(default=1)
    is_confirmed = models.BooleanField(default=True)  # double opt-in
    pool_id = models.BigIntegerField(null=True, blank=True)  # a coupon for whoever answered
    live_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Count(models.Model):
    """How often one version was seen and answered on a day (UTC)."""

    form = models.ForeignKey(SignUp, on_delete=models.CASCADE)
    version = models.CharField(max_length=1)
    day = models.DateField()
    views = models.PositiveIntegerField(default=0)
    answers = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["form", "version", "day"], name="growth_count_once")]


class Answer(models.Model):
    """That a customer answered. What they said is in the log and in the consent ledger."""

    id = models.BigAutoField(primary_key=True)
    form = models.ForeignKey(SignUp, on_delete=models.CASCADE)
    version = models.CharField(max_length=1)
    customer_id = models.BigIntegerField()
    at = models.DateTimeField()
    utm_source = models.CharField(max_length=200, blank=True)
    utm_campaign = models.CharField(max_length=200, blank=True)
    rewarded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["form", "customer_id"], name="growth_answer_once")]
        indexes = [models.Index(fields=["customer_id"], name="growth_answer_customer")]
