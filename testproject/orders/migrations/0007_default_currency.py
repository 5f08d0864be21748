from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0006_order_currency"),
    ]

    operations = [
        migrations.RunSQL(
            sql="UPDATE orders_order SET currency = 'EUR' WHERE currency = ''",
            reverse_sql="UPDATE orders_order SET currency = '' WHERE currency = 'EUR'",
        ),
    ]
