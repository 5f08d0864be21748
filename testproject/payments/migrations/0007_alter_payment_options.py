from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0006_payment_payments_reference_once"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="payment",
            options={"ordering": ("-created_at",)},
        ),
    ]
