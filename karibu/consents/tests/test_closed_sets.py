"""How a consent was said and what permits it are of closed sets."""

from datetime import UTC, datetime

import pytest

from karibu.consents.methods import STRENGTH, Basis, Method
from karibu.consents.statement import Statement

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def said(**what: str) -> Statement:
    known = {"customer_id": 1, "channel": "email", "status": "given", "method": "form", "source": "shop", "at": NOW}
    return Statement(**{**known, **what})


def test_every_method_has_a_strength_and_a_name() -> None:
    assert set(STRENGTH) == set(Method.values)
    assert {said(method=method).strength for method in ("agent", "api")} == {30}
    assert said(method="import").strength == 10
    assert {said(method=method).strength for method in set(Method.values) - {"agent", "api", "import"}} == {40}


def test_the_bases_are_those_of_gdpr_article_6_and_lgpd_article_7() -> None:
    gdpr = {"consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests"}
    assert set(Basis.values) == gdpr | {"research", "exercise_of_rights", "health", "credit"}


@pytest.mark.parametrize("what", [{"method": "guess"}, {"basis": "because"}, {"status": "maybe"}])
def test_what_is_in_no_set_is_no_statement(what: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        said(**what)
