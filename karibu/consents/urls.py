from django.urls import URLPattern, path

from karibu.consents import views

urlpatterns: list[URLPattern] = [
    path("customers/erase/", views.erase_many),
    path("customers/<int:customer_id>/consents/", views.record_consent, name="record-consent"),
    path("customers/<int:customer_id>/unblock/", views.lift_block, name="lift-block"),
    path("customers/<int:customer_id>/archive/", views.archive, name="archive-customer"),
    path("customers/<int:customer_id>/erase/", views.erase, name="erase-customer"),
]
