"""Where people clicked and who receives their mail: a campaign's links and domains. Machines are counted apart."""

from typing import Any

from django.db import connection

from karibu.campaigns.models import Campaign

MOST = 50  # links, or domains, of one report

_MINE = """(SELECT id, link_set_id FROM messages_message WHERE sender = %(sender)s AND sent_at IS NOT NULL
    AND (%(letter)s = '' OR step = %(letter)s)) AS m"""
_LINKS = f"""
    WITH clicks AS MATERIALIZED (
        SELECT v.message_id, v.position, v.is_machine, m.link_set_id
        FROM {_MINE} JOIN messages_visit v ON v.message_id = m.id WHERE v.kind = 'clicked')
    SELECT split_part(coalesce(s.urls ->> c.position, l.url), '?', 1), count(*) FILTER (WHERE NOT c.is_machine),
        count(DISTINCT c.message_id) FILTER (WHERE NOT c.is_machine), count(*) FILTER (WHERE c.is_machine)
    FROM clicks c LEFT JOIN messages_linkset s ON s.id = c.link_set_id
        LEFT JOIN messages_link l ON l.message_id = c.message_id AND l.position = c.position
    WHERE coalesce(s.urls ->> c.position, l.url) IS NOT NULL
    GROUP BY 1 ORDER BY 3 DESC, 2 DESC, 1 LIMIT %(most)s"""  # noqa: S608
_MACHINES = f"""
    SELECT count(DISTINCT m.id) FILTER (WHERE v.kind = 'opened'), count(DISTINCT m.id) FILTER (WHERE v.kind = 'clicked')
    FROM {_MINE} JOIN messages_visit v ON v.message_id = m.id WHERE v.is_machine"""  # noqa: S608
_DOMAINS = """
    SELECT lower(split_part(address, '@', 2)), count(*), count(bounced_at),
        count(*) FILTER (WHERE opened_at IS NOT NULL OR clicked_at IS NOT NULL),
        count(*) FILTER (WHERE clicked_at IS NOT NULL)
    FROM messages_message WHERE sender = %(sender)s AND sent_at IS NOT NULL AND address <> ''
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s"""


def clicked(campaign: Campaign, letter: str = "") -> list[dict[str, Any]]:
    """Each link with its clicks, by how many people followed it. What stands behind `?` is one person's: left out.

    With a `letter`: in the mails of that template alone.
    """
    names = ("url", "clicks", "people", "machines")
    return [dict(zip(names, row, strict=True)) for row in _rows(_LINKS, campaign, letter)]


def machines(campaign: Campaign) -> dict[str, int]:
    """How many messages machines opened, or clicked in: scanners, prefetching, security appliances."""
    [(opened, followed)] = _rows(_MACHINES, campaign)
    return {"opened": opened, "clicked": followed}


def domains(campaign: Campaign) -> list[dict[str, Any]]:
    """By who receives the mail, the biggest first."""
    names = ("domain", "sent", "bounced", "opened", "clicked")
    return [dict(zip(names, row, strict=True)) for row in _rows(_DOMAINS, campaign)]


def _rows(query: str, campaign: Campaign, letter: str = "") -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"sender": campaign.sender, "most": MOST, "letter": letter})
        return list(cursor.fetchall())
