from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0004_coupon_order_coupon"),
        ("orders", "0004_order_gift_note"),
    ]

    operations = []
