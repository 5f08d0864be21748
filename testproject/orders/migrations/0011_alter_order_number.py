from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0010_fill_order_numbers"),
    ]

    operations = [
        migrations.AlterField(
            model_name="order",
            name="number",
            field=models.CharField(max_length=20, unique=True),
        ),
    ]
