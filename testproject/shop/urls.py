"""The shop's addresses."""

from catalog.views import products
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", products, name="products"),
    path("admin/", admin.site.urls),
    path("health/", include("django_migration_guard.urls")),
]
