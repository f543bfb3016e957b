"""Every page's address. Nouns; an action is a resource below one."""

from django.urls import URLPattern, URLResolver, include, path

from karibu.config.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("", include("karibu.web.urls")),
    path("", include("karibu.insights.urls")),
    path("", include("karibu.customers.urls")),
    path("", include("karibu.shop.urls")),
    path("", include("karibu.consents.urls")),
    path("", include("karibu.messages.urls")),
    path("", include("karibu.messages.channels.urls")),
    path("", include("karibu.messages.channels.email.urls")),
    path("", include("karibu.journeys.urls")),
    path("", include("karibu.desk.urls")),
    path("", include("karibu.campaigns.urls")),
    path("", include("karibu.segments.urls")),
    path("", include("karibu.growth.urls")),
    path("", include("karibu.imports.urls")),
    path("", include("karibu.collect.urls")),
    path("", include("karibu.events.urls")),
    path("", include("karibu.demo.urls")),
]

handler400 = "karibu.web.views.errors.bad_request"
handler403 = "karibu.web.views.errors.forbidden"
handler404 = "karibu.web.views.errors.not_found"
handler500 = "karibu.web.views.errors.server_error"
