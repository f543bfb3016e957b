from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="campaign",
            name="late_hours",
            field=models.SmallIntegerField(default=24),
        ),
    ]
