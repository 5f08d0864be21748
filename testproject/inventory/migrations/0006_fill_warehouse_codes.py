from django.db import migrations


def fill(apps, schema_editor):
    warehouses = apps.get_model("inventory", "Warehouse").objects.using(schema_editor.connection.alias)
    for warehouse in warehouses.filter(code=None):
        warehouse.code = f"W{warehouse.pk:04}"
        warehouse.save(update_fields=["code"])


def empty(apps, schema_editor):
    warehouses = apps.get_model("inventory", "Warehouse").objects.using(schema_editor.connection.alias)
    warehouses.update(code=None)


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0005_warehouse_code"),
    ]

    operations = [
        migrations.RunPython(fill, empty),
    ]
