from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0013_orderline_constraints"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["status", "created_at"], name="orders_order_queue"),
        ),
    ]
