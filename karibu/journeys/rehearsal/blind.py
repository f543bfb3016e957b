"""What a rehearsal cannot know of the past, so that nobody takes its numbers for more than they are.

A closed set of words; `said` are their sentences.
"""

from collections.abc import Callable

from django.utils.translation import gettext as _

from karibu.journeys.definition import Definition
from karibu.journeys.rehearsal import past as past_
from karibu.journeys.rehearsal.asked import HOUR, Asked
from karibu.journeys.rehearsal.past import Past
from karibu.journeys.rehearsal.times import is_put_in
from karibu.journeys.steps.ask import Ask
from karibu.journeys.steps.branch import Branch
from karibu.journeys.steps.coupon import Coupon
from karibu.journeys.steps.reaction import Reaction
from karibu.journeys.steps.send import Send
from karibu.journeys.steps.unsubscribe import Unsubscribe
from karibu.journeys.steps.update import Update
from karibu.journeys.steps.webhook import Webhook


def blind(definition: Definition, past: Past | None, asked: Asked, stand_in: int | None = None) -> list[str]:
    """The words that apply, in the order in which they matter."""
    kinds = {type(step) for step in definition.steps}
    entry = definition.entry
    conditions = Branch in kinds or definition.filter is not None
    put_in = is_put_in(definition)
    applies = {
        "nobody": put_in and not stand_in,
        "stand_in": put_in and bool(stand_in),
        "stock": entry.product is not None and entry.product.change != "price_drop",
        "prices": entry.product is not None and entry.product.change == "price_drop",
        "segment": bool(past_.segments(definition)) or entry.schedule is not None,
        "dates": entry.date is not None,
        "imported": past is not None and past.imported > 0,
        "some": past is not None and past.one_in > 1,
        "busy": past is not None and past.left_out > 0,
        "hour": conditions and asked.span == HOUR,
        "day": conditions and asked.span != HOUR,
        "traits": conditions,
        "noted": conditions and Update in kinds,
        "asked": Ask in kinds,
        "turns": not asked.queue.are_known(),
        "reactions": Reaction in kinds,
        "coupons": Coupon in kinds,
        "called": Webhook in kinds,
        "consents": Send in kinds,
        "goods": Send in kinds,
        "withdrawn": Send in kinds and Unsubscribe in kinds,
        "waits": any(isinstance(p.step, Send) and p.ways for p in definition.layout.places),
    }
    return [word for word, does in applies.items() if does]


def said(word: str) -> str:
    return SAID[word]() if word in SAID else word


SAID: dict[str, Callable[[], str]] = {
    "nobody": lambda: _(
        "Whom a colleague, a program or a score of then would have put in is not kept, so nobody entered. Choose a "
        "segment above as those who would have been."
    ),
    "stand_in": lambda: _(
        "Those who are in the segment today were put in on the first day, or when they first came to the shop."
    ),
    "stock": lambda: _("Stock is known from when Karibu first saw it change, and for 400 days."),
    "prices": lambda: _("Prices are those that views and carts showed; what only a product list said is not kept."),
    "segment": lambda: _("Who entered or left a segment is known from when it was first made, not before."),
    "dates": lambda: _("Dates are those that are known of people today."),
    "imported": lambda: _("Some of the events were imported; they count as if they had come when they happened."),
    "some": lambda: _("So much happened that only some people were told, drawn by chance; the numbers are multiplied."),
    "busy": lambda: _("Whoever did more than 5,000 of these things is taken for a machine and left out."),
    "hour": lambda: _("Conditions were asked as of the beginning of the hour in which somebody came by."),
    "day": lambda: _("Conditions were asked as of the beginning of the day on which somebody came by."),
    "traits": lambda: _(
        "Traits, consents and addresses in conditions are those of today; what people did is as of then."
    ),
    "noted": lambda: _("What this journey itself notes about people, its conditions do not see."),
    "asked": lambda: _("Nobody was there to answer: everyone went the way without an answer."),
    "turns": lambda: _(
        "It ended before it was known who comes when: turns at steps that let only so many people pass are guessed."
    ),
    "reactions": lambda: _("Nobody got a message, so nobody opened one or clicked: all went the other way."),
    "coupons": lambda: _("There were coupons for everybody; see above how many that takes."),
    "called": lambda: _("Programs of the shop's own were not asked: everyone went on as if they had answered at once."),
    "consents": lambda: _("Consents, addresses, holdouts, hours and caps are those of today."),
    "goods": lambda: _("Whether products were in stock, coupons left or a complaint open then, is not asked."),
    "withdrawn": lambda: _("Messages behind a step that stops writing to people are counted all the same."),
    "waits": lambda: _(
        "Whether a message could leave was decided at once; the ways behind it begin without its waits."
    ),
}
