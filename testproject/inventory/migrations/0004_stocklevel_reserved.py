from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0003_rename_stockitem_stocklevel"),
    ]

    operations = [
        migrations.AddField(
            model_name="stocklevel",
            name="reserved",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
