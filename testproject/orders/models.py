"""What customers have ordered."""

from django.conf import settings
from django.db import models


class Coupon(models.Model):
    """A rebate in percent, for whoever knows the code."""

    code = models.CharField(max_length=20, unique=True)
    percent = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return self.code


class Order(models.Model):
    """A basket that was bought."""

    class Status(models.TextChoices):
        """How far an order has come."""

        OPEN = "open", "open"
        PAID = "paid", "paid"
        SENT = "sent", "sent"
        CANCELLED = "cancelled", "cancelled"

    number = models.CharField(max_length=20, unique=True)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    coupon = models.ForeignKey(
        Coupon, null=True, blank=True, on_delete=models.SET_NULL, related_name="orders"
    )
    gift_note = models.TextField(blank=True, default="")
    currency = models.CharField(max_length=3, default="EUR")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (models.Index(fields=("status", "created_at"), name="orders_order_queue"),)

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """A product in an order, at the price of that day."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="order_lines")
    quantity = models.PositiveIntegerField(default=1)
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("order", "product"), name="orders_line_per_product"),
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="orders_line_quantity"),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.unit_price}"
