from django.urls import path

from karibu.insights import operations, views

urlpatterns = [
    path("", views.home, name="home"),
    path("live/now/", views.live_now, name="live-now"),
    path("insights/", views.insights, name="insights"),
    path("insights/journeys/<int:journey>/", views.journey_part, name="insights-journey"),
    path("insights/<slug:metric>.csv", views.metric_csv, name="metric-csv"),
    path("metrics", operations.prometheus, name="prometheus"),
]
