from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0005_refund"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                fields=("provider", "reference"), name="payments_reference_once"
            ),
        ),
    ]
