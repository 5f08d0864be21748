from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0002_stockmovement"),
    ]

    operations = [
        migrations.RenameModel(
            old_name="StockItem",
            new_name="StockLevel",
        ),
        migrations.RenameField(
            model_name="stockmovement",
            old_name="item",
            new_name="level",
        ),
    ]
