"""Numbers about the shop, in a database of their own: nothing here points at the other apps' tables."""

from django.db import models


class PageView(models.Model):
    """One page, seen by one visitor."""

    visitor = models.UUIDField()
    path = models.CharField(max_length=255)
    referrer = models.CharField(max_length=255, blank=True, default="")
    seen_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("path", "seen_at"), name="analytics_pageview_path"),)

    def __str__(self) -> str:
        return self.path


class SearchTerm(models.Model):
    """What visitors typed into the search box, and how often."""

    term = models.CharField(max_length=100, unique=True)
    count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.term


class DailySales(models.Model):
    """The takings of one day in one currency."""

    day = models.DateField()
    currency = models.CharField(max_length=3, default="EUR")
    orders = models.PositiveIntegerField(default=0)
    revenue = models.DecimalField(max_digits=12, decimal_places=2, default=0)

    class Meta:
        verbose_name_plural = "daily sales"
        constraints = (models.UniqueConstraint(fields=("day", "currency"), name="analytics_sales_per_day"),)

    def __str__(self) -> str:
        return f"{self.day}: {self.revenue} {self.currency}"


class CurrencyTotal(models.Model):
    """The takings of all days; a view that the migration 0006 creates."""

    currency = models.CharField(max_length=3, primary_key=True)
    orders = models.PositiveIntegerField()
    revenue = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        managed = False
        db_table = "analytics_currencytotal"

    def __str__(self) -> str:
        return f"{self.revenue} {self.currency}"
