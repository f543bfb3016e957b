"""One file that was brought in: what it was, how far it is, and what it changed."""

from django.db import models


class Import(models.Model):
    class Kind(models.TextChoices):
        CUSTOMERS = "customers"
        PRODUCTS = "products"
        ORDERS = "orders"
        EVENTS = "events"

    class Status(models.TextChoices):
        DRAFT = "draft"  # uploaded and sniffed, the mapping is being chosen
        QUEUED = "queued"
        RUNNING = "running"
        STOPPED = "stopped"
        DONE = "done"
        FAILED = "failed"
        UNDOING = "undoing"
        UNDONE = "undone"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=10, choices=Kind)
    filename = models.CharField(max_length=300)
    path = models.CharField(max_length=1000)
    format = models.JSONField(default=dict)  # {"type": "csv", "encoding": ..., "separator": ..., "header_row": ...}
    mapping = models.JSONField(default=dict)  # {our field: their column}
    options = models.JSONField(default=dict)  # {"match": "email", "currency": "USD", ...}
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    reason = models.TextField(blank=True)
    total = models.BigIntegerField(null=True)  # rows, once known
    position = models.BigIntegerField(default=0)  # rows done; moves in the transaction that did them
    counts = models.JSONField(default=dict)  # {"created": n, "updated": n, "rejected": n}
    by = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    owner = models.CharField(max_length=40, blank=True)  # who is running it now
    heartbeat_at = models.DateTimeField(null=True)  # a stale one frees the lock
    ended_at = models.DateTimeField(null=True)

    def samples(self, most: int = 3) -> dict[str, list[str]]:
        """The first different values of each column of a draft's file."""
        columns, rows = self.format.get("columns", []), self.format.get("sample", [])
        return {
            column: list(dict.fromkeys(row[place] for row in rows if row[place].strip()))[:most]
            for place, column in enumerate(columns)
        }


class RejectedRow(models.Model):
    id = models.BigAutoField(primary_key=True)
    imported = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rejected")
    line = models.BigIntegerField()
    field = models.CharField(max_length=200, blank=True)
    reason = models.TextField()
    row = models.JSONField()


class FormerProduct(models.Model):
    """A product as it was before an import changed it, for undo."""

    id = models.BigAutoField(primary_key=True)
    imported = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="former_products")
    product = models.BigIntegerField()
    row = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["imported", "product"], name="former_product_key")]
