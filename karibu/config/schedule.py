"""Every schedule, in one place: what runs when (cron, UTC). Jobs are defined in the apps' `jobs.py`.

A scheduled job takes one argument, `timestamp` (Unix seconds of its slot); each slot runs once, however many workers.
"""

SCHEDULE: list[tuple[str, str]] = [  # (cron, dotted path of the task)
    ("7 3 * * *", "karibu.collect.jobs.forget_messages"),
    ("27 3 * * *", "karibu.web.jobs.forget_sessions"),
    ("47 3 * * *", "karibu.messages.jobs.forget_programs"),
    ("17 * * * *", "karibu.messages.jobs.reckon_recommendations"),
    ("37 3 * * *", "karibu.collect.jobs.let_go_of_rejected"),
    ("57 3 * * *", "karibu.imports.jobs.forget_uploads"),
    ("*/5 * * * *", "karibu.messages.channels.email.jobs.read_bounces"),
    ("7 4 * * *", "karibu.messages.channels.email.jobs.forget_reports"),
    ("* * * * *", "karibu.segments.jobs.reckon_rfm"),
    ("*/10 * * * *", "karibu.journeys.jobs.choose_winners"),
    ("31 4 * * *", "karibu.journeys.jobs.forget_stock"),
    ("17 3 * * *", "karibu.messages.channels.jobs.forget_deliveries"),
    ("41 * * * *", "karibu.messages.channels.jobs.sync_templates"),
    ("*/5 * * * *", "karibu.events.jobs.compact"),
    ("17 4 * * *", "karibu.consents.jobs.apply_retention"),
    ("*/5 * * * *", "karibu.consents.jobs.finish_erasures"),
]
