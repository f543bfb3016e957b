"""Messages that have left and whose event is not in the log yet. Those that left before are told, too."""

from django.db import migrations, models

EARLIER = "INSERT INTO messages_untold (message_id) SELECT id FROM messages_message WHERE sent_at IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("messages", "0004_visit_is_bare")]

    operations = [
        migrations.CreateModel(
            name="Untold",
            fields=[("message_id", models.BigIntegerField(primary_key=True, serialize=False))],
        ),
        migrations.RunSQL(EARLIER, migrations.RunSQL.noop),
    ]
