from django.urls import URLPattern, path

from karibu.segments.views import audience, builder, lists, page, past, rfm

urlpatterns: list[URLPattern] = [
    path("segments/", lists.segments, name="segments"),
    path("segments/new/", lists.new, name="segment-new"),
    path("segments/new/conditions/", builder.create, name="segment-create"),
    path("segments/recipes/<slug:key>/", lists.adopt, name="segment-adopt"),
    path("segments/preview/", builder.preview, name="segment-preview"),
    path("segments/values/", builder.values, name="segment-values"),
    path("segments/rfm/", rfm.rfm, name="segment-rfm"),
    path("segments/<int:pk>/", page.segment, name="segment"),
    path("segments/<int:pk>/edit/", builder.edit, name="segment-edit"),
    path("segments/<int:pk>/waiting/", page.waiting, name="segment-waiting"),
    path("segments/<int:pk>/overlap/", page.overlap, name="segment-overlap"),
    path("segments/<int:pk>/past/", past.past, name="segment-pasts"),
    path("segments/<int:pk>/past/<str:day>/", past.on_day, name="segment-past"),
    path("segments/<int:pk>/audience/", audience.audience, name="segment-audience"),
    path("segments/<int:pk>/archive/", lists.archive, name="segment-archive"),
    path("segments/<int:pk>/restore/", lists.restore, name="segment-restore"),
]
