from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("consents", "0006_retention")]

    operations = [
        migrations.AddField(
            model_name="erasure",
            name="keeps_numbers",
            field=models.BooleanField(default=False, db_default=False),
        ),
        migrations.AddField(
            model_name="erasure",
            name="shut",
            field=models.JSONField(default=list, db_default=[]),
        ),
    ]
