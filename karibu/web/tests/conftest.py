import pytest
from django.test import Client

from karibu.web.models import User


@pytest.fixture
def owner(db: None, client: Client) -> User:
    user = User.objects.create_user("amina@example.test", name="Amina", role="owner", timezone="Africa/Kigali")
    client.force_login(user)
    return user


@pytest.fixture
def agent(db: None) -> User:
    return User.objects.create_user("juma@example.test", role="agent")
