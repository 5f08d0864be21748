from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0012_remove_order_paid_at"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.UniqueConstraint(fields=("order", "product"), name="orders_line_per_product"),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gte", 1)), name="orders_line_quantity"
            ),
        ),
    ]
