from decimal import Decimal

from django.db import migrations


def to_decimal(apps, schema_editor):
    products = apps.get_model("catalog", "Product").objects.using(schema_editor.connection.alias)
    for product in products.all():
        product.price = Decimal(product.price_cents) / 100
        product.save(update_fields=["price"])


def to_cents(apps, schema_editor):
    products = apps.get_model("catalog", "Product").objects.using(schema_editor.connection.alias)
    for product in products.exclude(price=None):
        product.price_cents = int(product.price * 100)
        product.save(update_fields=["price_cents"])


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0008_product_price"),
    ]

    operations = [
        migrations.RunPython(to_decimal, to_cents),
    ]
