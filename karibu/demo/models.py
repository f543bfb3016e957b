"""That the sample shop is open here, and how far its year of history is."""

from django.db import models


class SampleShop(models.Model):
    """One row (id 1), made when the sample shop is opened. `truth` is what its history says about itself."""

    opened_at = models.DateTimeField()
    history_at = models.DateTimeField(null=True)  # when the whole history stood in the inbox
    truth = models.JSONField(default=dict)
