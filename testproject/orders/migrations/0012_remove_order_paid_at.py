from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0011_alter_order_number"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="order",
            name="paid_at",
        ),
    ]
