"""What each number means. A new one is registered here (or by an upper app in its AppConfig.ready())."""

from django.utils.translation import gettext_lazy as _

from karibu.insights import event_counts, visitors
from karibu.insights.metrics import TIMES, Metric, Table, register

# What an order is worth now: in the shop's currency at its day's rate, less what was refunded since. An order in a
# currency without a rate has no worth yet and adds nothing (shop keeps it visible in its list).
NET = "sum(coalesce(o.total_converted, 0) - o.refunded_converted)"
SOLD = "o.status IN ('placed', 'refunded')"
ORDERS = {"channel": "o.channel", "source": "o.source", "status": "o.status", "coupon": "o.coupon"}
MESSAGES = {"channel": "m.channel", "sender": "m.sender", "status": "m.status", "topic": "m.topic"}
KNOWN = "NOT c.is_anonymous AND c.merged_into IS NULL AND c.erased_at IS NULL"


def _table(name: str, label: object, definition: object, table: Table) -> None:
    register(
        Metric(
            name=name,
            label=label,  # type: ignore[arg-type]
            definition=definition,  # type: ignore[arg-type]
            dimensions=(*TIMES, *table.dimensions),
            read=table,
            is_money=table.is_money,
        )
    )


def register_all() -> None:
    """The numbers every installation has."""
    _people()
    _shop()
    _messages()


def _people() -> None:
    _table(
        "customers",
        _("Customers"),
        _("People known by more than a browser, by the day they were first seen."),
        Table(
            "customers_customer c",
            "c.created_at",
            where=KNOWN,
            dimensions={"source": "c.first_source", "country": "c.country"},
        ),
    )
    register(
        Metric(
            name="events",
            label=_("Events"),
            definition=_("Everything that was recorded, imports included, by its own time."),
            dimensions=(*TIMES, "event", "channel", "source"),
            read=event_counts.read,
        )
    )
    register(
        Metric(
            name="visitors_now",
            label=_("Visitors now"),
            definition=_("People seen in the last five minutes; the period is of no matter."),
            dimensions=(),
            read=visitors.now,
        )
    )
    register(
        Metric(
            name="visitors",
            label=_("Visitors"),
            definition=_("Different people seen on the shop's pages or app; someone who comes every day is one."),
            dimensions=("day",),
            read=visitors.read,
        )
    )


def _shop() -> None:
    _table(
        "carts",
        _("Open carts"),
        _("Carts with something in them and no order, by the time of their last change."),
        Table("shop_cart t", "t.updated_at", where="t.status = 'open'", dimensions={"currency": "t.currency"}),
    )
    _table(
        "orders",
        _("Orders"),
        _("Orders that were not cancelled, by the time they were placed."),
        Table("shop_order o", "o.placed_at", where=SOLD, dimensions=ORDERS),
    )
    _table(
        "revenue",
        _("Revenue"),
        _("What these orders are worth in the shop's currency, less refunds, by the time they were placed."),
        Table("shop_order o", "o.placed_at", value=NET, where=SOLD, dimensions=ORDERS, is_money=True),
    )
    _table(
        "attributed_revenue",
        _("Recovered"),
        _("Revenue of orders placed within 5 days after a person clicked in a message: last click, less refunds."),
        Table(
            "insights_attribution a JOIN shop_order o ON o.order_id = a.order_id",
            "a.ordered_at",
            value=NET,
            where=SOLD,
            dimensions={"sender": "a.sender", "channel": "a.channel"},
            is_money=True,
        ),
    )
    _table(
        "attributed_orders",
        _("Recovered orders"),
        _("How many orders earned the recovered revenue."),
        Table(
            "insights_attribution a JOIN shop_order o ON o.order_id = a.order_id",
            "a.ordered_at",
            where=SOLD,
            dimensions={"sender": "a.sender", "channel": "a.channel"},
        ),
    )


def _messages() -> None:
    _table(
        "messages",
        _("Messages out"),
        _("Messages that left, by the time they did."),
        Table("messages_message m", "m.sent_at", where="m.sent_at IS NOT NULL", dimensions=MESSAGES),
    )
    _table(
        "intents",
        _("Messages intended"),
        _("Every message that something wanted to send, sent or not; split by reason to see why not."),
        Table("messages_message m", "m.created_at", dimensions={**MESSAGES, "reason": "m.reason"}),
    )
    _table(
        "opens",
        _("Opened"),
        _("Messages that a person opened, once each; machines are left out."),
        Table("messages_message m", "m.opened_at", where="m.opened_at IS NOT NULL", dimensions=MESSAGES),
    )
    _table(
        "clicks",
        _("Clicked"),
        _("Messages in which a person clicked, once each; machines are left out."),
        Table("messages_message m", "m.clicked_at", where="m.clicked_at IS NOT NULL", dimensions=MESSAGES),
    )
