"""The warehouses for the staff."""

from django.contrib import admin

from .models import StockLevel, StockMovement, Warehouse

admin.site.register([StockLevel, StockMovement, Warehouse])
