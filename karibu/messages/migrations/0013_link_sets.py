import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messages", "0012_heartbeat_place")]

    operations = [
        migrations.CreateModel(
            name="LinkSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=40, unique=True)),
                ("urls", models.JSONField()),
            ],
        ),
        migrations.AddField(
            model_name="message",
            name="link_set",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="messages.linkset",
            ),
        ),
    ]
