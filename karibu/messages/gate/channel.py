"""What the channel itself says: its law, and whether it can be reached."""

from karibu.messages import channels
from karibu.messages.gate.case import Group


def channel_allows(group: Group) -> None:
    """The law of the channel (`channels/<kind>/rules.py`, where it has one): windows, approved templates."""
    for kind, cases in group.by_channel().items():
        for case, verdict in zip(cases, channels.get(kind).allows(cases, group.now), strict=True):
            case.verdict = verdict


def channel_is_open(group: Group) -> None:
    """A mail server that is known to be away gets nothing filled in for it."""
    for kind, cases in group.by_channel().items():
        if verdict := channels.get(kind).closed():
            for case in cases:
                case.verdict = verdict
