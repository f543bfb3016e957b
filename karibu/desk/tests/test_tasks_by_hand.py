"""A colleague gives a task about a person, from that person's page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from karibu.customers.models import Customer
from karibu.desk.forms import today
from karibu.desk.models import Task
from karibu.web.models import Shop

pytestmark = pytest.mark.django_db
NUMBER = "0b8cbd2a-9a4b-4d57-8a51-0f3c6a1d2e11"


@pytest.fixture
def amina() -> Customer:
    Shop.objects.update_or_create(pk=1, defaults={"timezone": "Africa/Kigali"})
    return Customer.objects.create(name="Amina", is_anonymous=False, created_at=timezone.now())


def fields(**changed: str) -> dict[str, str]:
    return {"title": "Call about the mats", "colleague": "", "due": "2026-12-01", "number": NUMBER, **changed}


def test_from_the_persons_page_to_the_list_in_two_clicks(agent: Client, amina: Customer):
    url = f"/customers/{amina.pk}/tasks/new/"
    assert f'href="{url}"' in agent.get(f"/customers/{amina.pk}/").content.decode()
    asked = agent.get(url).content.decode()
    assert f'value="{today() + timedelta(days=3)}"' in asked and not Task.objects.exists()
    page = agent.post(url, fields(), follow=True).content.decode()
    assert "The task is on the list." in page and "Call about the mats" in page
    task = Task.objects.get()
    assert (task.customer_id, task.colleague, f"{task.due_at:%Y-%m-%d %H:%M}") == (amina.pk, "", "2026-12-01 16:00")
    assert "Call about the mats" in agent.get("/tasks/").content.decode()


def test_a_form_that_is_sent_twice_is_one_task(agent: Client, amina: Customer):
    for _ in range(2):
        agent.post(f"/customers/{amina.pk}/tasks/new/", fields())
    assert Task.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"title": " "}, {"due": "soon"}, {"colleague": "nobody@example.com"}, {"number": ""}]
)
def test_what_cannot_be_a_task_is_none_and_what_was_typed_stays(agent: Client, amina: Customer, wrong: dict[str, str]):
    answer = agent.post(f"/customers/{amina.pk}/tasks/new/", fields(**wrong))
    assert answer.status_code == 422 and not Task.objects.exists()
    assert "title" in wrong or "Call about the mats" in answer.content.decode()


def test_about_whoever_the_person_is_now_and_about_nobody_who_is_gone(agent: Client, amina: Customer):
    other = Customer.objects.create(name="Joao", merged_into=amina.pk, created_at=amina.created_at)
    gone = Customer.objects.create(erased_at=amina.created_at, created_at=amina.created_at)
    assert agent.get(f"/customers/{other.pk}/tasks/new/").headers["Location"] == f"/customers/{amina.pk}/tasks/new/"
    assert agent.get(f"/customers/{gone.pk}/tasks/new/").status_code == 404
