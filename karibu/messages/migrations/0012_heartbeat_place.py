from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messages", "0011_heartbeat")]

    operations = [
        migrations.AddField(
            model_name="heartbeat",
            name="place",
            field=models.CharField(blank=True, db_default="", max_length=80),
        ),
    ]
