"""The catalogue for the staff."""

from django.contrib import admin

from .models import Category, Collection, Product, Review, Tag

admin.site.register([Category, Collection, Product, Review, Tag])
