"""Which message earned which order, written once per order."""

from django.db import models


class Attribution(models.Model):
    """Last touch: the latest human click within 5 days before the order (config: WINDOW in attribution.py)."""

    id = models.BigAutoField(primary_key=True)
    order_id = models.CharField(max_length=200, unique=True)
    message_id = models.BigIntegerField(null=True)
    sender = models.CharField(max_length=80, db_index=True)  # as Message.sender
    channel = models.CharField(max_length=20)
    customer_id = models.BigIntegerField(db_index=True)
    clicked_at = models.DateTimeField()
    ordered_at = models.DateTimeField(db_index=True)
    revenue = models.DecimalField(max_digits=18, decimal_places=4)
    currency = models.CharField(max_length=3)
