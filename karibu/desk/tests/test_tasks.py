"""A journey gives a colleague a task: a line on the list, about the person, until somebody has done it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from karibu.desk.models import Task
from karibu.journeys import actions
from karibu.journeys.models import Enrollment
from karibu.journeys.story import Story, expects, sends, story

pytestmark = pytest.mark.django_db


def live(**task: Any) -> None:
    definition = {"entry": {"event": "Signed Up"}, "steps": [{"task": {"title": "Call them", **task}}]}
    actions.publish(actions.create("Calls", definition, by="test"), by="test")


def test_each_person_is_a_line_on_the_list_once(agent: Client):
    live(colleague="ben@example.test", within_days=2)
    told = story(sends("Signed Up"), sends("Signed Up", by="joao"), expects("finished"))
    Enrollment.objects.update(status="active", step=0, due_at=told.now, ended_at=None)
    told.advance()
    assert sorted(Task.objects.values_list("customer_id", flat=True)) == sorted(told.people.values())
    task = Task.objects.get(customer_id=told.person("amina"))
    assert (task.title, task.colleague, task.due_at) == ("Call them", "ben@example.test", told.now + timedelta(days=2))
    page = agent.get("/tasks/").content.decode()
    assert page.count("Call them") >= 2 and "Amina" in page and "ben@example.test" in page
    assert "Call them" in agent.get(f"/customers/{told.person('amina')}/").content.decode()


def test_what_is_done_is_done_and_can_be_taken_back(agent: Client):
    live()
    story(sends("Signed Up"), sends("Signed Up", by="joao"))
    one, other = Task.objects.order_by("pk")
    answer = agent.post("/tasks/done/", {"id": [one.pk]}, follow=True)
    assert "1 task is done." in answer.content.decode()
    one.refresh_from_db()
    assert one.done_at and one.done_by and Task.objects.get(pk=other.pk).done_at is None
    assert [task.pk for task in Task.objects.filter(done_at=None)] == [other.pk]
    agent.post("/tasks/reopen/", {"id": [one.pk, other.pk]})
    assert Task.objects.filter(done_at=None).count() == 2


@pytest.mark.parametrize(("state", "shown"), [("open", ["Mats", "Rugs"]), ("late", ["Rugs"]), ("done", ["Pots"])])
def test_the_list_is_narrowed_by_how_a_task_stands(agent: Client, state: str, shown: list[str]):
    told = Story()
    for title, due, done in (("Mats", 1, None), ("Rugs", -1, None), ("Pots", -1, told.now)):
        Task.objects.create(
            key=title, customer_id=told.person("amina"), title=title, made_at=told.now,
            due_at=told.now + timedelta(days=due), done_at=done,
        )  # fmt: skip
    page = agent.get(f"/tasks/?state={state}").content.decode()
    assert [title for title in ("Mats", "Rugs", "Pots") if f">{title}<" in page] == shown
