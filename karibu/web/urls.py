"""The shell's own addresses."""

from django.urls import URLPattern, path, re_path

from karibu.web import views
from karibu.web.views import settings

urlpatterns: list[URLPattern] = [
    path("healthz", views.health.healthz),
    path("readyz", views.health.readyz),
    re_path(r"^static/(?P<path>.+)$", views.files.static),
    path("search/", views.shell.search, name="search"),
    path("running/", views.shell.running),
    path("styleguide/", views.styleguide.styleguide, name="styleguide"),
    path("sign-in/", views.sign_in.sign_in, name="sign-in"),
    path("sign-in/link/", views.sign_in.ask_for_link, name="sign-in-ask"),
    path("sign-in/<str:token>/", views.sign_in.by_link, name="sign-in-link"),
    path("sign-out/", views.sign_in.sign_out, name="sign-out"),
    path("settings/", settings.index.index, name="settings"),
    path("settings/profile/", settings.profile.profile, name="settings-profile"),
    path("settings/profile/password/", settings.profile.password, name="settings-password"),
    path("settings/shop/", settings.shop.shop, name="settings-shop"),
    path("settings/colleagues/", settings.colleagues.colleagues, name="settings-colleagues"),
    path("settings/colleagues/<int:pk>/role/", settings.colleagues.role),
    path("settings/colleagues/<int:pk>/deactivate/", settings.colleagues.deactivate),
    path("settings/colleagues/<int:pk>/reactivate/", settings.colleagues.reactivate),
    path("settings/colleagues/<int:pk>/link/", settings.colleagues.link),
    path("settings/tokens/", settings.tokens.tokens, name="settings-tokens"),
    path("settings/tokens/<int:pk>/revoke/", settings.tokens.revoke),
    path("settings/audit/", settings.audit.audit, name="settings-audit"),
]
