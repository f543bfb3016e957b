from django.urls import URLPattern, path

from karibu.shop import views

urlpatterns: list[URLPattern] = [
    path("orders/", views.orders, name="orders"),
    path("orders/<int:number>/", views.order, name="order"),
    path("products/", views.products, name="products"),
    path("products/<int:number>/", views.product, name="product"),
    path("carts/", views.carts, name="carts"),
    path("settings/rates/", views.rates, name="rates"),
    path("settings/rates/<int:number>/remove/", views.rate_remove, name="rate-remove"),
]
