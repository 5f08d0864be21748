from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0007_alter_warehouse_code"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="stocklevel",
            constraint=models.UniqueConstraint(
                fields=("warehouse", "product"), name="inventory_level_per_product"
            ),
        ),
        migrations.AddConstraint(
            model_name="stocklevel",
            constraint=models.CheckConstraint(
                condition=models.Q(("reserved__lte", models.F("quantity"))),
                name="inventory_reserved_in_stock",
            ),
        ),
    ]
