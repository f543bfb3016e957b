"""`/api/v1`: one NinjaAPI that gathers each app's `api.py` router. OpenAPI at `/api/v1/openapi.json`."""

from karibu.campaigns.api import router as campaigns
from karibu.consents import api as consents
from karibu.customers import api as customers
from karibu.events.api import router as events
from karibu.insights.api import router as insights
from karibu.journeys.api import router as journeys
from karibu.journeys.rehearsal.api import router as rehearsals
from karibu.messages.api import router as messages
from karibu.segments.api import router as segments
from karibu.shop.api import router as shop
from karibu.web.api import build

api = build()
api.add_router("", insights)
api.add_router("/customers", consents.router)  # the customers' own calls, and erasing one
api.add_router("/erasures", consents.erasures)
api.add_router("/merges", customers.merges)
api.add_router("", messages)
api.add_router("", journeys)
api.add_router("", rehearsals)
api.add_router("", campaigns)
api.add_router("", segments)
api.add_router("", events)
api.add_router("", shop)
