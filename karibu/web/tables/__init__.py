"""Lists: declared once, then searchable, filterable, sortable, quick at any length, and the same as CSV.

    class Products(Table):
        name = "products"                              # of the CSV file
        columns = [
            Column("name", _("Product"), sort="name", link=lambda product: f"/products/{product.id}/"),
            Column("price", _("Price"), kind="money", currency="currency", sort="price"),
            Column("seen", _("Last seen"), value="seen_at", kind="ago", sort="seen_at"),
        ]
        filters = [Choice("category", _("Category"), choices=categories, path="category")]
        order = "-seen"                                # a column's name, "-" for downwards
        search_label = _("Search products")            # no label, no search box
        empty = Empty(_("No products yet"), _("They appear with the first event."), "/settings/sources/", _("Connect"))

        def search(self, rows, text):
            return rows.filter(name__icontains=text)

    @allow("marketer")
    def products(request):
        return Products(request, Product.objects.all()).respond("shop/products.html")

The page's template says `{% include "web/table.html" %}`. A sort needs an index on (column, id). The URL is the whole
state. `deeds` (deeds.py) gives the rows boxes to tick. Rows that are no queryset implement `Rows`. The styleguide shows
every part of it.
"""

from karibu.web.tables.columns import Column
from karibu.web.tables.deeds import Deed, back, chosen
from karibu.web.tables.filters import Choice, Dates, Filter, Flag, Origin, Range
from karibu.web.tables.rows import QuerysetRows, Rows, Slice
from karibu.web.tables.table import Empty, Table

__all__ = [
    "Choice",
    "Column",
    "Dates",
    "Deed",
    "Empty",
    "Filter",
    "Flag",
    "Origin",
    "QuerysetRows",
    "Range",
    "Rows",
    "Slice",
    "Table",
    "back",
    "chosen",
]
