from django.db import migrations


def fill(apps, schema_editor):
    """Numbers the orders that were taken before orders had numbers: the year, then the key."""
    orders = apps.get_model("orders", "Order").objects.using(schema_editor.connection.alias)
    for order in orders.filter(number=None):
        order.number = f"{order.created_at:%Y}-{order.pk:06}"
        order.save(update_fields=["number"])


def empty(apps, schema_editor):
    orders = apps.get_model("orders", "Order").objects.using(schema_editor.connection.alias)
    orders.update(number=None)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0009_order_number"),
    ]

    operations = [
        migrations.RunPython(fill, empty),
    ]
