"""What a new installation needs, in order. Each step ticks itself off from the data; done ones stay done."""

from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from karibu.web.queries import shop

MANY = 100  # known customers: then they have been brought in, whichever way


@dataclass(frozen=True)
class Step:
    name: str
    title: str
    text: str
    url: str
    label: str
    icon: str
    is_done: bool


def first_steps() -> list[Step]:
    """Each question below is answered by the first row of an index."""
    return [
        Step(
            "connect",
            _("Connect the shop"),
            _("Make a source and put its snippet into your pages, or point an SDK you have at this address."),
            "/settings/sources/",
            _("Connect the shop"),
            "sources",
            _exists("SELECT FROM events_eventcount WHERE channel <> 'import' AND source <> ''"),
        ),
        Step(
            "import",
            _("Bring in your customers"),
            _("A file of customers, orders or products: CSV, Excel, JSON or Parquet. You see it before it starts."),
            "/imports/",
            _("Import a file"),
            "import",
            _exists("SELECT FROM imports_import WHERE status = 'done'")
            or _exists(f"SELECT FROM customers_customer WHERE NOT is_anonymous OFFSET {MANY - 1}"),
        ),
        Step(
            "journey",
            _("Turn on the first journey"),
            _("The abandoned-cart recipe is ready: it reminds people once of what they left behind."),
            "/journeys/",
            _("Choose a recipe"),
            "journeys",
            _exists("SELECT FROM journeys_journey WHERE status = 'live'"),
        ),
        Step(
            "sender",
            _("Say who your mails come from"),
            _("Name, address and postal address of the shop. Until a mail server is set, mails stay in the mailbox."),
            "/settings/",
            _("Set the sender"),
            "send",
            bool(shop().sender_email),
        ),
    ]


def is_over(steps: list[Step]) -> bool:
    """The checklist goes away with its last tick."""
    return all(step.is_done for step in steps)


def _exists(query: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS ({query})")
        return bool(cursor.fetchone()[0])
