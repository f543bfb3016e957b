"""An erasure while others are in the middle of something: nothing of the person is left behind by anybody (PAINS 44).

Each test stops somebody between reading and writing, lets the erasure run, and lets them go on.
"""

import errno
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from karibu.collect import drain
from karibu.config import pipeline
from karibu.config.schedule import SCHEDULE
from karibu.consents import erasure, jobs, waiting
from karibu.consents.models import Erasure
from karibu.customers import actions as customers
from karibu.customers.models import Customer, Identity
from karibu.events import flush
from karibu.imports import actions as imports
from karibu.imports import work
from karibu.imports.models import Import, RejectedRow
from karibu.imports.run import run
from karibu.journeys import engine
from karibu.messages import send, visits
from karibu.messages.actions import Intent, intend
from karibu.messages.channels.email import deliver
from karibu.messages.models import Mail, Message, Visit
from karibu.messages.status import Reason
from karibu.messages.verdict import held
from karibu.shop.models import Cart, Order
from tests.stores import holding
from tests.test_erasure import PERSON, TRACES, a_life, come

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "browser-zq-77"  # an identifier that the interrupted one brings
SOON = 0.4  # seconds in which an erasure that does not wait would be over


def found(lake: Path) -> list[str]:
    return holding([*TRACES, NEW], lake, Path(settings.KARIBU_HOME))


class Stop:
    """Something that stops once, in the middle, until it is let go."""

    def __init__(self) -> None:
        self.reached, self.let_go = threading.Event(), threading.Event()

    def __call__(self, *_: Any) -> None:
        if not self.reached.is_set():
            self.reached.set()
            assert self.let_go.wait(60)


@contextmanager
def beside(work: Callable[[], Any]) -> Iterator[list[Any]]:
    """Runs `work` in a thread of its own, with its own connection; its end is waited for. Yields what it returned."""
    outcome: list[Any] = []

    def run_it() -> None:
        try:
            outcome.append(work())
        except Exception as error:
            outcome.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run_it)
    thread.start()
    yield outcome
    thread.join(90)
    assert not thread.is_alive()


def erased_while(stop: Stop, somebody: Callable[[], Any], customer: int, *, waits: bool = True) -> list[Any]:
    """Somebody is stopped in the middle, the erasure begins, somebody goes on. Returns what each of both answered."""
    with beside(somebody) as theirs:
        assert stop.reached.wait(60)
        with beside(lambda: erasure.erase(customer, by="owner@localhost")) as ours:
            try:
                time.sleep(SOON)
                deadline = time.monotonic() + 60
                while not waits and not ours and time.monotonic() < deadline:
                    time.sleep(0.05)
                assert bool(ours) is not waits, ours
            finally:
                stop.let_go.set()
    return [theirs[0], ours[0]]


def after(function: Callable[..., Any], stop: Callable[[], None]) -> Callable[..., Any]:
    def called(*arguments: Any, **named: Any) -> Any:
        answer = function(*arguments, **named)
        stop()
        return answer

    return called


def test_a_batch_that_had_asked_who_was_erased_teaches_the_erasure_a_new_identifier(lake, monkeypatch) -> None:
    customer, stop = a_life(), Stop()
    place = pipeline.STAGES.index(next(s for s in pipeline.STAGES if s.__name__ == "identify"))
    monkeypatch.setattr(pipeline, "STAGES", [*pipeline.STAGES[:place], stop, *pipeline.STAGES[place:]])
    come({"type": "page", "anonymousId": NEW, "properties": {"url": "/?zuberi"}}, drained=False)
    done, report = erased_while(stop, drain.drain_all, customer)
    assert done == 1 and isinstance(report, Erasure) and report.done_at
    assert found(lake) == []
    come({"type": "page", "userId": None, "anonymousId": NEW})
    assert found(lake) == [] and not Identity.objects.exists()


def test_a_person_who_is_merged_in_by_a_batch_under_way_goes_too(lake, monkeypatch) -> None:
    come({"type": "page", "userId": None, "anonymousId": NEW, "properties": {"who": "zuberi"}})
    customer, stop = a_life(), Stop()
    monkeypatch.setattr(pipeline, "STAGES", [*pipeline.STAGES, stop])
    come({"type": "page", "anonymousId": NEW}, drained=False)  # the first sign-in on that browser: it was theirs
    erased_while(stop, drain.drain_all, customer)
    assert found(lake) == [] and Customer.objects.filter(erased_at=None).count() == 0


def test_a_journeys_step_that_is_being_taken_leaves_no_message(lake, monkeypatch) -> None:
    customer, stop = a_life(), Stop()
    said = Intent(key="c-zq-1:x", customer_id=customer, template_key="cart-reminder", sender="journey:1",
                  context={"cart_id": "c-zq-1", "note": "for Zuberi"})  # fmt: skip

    def step() -> None:
        from django.db import transaction

        with transaction.atomic():
            intend([said])
            stop()

    erased_while(stop, step, customer)
    assert found(lake) == []
    send.send_due()
    waiting_one = Message.objects.latest("pk")
    assert (waiting_one.status, waiting_one.reason) == ("refused", Reason.ERASED)
    assert engine.advance(timezone.now()) > 0


def due_again() -> None:
    """The reminder of the cart, as if it had not been sent and the cart not been ordered."""
    Message.objects.update(status="intended", due_at=timezone.now(), sent_at=None, claimed_at=None)
    Cart.objects.update(status="open")
    Order.objects.update(cart_id="")
    Mail.objects.all().delete()


def test_a_mail_that_is_being_put_into_the_mailbox_goes(lake, monkeypatch) -> None:
    customer, stop = a_life(), Stop()
    due_again()
    monkeypatch.setattr(send, "_deliver", after(send._deliver, stop))
    erased_while(stop, send.send_due, customer)
    assert found(lake) == [] and Message.objects.get().status == "sent" and not Mail.objects.exists()


def test_a_mail_that_is_being_handed_over_leaves_no_address_behind(lake, monkeypatch, settings) -> None:
    """The hand-over is in no transaction, and ends long after the erasure."""
    customer, stop = a_life(), Stop()
    settings.KARIBU_SMTP_URL = "smtp://127.0.0.1:9"
    due_again()

    def hand_over(letters: Any, begin: Callable[[Any], Any]) -> Any:
        assert all(begin(letter) for letter in letters)
        stop()
        said = f"greylisted, {PERSON['email']}"
        yield from ((letter, held(timezone.now(), Reason.RETRY, said)) for letter in letters)

    monkeypatch.setattr(deliver.relay, "deliver", hand_over)
    erased_while(stop, send.send_due, customer, waits=False)
    assert found(lake) == [] and Message.objects.get().status == "held"
    send.send_due()
    assert Message.objects.get().reason == Reason.ERASED and found(lake) == []


def test_a_colleague_who_saves_a_form_at_that_moment_brings_nobody_back(lake, monkeypatch) -> None:
    customer, stop = a_life(), Stop()
    monkeypatch.setattr(customers, "record", after(customers.record, stop))
    mine = Customer.objects.get(pk=customer)
    erased_while(stop, lambda: customers.edit_customer(mine, {"city": "Zanzibar-Street"}, by="x"), customer)
    assert found(lake) == [] and Customer.objects.get(pk=customer).city == ""
    with pytest.raises(customers.Gone):
        customers.edit_customer(mine, {"name": "Zuberi"}, by="x")


def test_a_new_customer_with_the_same_address_is_refused_at_the_last_moment(lake, monkeypatch) -> None:
    customer, stop = a_life(), Stop()
    monkeypatch.setattr(customers.Activity.objects, "create", after(customers.Activity.objects.create, stop))
    known = {"name": "Zuberi", "email": PERSON["email"].lower()}
    answer, _ = erased_while(stop, lambda: customers.create_customer(known, by="x"), customer)
    assert isinstance(answer, customers.AddressErased | customers.AddressTaken) and found(lake) == []


def test_a_visit_that_is_being_judged_becomes_no_event(lake, monkeypatch) -> None:
    customer, stop = a_life(), Stop()
    then = timezone.now() - timedelta(minutes=1)
    Message.objects.update(sent_at=then - timedelta(hours=1))
    seen = {"message": Message.objects.get(), "kind": "opened", "method": "GET", "at": then}
    Visit.objects.create(**seen, user_agent="Mozilla/5.0 (Zanzibar-Street)")
    monkeypatch.setattr(visits, "_tell", after(visits._tell, stop))
    erased_while(stop, visits.judge, customer)
    drain.drain_all()
    assert found(lake) == [] and not Identity.objects.exists()
    asking = visits.Asking(method="GET", user_agent="Mozilla/5.0 (Zanzibar-Street)")
    visits.note(Message.objects.get(), "opened", asking)
    assert found(lake) == []


def test_an_import_at_work_is_waited_for_until_its_file_is_gone(lake, monkeypatch, tmp_path) -> None:
    """Step by step: the erasure ends what it can, and the schedule does the rest when the import is over."""
    customer, stop = a_life(), Stop()
    file = tmp_path / "people.csv"
    rows = [f"{PERSON['email']},bad,Zuberi", "ben@example.com,3,Ben", "0788 123 499,bad,Zuberi"]
    file.write_text("email,created_at,name\n" + "\n".join(rows) + "\n")
    imported = imports.draft("customers", file, by="a test", copy=True)
    file.unlink()
    imports.start(imported, by="a test", queue=False)
    monkeypatch.setattr(work, "_set_aside_nobody_erased", after(work._set_aside_nobody_erased, stop))
    with beside(lambda: run(imported.pk)) as theirs:
        assert stop.reached.wait(60)
        with beside(lambda: erasure.erase(customer, by="owner@localhost")) as ours:
            time.sleep(SOON)
            Import.objects.filter(pk=imported.pk)  # the step holds the erasure off
            assert not ours
            stop.let_go.set()
    assert theirs[0].status == "done" and not RejectedRow.objects.filter(row__icontains="zuberi").exists()
    open_ones = Erasure.objects.filter(done_at=None)
    for begun in open_ones:  # it may have met the import before or after its end
        erasure.finish(begun)
    assert found(lake) == []


def test_a_file_of_an_import_that_is_stopped_later_goes_by_itself(lake, tmp_path) -> None:
    customer = a_life()
    file = tmp_path / "people.csv"
    file.write_text(f"email,name\n{PERSON['email']},Zuberi\nben@example.com,Ben\n")
    imported = imports.draft("customers", file, by="a test", copy=True)
    file.unlink()
    imports.start(imported, by="a test", queue=False)
    Import.objects.filter(pk=imported.pk).update(status="running", heartbeat_at=timezone.now())
    with pytest.raises(erasure.StillWaiting, match=f"Import {imported.pk}"):
        erasure.erase(customer, by="owner@localhost")
    assert Customer.objects.get(pk=customer).erased_at and Path(imported.path).exists()
    Import.objects.filter(pk=imported.pk).update(status="stopped")
    Erasure.objects.update(touched_at=timezone.now() - timedelta(hours=1))
    assert "karibu.consents.jobs.finish_erasures" in [path for _, path in SCHEDULE]
    jobs.finish_erasures(0)
    assert not Path(imported.path).exists() and found(lake) == [] and erasure.unfinished() == []


def test_a_flush_that_died_half_way_holds_nothing_back(lake, monkeypatch) -> None:
    customer = a_life()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(flush, "confirm", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        flush.flush_everything()
    erasure.erase(customer, by="owner@localhost")
    assert found(lake) == []


def test_who_will_not_end_is_not_waited_for_for_ever(lake) -> None:
    """A backup may be in its transaction for hours."""
    stop = Stop()

    def back_up() -> None:
        from django.db import transaction

        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            stop()

    with beside(back_up):
        assert stop.reached.wait(60)
        assert waiting.let_everybody_end(patience=0.2) is False
        stop.let_go.set()
    assert waiting.let_everybody_end(patience=5) is True


@pytest.mark.parametrize("broken", ["rewrite.rewritten", "compact.tidy_up"])
def test_a_lake_that_cannot_be_rewritten_is_waited_for(lake, monkeypatch, broken: str) -> None:
    """Everything else has gone meanwhile, and the schedule does the rest."""
    customer = a_life()
    flush.flush()
    with monkeypatch.context() as patch:
        patch.setattr(f"karibu.events.removal.{broken}", refuse)
        with pytest.raises(erasure.StillWaiting, match="No space left on device"):
            erasure.erase(customer, by="owner@localhost")
    assert {place.split("/")[0].split(".")[0] for place in found(lake)} <= {
        "consents_erasure",
        "month=" + month(),
        "part",
    }
    Erasure.objects.update(touched_at=timezone.now() - timedelta(hours=1))
    jobs.finish_erasures(0)
    assert found(lake) == [] and Erasure.objects.get().done_at


def refuse(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def month() -> str:
    return timezone.now().strftime("%Y-%m")
