from django.db import migrations


class Migration(migrations.Migration):
    """What looks after a restored backup stands in the messages now, because everything that sends asks it."""

    dependencies = [("campaigns", "0002_a_day_late"), ("messages", "0011_heartbeat")]

    operations = [migrations.DeleteModel("Heartbeat")]
