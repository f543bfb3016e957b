from django.urls import URLPattern, path

from karibu.messages.views import public

urlpatterns: list[URLPattern] = [
    path("m/c/<str:token>", public.click, name="message-click"),
    path("m/o/<str:token>.gif", public.opened, name="message-open"),
    path("m/u/<str:token>", public.unsubscribe, name="message-unsubscribe"),
    path("m/v/<str:token>", public.web_view, name="message-web-view"),
]
