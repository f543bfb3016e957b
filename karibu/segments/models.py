"""Groups of customers by a definition, who is in them now, and what has to be looked at again."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.text import slugify

ROOM = 200  # characters of a name


class Segment(models.Model):
    """A named definition. Its members are kept up to date as long as it is not archived."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=ROOM)
    definition = models.JSONField()  # as definition.parse() takes it
    recipe = models.SlugField(max_length=60, blank=True)  # the ready-made segment that it was made from
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=254)
    updated_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)
    size = models.IntegerField(null=True)  # how many members; null: never counted yet
    changed_at = models.DateTimeField(null=True)  # when somebody last came or went; no two changes share a moment
    built_at = models.DateTimeField(null=True)  # as of when the whole membership was last found anew
    built_digest = models.CharField(max_length=64, blank=True)  # of the definition that it was found by
    trouble = models.TextField(blank=True)  # why it cannot be kept up to date, in one sentence

    class Meta:
        indexes = [models.Index(fields=["name", "id"], name="segment_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/segments/{self.pk}/"

    @property
    def slug(self) -> str:
        """Its name as a part of a file's name."""
        return slugify(self.name)[:60].strip("-") or f"segment-{self.pk}"

    @property
    def is_being_found(self) -> bool:
        """Whether its members are not yet, or no more, those of its definition."""
        is_redefined = self.built_at is not None and not self.built_digest and not self.trouble
        return self.archived_at is None and (self.size is None or is_redefined)


class Member(models.Model):
    """A customer is in a segment now, since then. Every entry and exit is an event of the log, too."""

    pk = models.CompositePrimaryKey("segment_id", "customer_id")
    segment_id = models.BigIntegerField()
    customer_id = models.BigIntegerField()
    since = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer_id"], name="member_customer")]


class Size(models.Model):
    """How many members a segment had at the end of a day (UTC; today: now), and how many came and went on it."""

    pk = models.CompositePrimaryKey("segment_id", "day")
    segment_id = models.BigIntegerField()
    day = models.DateField()
    members = models.IntegerField()
    entered = models.IntegerField(default=0)
    left = models.IntegerField(default=0)


class Touched(models.Model):
    """Customers that the live segments have to look at again: the pipeline and the database's triggers write here.

    Whoever takes rows in deletes them by their ids, in the transaction of what came of them. A position would not do:
    a row may be committed after others with greater ids.
    """

    id = models.BigAutoField(primary_key=True)
    customers = ArrayField(models.BigIntegerField())
    event = models.CharField(max_length=200, blank=True)  # what they did; "": anything, or something in PostgreSQL
    rows_changed = models.BooleanField()  # something in PostgreSQL, not only in the log


class Stale(models.Model):
    """Customers whose columns changed in PostgreSQL since the mirror's files were written (mirror.py).

    The triggers write here what they write to Touched; rows go when the mirror has written their customers.
    """

    id = models.BigAutoField(primary_key=True)
    customers = ArrayField(models.BigIntegerField())


class Due(models.Model):
    """A customer whose membership somewhere may change by the passing of time alone, and when."""

    pk = models.CompositePrimaryKey("at", "customer_id")
    at = models.DateTimeField()
    customer_id = models.BigIntegerField()


class Horizon(models.Model):
    """One row (id 1): until when Due is complete (expiry.py)."""

    at = models.DateTimeField()


class Mirror(models.Model):
    """One row (id 1): the files in which the columns of the customers stand for the engines (mirror.py)."""

    files = models.JSONField(default=dict)  # mirror/files.py
    shape = models.CharField(max_length=64, blank=True)  # a digest of the columns that they were written with
    written_at = models.DateTimeField(null=True)


class TraitColumn(models.Model):
    """Which column of the mirror holds a trait: `t<number>`. Engines do not tell Size and size apart."""

    number = models.AutoField(primary_key=True)
    name = models.CharField(max_length=200, unique=True)


class Rfm(models.Model):
    """Recency, frequency and monetary value of a customer with orders, each 1 to 5, and the group they make."""

    customer_id = models.BigIntegerField(primary_key=True)
    recency = models.SmallIntegerField()
    frequency = models.SmallIntegerField()
    monetary = models.SmallIntegerField()
    group = models.CharField(max_length=30)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["group", "customer_id"], name="rfm_group")]


class RfmDay(models.Model):
    """How many customers were in each RFM cell on a day."""

    pk = models.CompositePrimaryKey("day", "recency", "frequency", "monetary")
    day = models.DateField()
    recency = models.SmallIntegerField()
    frequency = models.SmallIntegerField()
    monetary = models.SmallIntegerField()
    group = models.CharField(max_length=30)
    customers = models.IntegerField()
    spent = models.DecimalField(max_digits=18, decimal_places=2, default=0)
