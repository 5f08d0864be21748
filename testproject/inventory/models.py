"""What lies where."""

from django.db import models


class Warehouse(models.Model):
    """A building with shelves."""

    name = models.CharField(max_length=100)
    code = models.CharField(max_length=12, unique=True)

    def __str__(self) -> str:
        return self.name


class StockLevel(models.Model):
    """How much of a product a warehouse holds, and how much of that is promised to customers."""

    warehouse = models.ForeignKey(Warehouse, on_delete=models.CASCADE, related_name="levels")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="levels")
    quantity = models.PositiveIntegerField(default=0)
    reserved = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("warehouse", "product"), name="inventory_level_per_product"),
            models.CheckConstraint(
                condition=models.Q(reserved__lte=models.F("quantity")), name="inventory_reserved_in_stock"
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity} ({self.reserved} reserved)"


class StockMovement(models.Model):
    """One delivery to a shelf, or one picking from it."""

    level = models.ForeignKey(StockLevel, on_delete=models.CASCADE, related_name="movements")
    change = models.IntegerField()
    reason = models.CharField(max_length=100, blank=True, default="")
    moved_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.change:+}"
