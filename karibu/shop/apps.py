from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "karibu.shop"
    label = "shop"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.customers import merging
        from karibu.shop.worth import keep_worth

        merging.register("shop_cart", "customer_id")
        merging.register("shop_order", "customer_id")
        merging.after(keep_worth)
