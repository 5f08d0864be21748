from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0008_stocklevel_constraints"),
    ]

    operations = [
        migrations.AlterField(
            model_name="stockmovement",
            name="moved_at",
            field=models.DateTimeField(auto_now_add=True, db_index=True),
        ),
    ]
