"""Each hand-over's point of no return is written down before it (see messages/handover.py)."""

from django.db import migrations, models

# What was being sent when the old version stopped may have left: it is in doubt, not back in the queue.
DOUBT = "UPDATE messages_message SET handed_over_at = claimed_at WHERE status = 'sending'"


class Migration(migrations.Migration):
    dependencies = [("messages", "0002_message_sent")]

    operations = [
        migrations.AddField("message", "claimed_by", models.IntegerField(null=True)),
        migrations.AddField("message", "handed_over_at", models.DateTimeField(null=True)),
        migrations.RunSQL(DOUBT, migrations.RunSQL.noop),
    ]
