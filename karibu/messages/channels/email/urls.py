from django.urls import URLPattern, path

from karibu.messages.channels.email import views

urlpatterns: list[URLPattern] = [
    path("settings/mail/", views.mail, name="mail-settings"),
    path("settings/mail/keys/", views.make_key, name="mail-keys"),
    path("settings/mail/keys/<int:pk>/close/", views.close_key, name="mail-key-close"),
    path("settings/mail/bounces/", views.save_box, name="mail-bounces"),
    path("settings/mail/bounces/read/", views.read_box, name="mail-bounces-read"),
    path("settings/mail/paces/", views.plan_pace, name="mail-paces"),
    path("settings/mail/paces/<int:pk>/drop/", views.drop_pace, name="mail-pace-drop"),
]
