"""The numbers for the staff."""

from django.contrib import admin

from .models import DailySales, SearchTerm

admin.site.register([DailySales, SearchTerm])
