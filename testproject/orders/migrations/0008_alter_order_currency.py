from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0007_default_currency"),
    ]

    operations = [
        migrations.AlterField(
            model_name="order",
            name="currency",
            field=models.CharField(default="EUR", max_length=3),
        ),
    ]
