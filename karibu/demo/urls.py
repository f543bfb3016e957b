from django.urls import URLPattern, path

from karibu.demo import storefront

urlpatterns: list[URLPattern] = [
    path("cart/", storefront.way_back, name="storefront-way-back"),
    path("shop/", storefront.front, name="storefront"),
    path("shop/categories/<slug:slug>/", storefront.category, name="storefront-category"),
    path("shop/search/", storefront.search, name="storefront-search"),
    path("shop/products/<slug:product_id>/", storefront.product, name="storefront-product"),
    path("shop/worker.js", storefront.worker, name="storefront-worker"),
    path("shop/cart/", storefront.cart, name="storefront-cart"),
    path("shop/checkout/", storefront.checkout, name="storefront-checkout"),
    path("shop/thanks/", storefront.thanks, name="storefront-thanks"),
]
