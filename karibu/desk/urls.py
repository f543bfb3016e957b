from django.urls import URLPattern, path

from karibu.desk import views

urlpatterns: list[URLPattern] = [
    path("tasks/", views.tasks, name="tasks"),
    path("tasks/done/", views.done, name="tasks-done"),
    path("customers/<int:customer_id>/tasks/new/", views.new, name="task-new"),
    path("tasks/reopen/", views.reopen, name="tasks-reopen"),
]
