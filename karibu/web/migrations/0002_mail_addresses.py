"""Where answers to mails go, and requests to be left alone that come by mail."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("web", "0001_initial")]

    operations = [
        migrations.AddField(
            "shop", "reply_to", models.EmailField(blank=True, default="", max_length=254, verbose_name="answers go to"), False
        ),
        migrations.AddField(
            "shop",
            "unsubscribe_email",
            models.EmailField(blank=True, default="", max_length=254, verbose_name="unsubscribe by mail"),
            False,
        ),
    ]
