"""The orders for the staff."""

from django.contrib import admin

from .models import Coupon, Order, OrderLine

admin.site.register([Coupon, Order, OrderLine])
