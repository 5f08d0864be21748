from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0002_payment_provider"),
    ]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="captured_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
