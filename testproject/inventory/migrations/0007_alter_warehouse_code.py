from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0006_fill_warehouse_codes"),
    ]

    operations = [
        migrations.AlterField(
            model_name="warehouse",
            name="code",
            field=models.CharField(max_length=12, unique=True),
        ),
    ]
