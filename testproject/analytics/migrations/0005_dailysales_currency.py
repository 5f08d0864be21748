from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0004_pageview_analytics_pageview_path"),
    ]

    operations = [
        migrations.AddField(
            model_name="dailysales",
            name="currency",
            field=models.CharField(default="EUR", max_length=3),
        ),
        migrations.AlterField(
            model_name="dailysales",
            name="day",
            field=models.DateField(),
        ),
        migrations.AddConstraint(
            model_name="dailysales",
            constraint=models.UniqueConstraint(fields=("day", "currency"), name="analytics_sales_per_day"),
        ),
    ]
