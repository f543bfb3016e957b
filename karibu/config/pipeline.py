"""The way of an event, in one list.

A worker takes a micro-batch from the inbox and runs these stages over it in ONE transaction with the
removal of the inbox rows: either all of it happened or none. Each stage takes the whole Batch.
"""

from karibu.collect.dedupe import dedupe
from karibu.consents.blocked import drop_erased
from karibu.consents.stage import keep_consents
from karibu.customers.identify import identify
from karibu.events import counts, tail
from karibu.events.batch import Stage
from karibu.growth.stage import keep_answers
from karibu.insights import attribution, live
from karibu.journeys import react
from karibu.messages.channels.push.stage import keep_subscriptions
from karibu.messages.channels.webhook.stage import tell_webhooks
from karibu.messages.stage import name_messages
from karibu.segments import stage as segments
from karibu.shop.stage import keep_shop

STAGES: list[Stage] = [
    dedupe,
    drop_erased,
    identify,
    keep_consents,
    keep_subscriptions,
    name_messages,
    keep_shop,
    keep_answers,
    attribution.attribute,
    react.react,
    segments.touch,
    counts.count,
    tell_webhooks,
    tail.append,
    live.announce,
]
