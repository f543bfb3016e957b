from django.urls import URLPattern, path

from karibu.journeys import conditions, starting, views
from karibu.journeys.rehearsal import views as rehearsals

urlpatterns: list[URLPattern] = [
    path("journeys/", views.journeys, name="journeys"),
    path("journeys/recipes/", views.recipes, name="journey-recipes"),
    path("journeys/recipes/<slug:key>/", views.adopt, name="journey-adopt"),
    path("journeys/new/", starting.begin, name="journey-begin"),
    path("journeys/import/", views.import_, name="journey-import"),
    path("journeys/<int:pk>/journey.json", views.export, name="journey-export"),
    path("journeys/<int:pk>/", views.journey, name="journey"),
    path("journeys/<int:pk>/name/", starting.name, name="journey-name"),
    path("journeys/<int:pk>/door/", starting.door, name="journey-door"),
    path("journeys/<int:pk>/entry/", starting.entry, name="journey-entry"),
    path("journeys/<int:pk>/rules/", starting.rules, name="journey-rules"),
    path("journeys/<int:pk>/publish/", views.publish, name="journey-publish"),
    path("journeys/<int:pk>/pause/", views.pause, name="journey-pause"),
    path("journeys/<int:pk>/resume/", views.resume, name="journey-resume"),
    path("journeys/<int:pk>/steps/<int:position>/", views.step, name="journey-step"),
    path("journeys/<int:pk>/steps/<int:position>/conditions/", conditions.of_branch, name="journey-conditions"),
    path("journeys/<int:pk>/filter/", conditions.of_filter, name="journey-filter"),
    path("journeys/<int:pk>/move/", views.move, name="journey-move"),
    path("journeys/<int:pk>/steps/", views.add, name="journey-add"),
    *[
        path(f"journeys/<int:pk>/{deed}/", views.rearrange, {"deed": deed}, name=f"journey-{deed}")
        for deed in ("remove", "up", "down", "copy", "undo", "published")
    ],
    *[
        path(f"journeys/<int:pk>/people/{said}/", views.answer, {"said": said}, name=f"journey-say-{said}")
        for said in ("yes", "no")
    ],
    path("journeys/<int:pk>/people/", views.people, name="journey-people"),
    path("journeys/<int:pk>/people/put-in/", views.put_in, name="journey-put-in"),
    path("journeys/<int:pk>/people/retry/", views.retry, name="journey-retry"),
    path("journeys/<int:pk>/why/", views.why, name="journey-why"),
    path("journeys/<int:pk>/rehearse/", rehearsals.begin, name="journey-rehearse"),
    path("journeys/<int:pk>/rehearsals/", rehearsals.newest, name="journey-rehearsals"),
    path("journeys/<int:pk>/rehearsals/<int:number>/", rehearsals.rehearsal, name="journey-rehearsal"),
    path("journeys/<int:pk>/rehearsals/<int:number>/people/", rehearsals.people, name="journey-rehearsal-people"),
    path("journeys/<int:pk>/rehearsals/<int:number>/stop/", rehearsals.stop, name="journey-rehearsal-stop"),
]
