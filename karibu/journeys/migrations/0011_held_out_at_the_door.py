from django.db import migrations, models

STATUSES = [
    ("active", "Inside"),
    ("finished", "Finished"),
    ("left", "Left"),
    ("failed", "Set aside"),
    ("held", "Held out"),
]


class Migration(migrations.Migration):
    dependencies = [("journeys", "0010_stock_of_the_past")]

    operations = [
        migrations.AlterField("enrollment", "status", models.CharField(choices=STATUSES, default="active", max_length=10)),
        migrations.AlterField("rehearsed", "status", models.CharField(choices=STATUSES, max_length=10)),
    ]
