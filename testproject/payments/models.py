"""Money that came in and went back."""

from django.db import models


class Payment(models.Model):
    """One attempt to pay an order."""

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="payments")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    provider = models.CharField(max_length=20, default="bank")
    reference = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    captured_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(fields=("provider", "reference"), name="payments_reference_once"),
        )

    def __str__(self) -> str:
        return f"{self.amount} by {self.provider}"


class Refund(models.Model):
    """A part of a payment that was given back."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    reason = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payments_refund_positive"),
        )

    def __str__(self) -> str:
        return f"{self.amount} back"
