"""Who the shop's customers are, and the evidence for it. Ids are never reused; a merged customer redirects for ever."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

LISTED = models.Q(merged_into__isnull=True, erased_at__isnull=True)


@SearchVectorField.register_lookup
class Asked(models.Lookup):
    """`search__asked`: the words of search.query() are in it."""

    lookup_name = "asked"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} @@ %s::tsquery", (*parameters, self.rhs)


@models.BigAutoField.register_lookup
class OneOf(models.Lookup):
    """`pk__one_of`: it is one of these numbers, each of whom is looked up.

    One array: thousands of parameters take longer to read than the rows. As a set, not `= ANY`: that is a condition on
    the id in the index of any order, and PostgreSQL then prefers to walk millions of entries of one.
    """

    lookup_name = "one_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} IN (SELECT unnest(%s::bigint[]))", (*parameters, list(self.rhs))


def _order(name: str, *fields: str, include: list[str], only: models.Q = models.Q()) -> models.Index:
    return models.Index(fields=fields, name=name, condition=LISTED & only, include=include)


class Customer(models.Model):
    """A person as the evidence shows them. Columns are the effective traits; Trait rows say where from."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=300, blank=True)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=32, blank=True)  # E.164
    country = models.CharField(max_length=2, blank=True)  # ISO 3166-1
    city = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=16, blank=True)  # BCP 47
    timezone = models.CharField(max_length=64, blank=True)  # IANA
    traits = models.JSONField(default=dict)  # everything else that is known, effective values
    first_source = models.CharField(max_length=200, blank=True)
    import_id = models.BigIntegerField(null=True)  # made by this import
    created_at = models.DateTimeField()
    is_anonymous = models.BooleanField(default=True)  # nothing but a browser is known
    # The shop app keeps these with its orders (shop/orders.py), in the shop's currency.
    orders = models.IntegerField(default=0)
    spent = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    last_order_at = models.DateTimeField(null=True)
    merged_into = models.BigIntegerField(null=True)  # always the last winner, never a step on the way
    erased_at = models.DateTimeField(null=True)
    search = SearchVectorField(null=True)

    @property
    def label(self) -> str:
        """What this customer is called where a name is needed: the best of what is known."""
        return self.name or self.email or self.phone or self._someone()

    def _someone(self) -> str:
        """Somebody without a name, by the place they are at or the place their clock is set by."""
        place = self.city or self.timezone.rpartition("/")[2].replace("_", " ")
        return gettext("Someone in {}").format(place) if place and place != "UTC" else gettext("Someone")

    def get_absolute_url(self) -> str:
        return f"/customers/{self.pk}/"

    class Meta:
        indexes = [
            GinIndex(fields=["search"], name="customer_search"),
            models.Index(fields=["import_id"], name="customer_import", condition=models.Q(import_id__isnull=False)),
            models.Index(fields=["merged_into"], name="customer_merged", condition=models.Q(merged_into__isnull=False)),
            # One per order of the list, with the id as the tie-break that keyset paging needs, and with what the list
            # is filtered by: where few fit, the index alone is walked until there is a page of them (tables.py).
            _order("customer_by_spent", "-spent", "-id", include=["orders", "is_anonymous", "country"]),
            _order("customer_by_orders", "-orders", "-id", include=["spent", "is_anonymous", "country"]),
            _order("customer_by_name", "name", "id", include=["orders", "spent", "is_anonymous", "country"]),
            # Buyers are few, and come last of all by what they spent. Few enough to be put in order by name as well.
            _order(
                "customer_buyers",
                "-spent",
                "-id",
                include=["orders", "is_anonymous", "country", "name"],
                only=models.Q(orders__gt=0),
            ),
            # By name, whoever has none comes first, and most of them are browsers: these are the few others on either
            # side, whom a list of the one or the other kind would look for among millions.
            _order(
                "customer_nameless",
                "id",
                include=["orders", "spent", "country"],
                only=models.Q(is_anonymous=False, name=""),
            ),
            _order(
                "customer_named_browsers",
                "name",
                "id",
                include=["orders", "spent", "country"],
                only=models.Q(is_anonymous=True, name__gt=""),
            ),
            # Whom a word finds by name begins with those without one: hardly any browser has a word.
            _order(
                "customer_worded_browsers",
                "id",
                include=["country"],
                only=models.Q(is_anonymous=True, name="", search__isnull=False),
            ),
            # Members of a segment, and those last seen first, are looked up one by one.
            _order("customer_by_id", "id", include=["orders", "spent", "is_anonymous", "country"]),
            models.Index(fields=["country", "-id"], name="customer_country", condition=LISTED),
        ]


class Activity(models.Model):
    """When a customer was last seen. Apart from Customer because it changes with nearly every event."""

    customer = models.OneToOneField(Customer, models.CASCADE, primary_key=True, db_constraint=False)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    # Kept by the database (migration 0005): who was seen longest ago has seldom bought, and a list of buyers in that
    # order would pass over a million others.
    has_ordered = models.BooleanField(default=False, db_default=False)

    class Meta:
        indexes = [
            models.Index(fields=["-last_seen", "-customer"], name="activity_last_seen"),
            models.Index(
                fields=["-last_seen", "-customer"], name="activity_buyers", condition=models.Q(has_ordered=True)
            ),
        ]


class Identity(models.Model):
    """One identifier and whose it is now. Kinds: anonymous, external, email, phone."""

    class Kind(models.TextChoices):
        ANONYMOUS = "anonymous", _("browser")
        EXTERNAL = "external", _("the shop's id")
        EMAIL = "email", _("e-mail")
        PHONE = "phone", _("phone")

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20, choices=Kind)
    value = models.CharField(max_length=300)
    customer_id = models.BigIntegerField(db_index=True)
    source = models.CharField(max_length=200)
    evidence = models.CharField(max_length=200)  # how we know: "identify", "order 1042", "import 3"
    first_seen = models.DateTimeField()
    # Anonymous ids only: the nameless customer that its events from before the first sign-in are recorded as.
    own_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="identity_key")]


class Link(models.Model):
    """From `since` on this browser was used by this customer; `until` is the last time that was confirmed.

    One row per change of person (see links.py): most browsers have one, a shared one has several.
    """

    id = models.BigAutoField(primary_key=True)
    anonymous_id = models.CharField(max_length=300)
    customer_id = models.BigIntegerField(db_index=True)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["anonymous_id", "since"], name="link_key")]


class Suggestion(models.Model):
    """Two customers who may be one person: for a colleague to merge or to keep apart. one < other."""

    class Status(models.TextChoices):
        OPEN = "open"
        MERGED = "merged"
        APART = "apart"

    id = models.BigAutoField(primary_key=True)
    one = models.BigIntegerField()
    other = models.BigIntegerField(db_index=True)
    kind = models.CharField(max_length=20)  # which identifier they share: email, phone
    at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["one", "other", "kind"], name="suggestion_key")]
        indexes = [models.Index(fields=["-id"], name="suggestion_open", condition=models.Q(status="open"))]


class Merge(models.Model):
    """`loser` became part of `winner`. Undo restores both from what is kept here."""

    id = models.BigAutoField(primary_key=True)
    winner = models.BigIntegerField(db_index=True)
    loser = models.BigIntegerField(db_index=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=254)  # "identify", a colleague's e-mail, "import 3"
    reason = models.CharField(max_length=300)
    kept = models.JSONField(default=dict)  # {"table.column": [keys of the rows that moved], ...}
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=254, blank=True)


class Trait(models.Model):
    """What one source last said of one trait of one customer. The strongest, then the latest, is effective."""

    id = models.BigAutoField(primary_key=True)
    customer_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    value = models.JSONField()
    source = models.CharField(max_length=200)
    strength = models.SmallIntegerField()  # customers/strength.py
    time = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer_id", "name", "source", "strength"], name="trait_key")]
