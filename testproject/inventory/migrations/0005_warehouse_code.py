from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0004_stocklevel_reserved"),
    ]

    operations = [
        migrations.AddField(
            model_name="warehouse",
            name="code",
            field=models.CharField(max_length=12, null=True),
        ),
    ]
