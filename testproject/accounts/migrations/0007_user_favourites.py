from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0004_tag_product_tags"),
        ("accounts", "0006_address_constraints"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="favourites",
            field=models.ManyToManyField(blank=True, related_name="favoured_by", to="catalog.product"),
        ),
    ]
