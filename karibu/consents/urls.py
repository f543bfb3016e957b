from django.urls import URLPattern, path

from karibu.consents.views import customer, public, retention, suppressions, topics

urlpatterns: list[URLPattern] = [
    path("customers/erase/", customer.erase_many),
    path("customers/<int:customer_id>/consents/", customer.consents, name="customer-consents"),
    path("customers/<int:customer_id>/unblock/", customer.lift_block, name="lift-block"),
    path("customers/<int:customer_id>/archive/", customer.archive, name="archive-customer"),
    path("customers/<int:customer_id>/anonymise/", customer.anonymise, name="anonymise-customer"),
    path("customers/<int:customer_id>/erase/", customer.erase, name="erase-customer"),
    path("preferences/<str:token>/", public.preferences, name="preferences"),
    path("confirm/<str:token>/", public.confirm, name="confirm"),
    path("settings/retention/", retention.classes, name="retention"),
    path("settings/topics/", topics.topic_list, name="topics"),
    path("settings/topics/<slug:key>/", topics.topic, name="topic"),
    path("settings/topics/<slug:key>/close/", topics.topic_close, name="topic-close"),
    path("settings/suppressions/", suppressions.suppression_list, name="suppressions"),
    path("settings/suppressions/new/", suppressions.suppress, name="suppress"),
    path("settings/suppressions/<int:pk>/", suppressions.suppression, name="suppression"),
]
