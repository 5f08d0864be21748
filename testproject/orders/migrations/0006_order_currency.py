from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0005_merge_20240611_0914"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="currency",
            field=models.CharField(blank=True, default="", max_length=3),
        ),
    ]
