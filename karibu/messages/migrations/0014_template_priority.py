from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messages", "0013_link_sets")]

    operations = [
        migrations.AddField(
            model_name="template",
            name="priority",
            field=models.SmallIntegerField(
                choices=[
                    (10, "It goes first"),
                    (0, "As usual: the oldest first"),
                    (-10, "It can wait for all others"),
                ],
                db_default=0,
                default=0,
            ),
        ),
    ]
