from django.db import migrations
from django.utils.text import slugify


def fill(apps, schema_editor):
    """Names every product after itself and its article number, which is unique."""
    products = apps.get_model("catalog", "Product").objects.using(schema_editor.connection.alias)
    for product in products.filter(slug=None):
        product.slug = slugify(f"{product.name} {product.sku}")[:200]
        product.save(update_fields=["slug"])


def empty(apps, schema_editor):
    products = apps.get_model("catalog", "Product").objects.using(schema_editor.connection.alias)
    products.update(slug=None)


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0005_product_slug"),
    ]

    operations = [
        migrations.RunPython(fill, empty),
    ]
