"""What a file may tell, per kind: our fields, the names that files give them, and what must be there."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.imports.exports import recognised


@dataclass(frozen=True)
class Field:
    """`names` are what files call it, best first, in lower case without separators."""

    name: str
    label: Any  # str or a lazy translation
    names: tuple[str, ...]
    is_needed: bool = False


PERSON = (
    Field("external_id", _("Customer's id in the shop"), (
        "externalid", "customerid", "userid", "customernumber", "customer", "customerno", "clientid", "memberid",
        "householdid", "accountid")),
    Field("email", _("E-mail"), (
        "email", "emailaddress", "mail", "customeremail", "billingemail", "buyeremail", "correo", "barua")),
    Field("phone", _("Phone"), (
        "phone", "phonenumber", "mobile", "mobilephone", "telephone", "tel", "simu", "billingphone")),
)  # fmt: skip
FIELDS: dict[str, tuple[Field, ...]] = {
    "customers": (
        *PERSON,
        Field("name", _("Name"), ("name", "fullname", "customername")),
        Field("first_name", _("First name"), ("firstname", "givenname", "forename")),
        Field("last_name", _("Last name"), ("lastname", "surname", "familyname")),
        Field("country", _("Country (two letters)"), ("country", "countrycode")),
        Field("city", _("City"), ("city", "town")),
        Field("language", _("Language"), ("language", "locale", "lang")),
        Field("timezone", _("Time zone"), ("timezone", "tz")),
        Field("created_at", _("Customer since"), ("createdat", "created", "registeredat", "signupdate", "since")),
        Field("email_consent", _("Agreed to e-mail"), (
            "emailconsent", "acceptsmarketing", "newsletter", "acceptsemailmarketing", "optin", "subscribed")),
        Field("sms_consent", _("Agreed to SMS"), ("smsconsent", "acceptssmsmarketing")),
    ),
    "products": (
        Field("product_id", _("Product's id"), ("productid", "id", "handle", "itemid", "articleid"), is_needed=True),
        Field("sku", _("SKU"), ("sku", "variantsku", "articlenumber")),
        Field("name", _("Name"), ("name", "title", "productname", "itemname", "producttype", "description")),
        Field("brand", _("Brand"), ("brand", "brands", "vendor", "manufacturer")),
        Field("category", _("Category"), ("category", "productcategory", "categories", "type", "department")),
        Field("price", _("Price"), ("price", "variantprice", "regularprice", "unitprice", "listprice")),
        Field("currency", _("Currency"), ("currency", "currencycode")),
        Field("url", _("Page"), ("url", "link", "producturl")),
        Field("image_url", _("Picture"), ("imageurl", "image", "imagesrc", "images", "picture")),
    ),
    "orders": (
        Field("order_id", _("Order's id"), (
            "orderid", "ordernumber", "order", "basketid", "transactionid", "invoiceno", "invoice", "id"),
            is_needed=True),
        *PERSON,
        Field("placed_at", _("When it was placed"), (
            "placedat", "orderdate", "date", "createdat", "transactiontimestamp", "timestamp", "purchasedate", "time",
            "invoicedate", "paidat"), is_needed=True),
        Field("total", _("Total of the order"), ("total", "ordertotal", "grandtotal", "totalprice", "amount")),
        Field("line_total", _("Total of the line"), ("linetotal", "itemtotal", "salesvalue", "lineamount", "sales")),
        Field("price", _("Price of one piece"), ("price", "unitprice", "lineitemprice", "itemprice")),
        Field("quantity", _("Pieces"), (
            "quantity", "qty", "lineitemquantity", "itemquantity", "units", "pieces")),
        Field("product_id", _("Product's id"), (
            "productid", "sku", "lineitemsku", "itemsku", "itemid", "stockcode")),
        Field("product_name", _("Product's name"), ("productname", "lineitemname", "itemname", "product", "item")),
        Field("category", _("Product's category"), ("category", "productcategory")),
        Field("currency", _("Currency"), ("currency", "currencycode", "ordercurrency")),
        Field("coupon", _("Coupon"), ("coupon", "couponcode", "discountcode")),
        Field("channel", _("Channel"), ("channel", "saleschannel")),
    ),
    "events": (
        Field("name", _("Event"), ("event", "eventname", "name", "action"), is_needed=True),
        Field("time", _("When"), ("time", "timestamp", "originaltimestamp", "date", "createdat", "at"), is_needed=True),
        *PERSON,
        Field("anonymous_id", _("Browser's id"), ("anonymousid", "visitorid", "deviceid", "cookieid")),
        Field("message_id", _("Message's id"), ("messageid", "eventid", "id")),
        Field("properties", _("Properties (JSON)"), ("properties", "props", "data")),
    ),
}  # fmt: skip
KEYS = ("external_id", "email", "phone")
KEEPS_THE_REST = frozenset({"customers", "products", "events"})  # other columns become traits or properties
MATCHES = ("any", *KEYS)


def suggest(kind: str, columns: Sequence[str]) -> dict[str, str]:
    """{our field: their column} by name, each column once; what a known export means by a name comes first."""
    plain = {_plain(column): column for column in reversed(columns)}
    export = recognised(columns)
    told = export.mapping if export and export.kind == kind else {}
    chosen = {ours: theirs for ours, theirs in told.items() if theirs in columns}
    for field in FIELDS[kind]:
        if field.name in told:
            continue
        for name in (_plain(field.name), *field.names):
            column = plain.get(name)
            if column is not None and column not in chosen.values():
                chosen[field.name] = column
                break
    return chosen


def faults(kind: str, mapping: Mapping[str, str], columns: Sequence[str], match: str = "any") -> list[str]:
    """What keeps a file with this mapping from being imported, as sentences; nothing where all is well."""
    known = {field.name for field in FIELDS[kind]}
    found = [f"There is no field “{ours}” for {kind}." for ours in mapping if ours not in known]
    found += [f"The file has no column “{theirs}”." for theirs in mapping.values() if theirs not in columns]
    found += [
        f"Choose the column for “{field.label}”."
        for field in FIELDS[kind]
        if field.is_needed and field.name not in mapping
    ]
    if kind != "products" and not any(key in mapping for key in (*KEYS, "anonymous_id")):
        found.append("Choose a column that says who the customer is: an id, an e-mail address or a phone number.")
    if kind == "orders" and not any(money in mapping for money in ("total", "line_total", "price")):
        found.append("Choose a column with money: the order's total, the line's total or a price.")
    if match not in MATCHES or (match != "any" and match not in mapping):
        found.append(f"Customers cannot be matched by “{match}”: no column is chosen for it.")
    return found


def wanted(kind: str, mapping: Mapping[str, str], columns: Sequence[str]) -> list[str]:
    """The columns that are needed, in the file's order."""
    return [column for column in columns if kind in KEEPS_THE_REST or column in mapping.values()]


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())
