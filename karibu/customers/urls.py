from django.urls import URLPattern, path

from karibu.customers.views import person, sameness

urlpatterns: list[URLPattern] = [
    path("customers/", person.customers),
    path("customers/new/", person.new),
    path("customers/suggestions/", sameness.suggestions),
    path("customers/suggestions/<int:suggestion_id>/<slug:verdict>/", sameness.decide),
    path("customers/merges/<int:merge_id>/undo/", sameness.undo),
    path("customers/<int:customer_id>/", person.customer),
    path("customers/<int:customer_id>/timeline/", person.customer_timeline),
    path("customers/<int:customer_id>/edit/", person.edit),
    path("customers/<int:customer_id>/merge/", sameness.merge),
]
