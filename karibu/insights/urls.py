from django.urls import path

from karibu.insights import journey_views, operations, views

urlpatterns = [
    path("", views.home, name="home"),
    path("live/now/", views.live_now, name="live-now"),
    path("insights/", views.insights, name="insights"),
    path("insights/journeys/<int:journey>/", views.journey_part, name="insights-journey"),
    path("insights/journeys/<int:journey>/report/", journey_views.report, name="insights-journey-report"),
    path("insights/journeys/<int:journey>/report.csv", journey_views.report_csv, name="insights-journey-csv"),
    path("insights/<slug:metric>.csv", views.metric_csv, name="metric-csv"),
    path("metrics", operations.prometheus, name="prometheus"),
]
