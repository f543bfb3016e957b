from django.urls import URLPattern, path

from karibu.shop import coupon_views, views

urlpatterns: list[URLPattern] = [
    path("orders/", views.orders, name="orders"),
    path("orders/<int:number>/", views.order, name="order"),
    path("products/", views.products, name="products"),
    path("products/<int:number>/", views.product, name="product"),
    path("carts/", views.carts, name="carts"),
    path("coupons/", coupon_views.pools, name="coupons"),
    path("coupons/new/", coupon_views.new, name="coupons-new"),
    path("coupons/<int:pk>/", coupon_views.pool, name="coupon-pool"),
    path("coupons/<int:pk>/edit/", coupon_views.edit, name="coupon-pool-edit"),
    path("coupons/<int:pk>/codes/", coupon_views.fill, name="coupon-pool-fill"),
    path("settings/rates/", views.rates, name="rates"),
    path("settings/rates/<int:number>/remove/", views.rate_remove, name="rate-remove"),
]
