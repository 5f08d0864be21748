"""The payments for the staff."""

from django.contrib import admin

from .models import Payment, Refund

admin.site.register([Payment, Refund])
