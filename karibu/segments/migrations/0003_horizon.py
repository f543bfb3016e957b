"""Until when it is known whose membership changes by time alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("segments", "0002_triggers")]

    operations = [
        migrations.CreateModel(
            name="Horizon",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
            ],
        ),
    ]
