"""Nothing is ever looked for in what a message was filled with or went through, but ANALYZE, which comes in the middle of
every large send, counted it.
"""

from django.db import migrations

COLUMNS = ("context", "history")


def _statistics(target: int) -> str:
    return "ALTER TABLE messages_message " + ", ".join(f"ALTER COLUMN {name} SET STATISTICS {target}" for name in COLUMNS)


class Migration(migrations.Migration):
    dependencies = [("messages", "0015_how_likely_a_person")]
    operations = [migrations.RunSQL(_statistics(0), _statistics(-1))]
