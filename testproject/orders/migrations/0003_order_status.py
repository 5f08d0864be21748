from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0002_orderline"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="status",
            field=models.CharField(
                choices=[("open", "open"), ("paid", "paid"), ("sent", "sent"), ("cancelled", "cancelled")],
                default="open",
                max_length=10,
            ),
        ),
    ]
