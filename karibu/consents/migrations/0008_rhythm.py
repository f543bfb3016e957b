from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("consents", "0007_made_anonymous")]

    operations = [
        migrations.CreateModel(
            name="Rhythm",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("customer_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("days", models.SmallIntegerField()),
            ],
            options={"indexes": [models.Index(fields=["customer_id", "-id"], name="rhythm_customer")]},
        ),
    ]
