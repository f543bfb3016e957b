"""`karibu erase`, `retention` and `export customer`: the terminal's side. Steps go to stderr, outcomes to stdout."""

from collections.abc import Callable
from pathlib import Path

import click
from django.utils import timezone

from karibu.consents import access, erasure
from karibu.consents import retention as rules
from karibu.consents.models import Erasure
from karibu.customers.models import Customer

GOES_ON = "What is done stays done; the same command goes on, and so does a worker by itself."


def erase(who: str, *, yes: bool) -> None:
    """Raises click.ClickException with one sentence when there is nobody to erase, or it is not done yet."""
    customer = _customer(who)
    if not yes:
        click.confirm(f"Erase customer {customer} for good, with all that is known of them?", abort=True)
    done = _done(customer, erasure.erase, "karibu erase")
    taken = ", ".join(f"{n} {what}" for what, n in done.counts.items() if n)
    click.echo(f"Customer {customer} is erased: {taken or 'nothing more was there'}")


def anonymise(who: str, *, yes: bool) -> None:
    """As erase(), but what happened stays."""
    customer = _customer(who)
    if not yes:
        click.confirm(f"Make customer {customer} anonymous for good? What they did stays as numbers.", abort=True)
    done = _done(customer, erasure.anonymise, "karibu anonymise")
    taken = ", ".join(f"{n} {what}" for what, n in done.counts.items() if n)
    click.echo(f"Customer {customer} is nobody any more. Touched: {taken or 'nothing more was there'}")


def export(who: str, path: Path | None) -> Path:
    """Writes the archive of a customer; returns where it lies. Raises click.ClickException."""
    customer = _customer(who)
    path = path or Path(f"customer-{customer}.zip")
    try:
        access.save(customer, path, by="karibu export")
    except access.NobodyThere as nobody:
        raise click.ClickException(str(nobody)) from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be made: {error.strerror}.") from None
    return path.resolve()


def _customer(who: str) -> int:
    found = erasure.find(who)
    if found is None:
        raise click.ClickException(
            "Somebody with this identifier was erased already."
            if erasure.was_erased(who)
            else "There is no such customer. Give a number, an e-mail address, a phone number or an id of the shop."
        )
    is_open = Erasure.objects.filter(customer_id=found, done_at=None).exists()
    if not is_open and Customer.objects.filter(pk=found, erased_at__isnull=False).exists():
        raise click.ClickException(f"Customer {found} was erased already.")
    return found


def _done(customer: int, deed: Callable[..., Erasure], by: str) -> Erasure:
    try:
        return deed(customer, by=by, tell=lambda step: click.echo(f"… {step}", err=True))
    except KeyboardInterrupt:
        raise click.ClickException(f"Stopped. {GOES_ON}") from None
    except (erasure.StillWaiting, erasure.UnderWay) as later:
        raise click.ClickException(f"Not done yet: {later} {GOES_ON}") from None


def retention(*, dry_run: bool) -> None:
    """One line for each class of data: what its rule would take, or took."""
    now = timezone.now()
    for line in rules.report(now) if dry_run else rules.apply(now):
        if line.days is None:
            click.echo(f"{line.of.title}: kept without end")
        else:
            verb = "would go" if dry_run else "went"
            click.echo(f"{line.of.title}: {line.overdue} of more than {line.days} days {verb}")
