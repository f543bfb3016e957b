"""Which of several messages to one person leaves first, and who is only compared with."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messages", "0005_untold")]

    operations = [
        migrations.AddField("message", "is_holdout", models.BooleanField(db_default=False, default=False)),
        migrations.AddField("message", "priority", models.SmallIntegerField(db_default=0, default=0)),
        migrations.AddIndex(
            "message",
            models.Index(
                condition=models.Q(status__in=["intended", "held"]), fields=["customer_id"], name="message_open"
            ),
        ),
    ]
