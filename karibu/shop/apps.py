from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ShopConfig(AppConfig):
    name = "karibu.shop"
    label = "shop"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.customers import merging, panels
        from karibu.shop import shown
        from karibu.shop.rates import choose_currency
        from karibu.shop.worth import keep_worth
        from karibu.web import search, setting

        merging.register("shop_cart", "customer_id")
        merging.register("shop_order", "customer_id")
        merging.register("shop_coupon", "customer_id")
        merging.after(keep_worth)
        panels.register(panels.Panel("carts", "shop/_panel_carts.html", shown.carts_panel, order=20))
        panels.register(panels.Panel("orders", "shop/_panel_orders.html", shown.orders_panel, order=30))
        search.register(shown.find)
        setting.follow_currency(choose_currency)
        setting.register(
            setting.Setting(
                _("Exchange rates"), _("What orders in other currencies are worth."), "/settings/rates/", "revenue",
                order=40,
            )
        )  # fmt: skip
