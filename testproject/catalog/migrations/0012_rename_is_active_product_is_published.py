from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0011_review"),
    ]

    operations = [
        migrations.RenameField(
            model_name="product",
            old_name="is_active",
            new_name="is_published",
        ),
    ]
