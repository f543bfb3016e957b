from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('consents', '0002_erasure'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='consent',
            index=models.Index(condition=models.Q(('import_id__isnull', False)), fields=['import_id'], name='consent_import'),
        ),
    ]
