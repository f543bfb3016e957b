"""Rules of each channel, with hours that are open instead of quiet ones. What the shop had set counts for mail."""

from django.db import migrations, models

CARRY = """
    INSERT INTO messages_channelrules (channel, gap_hours, most, most_days, hours, on_sundays, on_holidays, by_country)
    SELECT 'email', gap_hours, 0, 7,
        coalesce(to_char(quiet_until, 'HH24:MI') || '-' || to_char(quiet_from, 'HH24:MI'), ''), true, true, false
    FROM messages_rules WHERE id = 1"""


class Migration(migrations.Migration):
    dependencies = [("messages", "0006_priority_holdout")]

    operations = [
        migrations.CreateModel(
            name="ChannelRules",
            fields=[
                ("channel", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("gap_hours", models.SmallIntegerField(default=24)),
                ("most", models.SmallIntegerField(default=0)),
                ("most_days", models.SmallIntegerField(default=7)),
                ("hours", models.CharField(blank=True, max_length=100)),
                ("on_sundays", models.BooleanField(default=True)),
                ("on_holidays", models.BooleanField(default=True)),
                ("by_country", models.BooleanField(default=True)),
            ],
        ),
        migrations.RunSQL(CARRY, migrations.RunSQL.noop),
        migrations.RemoveField("rules", "quiet_from"),
        migrations.RemoveField("rules", "quiet_until"),
        migrations.AlterField("rules", "gap_hours", models.SmallIntegerField(default=0)),
        migrations.RunSQL("UPDATE messages_rules SET gap_hours = 0", migrations.RunSQL.noop),
        migrations.AddField("rules", "most", models.SmallIntegerField(default=0)),
        migrations.AddField("rules", "most_days", models.SmallIntegerField(default=7)),
        migrations.AddField("rules", "holdout_percent", models.FloatField(default=0)),
        migrations.AddField("rules", "holdout_draw", models.CharField(default="1", max_length=40)),
    ]
