"""What is sold, what lies in carts, what was ordered. Money is Decimal + ISO 4217 currency, never float."""

from typing import Any

from django.db import models

MONEY: dict[str, Any] = {"max_digits": 18, "decimal_places": 4}


class Product(models.Model):
    id = models.BigAutoField(primary_key=True)
    product_id = models.CharField(max_length=200, unique=True)  # the shop's own id
    sku = models.CharField(max_length=200, blank=True, db_index=True)
    name = models.CharField(max_length=500, blank=True)
    brand = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=300, blank=True, db_index=True)
    price = models.DecimalField(**MONEY, null=True)
    currency = models.CharField(max_length=3, blank=True)
    url = models.CharField(max_length=2000, blank=True)
    image_url = models.CharField(max_length=2000, blank=True)
    properties = models.JSONField(default=dict)
    updated_at = models.DateTimeField()
    import_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["name", "id"], name="product_by_name"),
            models.Index(fields=["-updated_at", "-id"], name="product_by_time"),
            models.Index(fields=["import_id"], name="product_by_import", condition=models.Q(import_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name or self.product_id


class Cart(models.Model):
    class Status(models.TextChoices):
        OPEN = "open"
        ORDERED = "ordered"
        EMPTIED = "emptied"

    id = models.BigAutoField(primary_key=True)
    cart_id = models.CharField(max_length=200, unique=True)  # the shop's own id, or "auto:<customer>:<n>"
    customer_id = models.BigIntegerField(db_index=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    items = models.JSONField(default=list)  # [{product_id, name, price, quantity, image_url, url, variant}]
    value = models.DecimalField(**MONEY, default=0)
    currency = models.CharField(max_length=3, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    checkout_started_at = models.DateTimeField(null=True)
    order_id = models.CharField(max_length=200, blank=True)
    import_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["status", "-updated_at", "-id"], name="cart_by_status"),
            models.Index(fields=["-updated_at", "-id"], name="cart_by_time"),
        ]


class Order(models.Model):
    """One order, the same whatever order its events arrived in: see orders.py."""

    class Status(models.TextChoices):
        AWAITED = "awaited"  # a refund or an update came before the completion; counts nowhere, shown nowhere
        PLACED = "placed"
        CANCELLED = "cancelled"
        REFUNDED = "refunded"  # wholly; partial refunds leave it placed

    id = models.BigAutoField(primary_key=True)
    order_id = models.CharField(max_length=200, unique=True)
    customer_id = models.BigIntegerField()
    cart_id = models.CharField(max_length=200, blank=True, db_index=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PLACED)
    placed_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)
    total = models.DecimalField(**MONEY)
    refunded = models.DecimalField(**MONEY, default=0)
    currency = models.CharField(max_length=3)
    # In the shop's currency at the stored rate of the order's day; null while no rate is known.
    total_converted = models.DecimalField(**MONEY, null=True)
    refunded_converted = models.DecimalField(**MONEY, default=0)
    coupon = models.CharField(max_length=200, blank=True)
    channel = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=200, blank=True)
    updated_at = models.DateTimeField()
    import_id = models.BigIntegerField(null=True)
    told = models.JSONField(default=dict)  # {field: stamp of the event that said it last}

    class Meta:
        indexes = [
            models.Index(fields=["-placed_at", "-id"], name="order_by_time"),
            models.Index(fields=["-total_converted", "-id"], name="order_by_total"),
            models.Index(fields=["customer_id", "-placed_at"], name="order_by_customer"),
            models.Index(fields=["import_id"], name="order_by_import", condition=models.Q(import_id__isnull=False)),
        ]


class OrderLine(models.Model):
    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.IntegerField()
    product_id = models.CharField(max_length=200, blank=True, db_index=True)
    name = models.CharField(max_length=500, blank=True)
    category = models.CharField(max_length=300, blank=True)
    price = models.DecimalField(**MONEY, null=True)  # for one piece, rounded where `total` does not divide
    quantity = models.IntegerField(default=1)
    total = models.DecimalField(**MONEY, default=0)  # exact


class Refund(models.Model):
    """One refund of one order. `key` makes it count once: the event's messageId, or the shop's refund id.

    `asked` and `items` are what the event said (neither: all that is left); `amount` is what that comes to.
    """

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="refunds")
    key = models.CharField(max_length=420, unique=True)
    asked = models.DecimalField(**MONEY, null=True)
    items = models.JSONField(default=list)  # [{product_id, quantity, price}]
    amount = models.DecimalField(**MONEY, default=0)
    at = models.DateTimeField()
    import_id = models.BigIntegerField(null=True)


class Rate(models.Model):
    """How many units of the shop's currency one unit of `currency` was worth on `day`."""

    currency = models.CharField(max_length=3)
    day = models.DateField()
    rate = models.DecimalField(max_digits=20, decimal_places=10)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["currency", "day"], name="rate_key")]


class CouponPool(models.Model):
    """Codes that are each good for one person (a campaign's, a sign-up's), and what is said when none is left."""

    name = models.CharField(max_length=200, unique=True)
    fallback = models.CharField(max_length=200, blank=True)  # a code for everybody; empty: then there is none
    low_water = models.PositiveIntegerField(default=100)  # home warns when no more than so many are left; 0: never
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/coupons/{self.pk}/"


class Coupon(models.Model):
    """One code. `key` says for what it was claimed ("campaign:7:customer:123"); the same key keeps the same code."""

    id = models.BigAutoField(primary_key=True)
    pool = models.ForeignKey(CouponPool, on_delete=models.CASCADE, related_name="coupons", db_index=False)
    code = models.CharField(max_length=200, unique=True)  # in capitals
    customer_id = models.BigIntegerField(null=True)
    key = models.CharField(max_length=300, null=True, unique=True)
    claimed_at = models.DateTimeField(null=True)
    order_id = models.CharField(max_length=200, blank=True)  # the order that carried it first
    redeemed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["pool", "id"], name="coupon_left", condition=models.Q(claimed_at=None)),
            models.Index(fields=["pool", "-id"], name="coupon_newest"),
            models.Index(fields=["customer_id"], name="coupon_customer", condition=models.Q(customer_id__isnull=False)),
        ]
