from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0012_rename_is_active_product_is_published"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="product",
            index=models.Index(fields=["is_published", "-created_at"], name="catalog_product_window"),
        ),
    ]
