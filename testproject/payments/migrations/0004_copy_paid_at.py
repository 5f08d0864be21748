from django.db import migrations


def from_orders(apps, schema_editor):
    payments = apps.get_model("payments", "Payment").objects.using(schema_editor.connection.alias)
    for payment in payments.filter(captured_at=None).exclude(order__paid_at=None).select_related("order"):
        payment.captured_at = payment.order.paid_at
        payment.save(update_fields=["captured_at"])


def to_orders(apps, schema_editor):
    payments = apps.get_model("payments", "Payment").objects.using(schema_editor.connection.alias)
    for payment in payments.exclude(captured_at=None).select_related("order").order_by("captured_at"):
        payment.order.paid_at = payment.captured_at
        payment.order.save(update_fields=["paid_at"])


class Migration(migrations.Migration):
    # the orders forget paid_at there
    run_before = [
        ("orders", "0012_remove_order_paid_at"),
    ]

    dependencies = [
        ("orders", "0003_order_status"),
        ("payments", "0003_payment_captured_at"),
    ]

    operations = [
        migrations.RunPython(from_orders, to_orders),
    ]
