from django.urls import URLPattern, path

from karibu.growth.views import forms, public

urlpatterns: list[URLPattern] = [
    path("growth/forms/", forms.form_list, name="forms"),
    path("growth/forms/new/", forms.form_new, name="form-new"),
    path("growth/forms/preview/", forms.form_preview, name="form-preview"),
    path("growth/forms/<int:pk>/", forms.form, name="form"),
    path("growth/forms/<int:pk>/publish/", forms.form_publish, name="form-publish"),
    path("forms.js", public.script, name="forms-script"),
    path("forms/live.json", public.live, name="forms-live"),
    path("forms/<slug:slug>/view/", public.view, name="form-view"),
    path("forms/<slug:slug>/answer/", public.answer, name="form-answer"),
    path("p/<slug:slug>/", public.page, name="form-page"),
]
