"""Whether a visit came without what every browser sends."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messages", "0003_handover")]

    operations = [migrations.AddField("visit", "is_bare", models.BooleanField(default=False))]
