from django.db import migrations


class Migration(migrations.Migration):
    """Nobody could fill it in; where a cart is picked up again, its events say."""

    dependencies = [("shop", "0002_coupons")]

    operations = [migrations.DeleteModel("Storefront")]
