"""Every message is a row first, unique on its key; it explains its own fate with a status and a reason."""

from django.db import models
from django.utils.translation import gettext_lazy as _

IS_OPEN = models.Q(status__in=["intended", "held"])


class Priority(models.IntegerChoices):
    """Which of several messages to one person leaves first, where the rules let only some pass."""

    FIRST = 10, _("It goes first")
    USUAL = 0, _("As usual: the oldest first")
    LAST = -10, _("It can wait for all others")


class Template(models.Model):
    """What a message says. `body` is MJML with Liquid in it, `subject` and `text` are Liquid.

    Where there are `blocks` (blocks/), `body` and `text` are written from them whenever they are saved.
    """

    key = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    channel = models.CharField(max_length=20, default="email")
    topic = models.CharField(max_length=40, default="offers")
    is_marketing = models.BooleanField(default=True)  # else transactional: no consent needed, no unsubscribe
    # Added to what the sender says: of several to one person the highest leaves first.
    priority = models.SmallIntegerField(choices=Priority, default=Priority.USUAL, db_default=0)
    subject = models.TextField()
    body = models.TextField()
    text = models.TextField(blank=True)  # empty: derived from the HTML
    blocks = models.JSONField(null=True, blank=True)  # None: written by hand
    preheader = models.TextField(blank=True, db_default="")  # what an inbox shows behind the subject
    language = models.CharField(max_length=16, default="en")
    version = models.IntegerField(default=1)  # counts up with each change: what compiled forms are cached under
    updated_at = models.DateTimeField(auto_now=True)


class Wording(models.Model):
    """What a template says in another language than its own."""

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="wordings")
    language = models.CharField(max_length=16)
    subject = models.TextField()
    preheader = models.TextField(blank=True)
    body = models.TextField()
    text = models.TextField(blank=True)
    blocks = models.JSONField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "language"], name="wording_key")]


class Version(models.Model):
    """What a template said until it was changed, in all its languages."""

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    content = models.JSONField()
    by = models.CharField(max_length=254)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="template_version_key")]


class Brand(models.Model):
    """The looks that templates of blocks share (one row, id 1). Colours as #rrggbb."""

    logo_url = models.CharField(max_length=2000, blank=True)
    accent = models.CharField(max_length=7, default="#b4532f")
    page = models.CharField(max_length=7, default="#f6f1ec")
    sheet = models.CharField(max_length=7, default="#ffffff")
    ink = models.CharField(max_length=7, default="#2b2622")
    font = models.CharField(max_length=20, default="system")
    buttons = models.CharField(max_length=20, default="rounded")
    links = models.JSONField(default=dict, blank=True)  # {"instagram": "https://…"}


class Picture(models.Model):
    """A picture that a colleague brought in for templates. `digest` names its contents."""

    digest = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    width = models.IntegerField()
    height = models.IntegerField()
    size = models.IntegerField()
    data = models.BinaryField()
    by = models.CharField(max_length=254)
    at = models.DateTimeField(auto_now_add=True)


class Pairing(models.Model):
    """Two products that are bought together, the more the higher `score`; with product_id "": what sells most."""

    product_id = models.CharField(max_length=200)
    other_id = models.CharField(max_length=200)
    score = models.FloatField()

    class Meta:
        indexes = [models.Index(fields=["product_id"], name="pairing_product")]


class LinkSet(models.Model):
    """What all mails of a template link to, by position; `digest` is that of the list. Nobody's data is in it."""

    digest = models.CharField(max_length=40, unique=True)
    urls = models.JSONField()


class Message(models.Model):
    """One intent to say something to one person. Statuses and reasons are closed sets (messages/status.py)."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=300)  # "journey:3:enrollment:17:step:2"
    customer_id = models.BigIntegerField()
    channel = models.CharField(max_length=20, default="email")
    template = models.ForeignKey(Template, on_delete=models.PROTECT, db_index=False)
    topic = models.CharField(max_length=40)
    is_marketing = models.BooleanField()
    priority = models.SmallIntegerField(default=0, db_default=0)  # of several to one person the highest leaves first
    is_holdout = models.BooleanField(default=False, db_default=False)  # counted and compared with, never sent
    context = models.JSONField(default=dict)  # what the sender adds: {"cart_id": ..., "order_id": ...}
    sender = models.CharField(max_length=80)  # "journey:3", "campaign:7", "api"
    step = models.CharField(max_length=80, blank=True)
    enrollment_id = models.BigIntegerField(null=True)
    status = models.CharField(max_length=12, default="intended")
    reason = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    history = models.JSONField(default=list)  # [{"at", "status", "reason", "detail", "until"}], oldest first
    address = models.CharField(max_length=300, blank=True)
    subject = models.TextField(blank=True)
    link_set = models.ForeignKey(LinkSet, null=True, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    due_at = models.DateTimeField()  # not looked at before; moves when it is held
    expires_at = models.DateTimeField(null=True)  # refused (too_late) when it could not leave before
    claimed_at = models.DateTimeField(null=True)
    claimed_by = models.IntegerField(null=True)  # the database connection of the sender that holds it (handover.py)
    handed_over_at = models.DateTimeField(null=True)  # the step that cannot be taken back began
    attempts = models.SmallIntegerField(default=0)  # how often it was claimed; an old claim's word counts no more
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)  # the recipient's own server said so
    bounced_at = models.DateTimeField(null=True)  # came back after it was sent
    complained_at = models.DateTimeField(null=True)  # reported as spam
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)

    class Meta:
        # Every step of a message writes each index anew, so there is none that nothing asks for: a constraint instead
        # of `unique` spares a second index on `key`.
        constraints = [models.UniqueConstraint(fields=["key"], name="message_key")]
        indexes = [
            models.Index(fields=["due_at"], name="message_due", condition=IS_OPEN),
            models.Index(fields=["customer_id"], name="message_open", condition=IS_OPEN),
            models.Index(fields=["claimed_at"], name="message_claimed", condition=models.Q(status="sending")),
            models.Index(fields=["customer_id", "-id"], name="message_customer"),
            models.Index(fields=["sender", "-id"], name="message_sender"),
            models.Index(fields=["address"], opclasses=["varchar_pattern_ops"], name="message_address"),
            models.Index(fields=["-id", "status"], name="message_status"),
            models.Index(fields=["sent_at"], name="message_sent", condition=models.Q(sent_at__isnull=False)),
        ]

    @property
    def is_erased(self) -> bool:
        """Whether only the numbers of it remain (messages/erasing.py)."""
        return self.key == f"erased:{self.pk}"


class Untold(models.Model):
    """A message that has left, and whose event "Message Sent" is not in the log yet (sent.py)."""

    message_id = models.BigIntegerField(primary_key=True)


class Rules(models.Model):
    """How this shop wants to write marketing to people, on all channels together (one row, id 1). 0: no limit."""

    gap_hours = models.SmallIntegerField(default=0)  # between two to one person, whatever the channels
    most = models.SmallIntegerField(default=0)  # at most so many to one person ...
    most_days = models.SmallIntegerField(default=7)  # ... in so many days
    holdout_percent = models.FloatField(default=0)  # of all customers: they get no marketing (holdout.py)
    holdout_draw = models.CharField(max_length=40, default="1")  # another text draws other people


class ChannelRules(models.Model):
    """The same for one channel. A channel without a row has those of `usual`."""

    channel = models.CharField(max_length=20, primary_key=True)
    gap_hours = models.SmallIntegerField(default=24)
    most = models.SmallIntegerField(default=0)
    most_days = models.SmallIntegerField(default=7)
    hours = models.CharField(max_length=100, blank=True)  # "09:00-12:00, 14:00-20:00"; empty: at any hour
    on_sundays = models.BooleanField(default=True)
    on_holidays = models.BooleanField(default=True)  # the public ones of the person's country
    by_country = models.BooleanField(default=True)  # also within what hours.txt says for it

    @classmethod
    def usual(cls, channel: str) -> "ChannelRules":
        """Mail waits in its box and rings nobody; everything else is taken to ring a phone."""
        return cls(channel=channel, gap_hours=16, by_country=False) if channel == "email" else cls(channel=channel)


class Link(models.Model):
    """A target that one message links to, and perhaps no other of its template (links.py).

    The redirect is signed for message and position: no open redirect.
    """

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="links", db_index=False, db_constraint=False
    )
    position = models.SmallIntegerField()
    url = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "position"], name="link_position")]


class Visit(models.Model):
    """One request for a message's link or picture. No IP address is kept.

    `is_machine` is judged from what this row and its neighbours show (machines.py): at once, and finally a moment
    later, when a burst has become visible. Only then the event enters the log.
    """

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="visits")
    kind = models.CharField(max_length=12)  # opened clicked
    position = models.SmallIntegerField(null=True)  # of the link
    method = models.CharField(max_length=8, default="GET")
    user_agent = models.CharField(max_length=500, blank=True)
    is_bare = models.BooleanField(default=False)  # sent none of the headers that every browser sends
    at = models.DateTimeField()
    is_machine = models.BooleanField(default=False)
    why = models.CharField(max_length=80, blank=True)
    human = models.FloatField(null=True)  # how likely it is a person's; null: it is of before this was kept
    judged_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["at"], name="visit_unjudged", condition=models.Q(judged_at=None))]


class Mail(models.Model):
    """What the built-in mailbox holds when no SMTP server is set: the very bytes that would have left."""

    id = models.BigAutoField(primary_key=True)
    message_id = models.BigIntegerField(unique=True, null=True)  # Message.id; null for sign-in links and tests
    sender = models.CharField(max_length=320)
    recipient = models.CharField(max_length=320)
    subject = models.TextField()
    raw = models.BinaryField()
    at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)


class Heartbeat(models.Model):
    """One row (id 1): when this installation last looked after what it sends (awake.py)."""

    at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)  # an older state of the database was found; nothing leaves until told
    place = models.CharField(max_length=80, blank=True, db_default="")  # which database it was
