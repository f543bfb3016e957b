from django.urls import URLPattern, path

from karibu.campaigns import views
from karibu.campaigns.calendar import month_page

urlpatterns: list[URLPattern] = [
    path("campaigns/", views.campaigns, name="campaigns"),
    path("campaigns/new/", views.new, name="campaign-new"),
    path("campaigns/calendar/", month_page, name="campaign-calendar"),
    path("campaigns/approval/", views.approval, name="campaigns-approval"),
    path("campaigns/<int:pk>/", views.campaign, name="campaign"),
    path("campaigns/<int:pk>/edit/", views.edit, name="campaign-edit"),
    path("campaigns/<int:pk>/check/", views.check, name="campaign-check"),
    path("campaigns/<int:pk>/report.csv", views.report_csv, name="campaign-report-csv"),
    path("campaigns/<int:pk>/map/<slug:letter>/", views.link_map, name="campaign-map"),
    path("campaigns/<int:pk>/approve/", views.deed, {"name": "approve"}, name="campaign-approve"),
    path("campaigns/<int:pk>/pause/", views.deed, {"name": "pause"}, name="campaign-pause"),
    path("campaigns/<int:pk>/resume/", views.deed, {"name": "resume"}, name="campaign-resume"),
    path("campaigns/<int:pk>/cancel/", views.deed, {"name": "cancel"}, name="campaign-cancel"),
    path("campaigns/<int:pk>/take-back/", views.deed, {"name": "take-back"}, name="campaign-take-back"),
    path("campaigns/<int:pk>/duplicate/", views.duplicate, name="campaign-duplicate"),
    path("campaigns/<int:pk>/winner/<int:arm>/", views.choose, name="campaign-winner"),
]
