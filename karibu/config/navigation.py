"""The left rail, top to bottom."""

from django.utils.translation import gettext_lazy as _

from karibu.web.navigation import Entry

NAVIGATION: list[Entry] = [
    Entry(_("Home"), "/", "home", "h", on_phone=True),
    Entry(_("Customers"), "/customers/", "customers", "c", on_phone=True),
    Entry(_("Segments"), "/segments/", "segments", "g", on_phone=True),
    Entry(_("Campaigns"), "/campaigns/", "campaigns", "a"),
    Entry(_("Journeys"), "/journeys/", "journeys", "j", on_phone=True),
    Entry(_("Messages"), "/messages/", "messages", "m", also=("/templates/", "/mailbox/")),
    Entry(_("Tasks"), "/tasks/", "note", "t"),
    Entry(_("Shop"), "/orders/", "shop", "o", also=("/products/", "/carts/", "/coupons/")),
    Entry(_("Growth"), "/growth/forms/", "growth", "w"),
    Entry(_("Insights"), "/insights/", "insights", "n"),
    Entry(_("Events"), "/events/", "events", "e"),
    Entry(_("Imports"), "/imports/", "import", "i"),
    Entry(_("Settings"), "/settings/", "settings", "s"),
]
