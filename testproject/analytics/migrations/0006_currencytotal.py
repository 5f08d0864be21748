from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0005_dailysales_currency"),
    ]

    operations = [
        migrations.RunSQL(
            sql="""
                CREATE VIEW analytics_currencytotal AS
                SELECT currency, SUM(orders) AS orders, SUM(revenue) AS revenue
                FROM analytics_dailysales
                GROUP BY currency
            """,
            reverse_sql="DROP VIEW analytics_currencytotal",
        ),
        migrations.CreateModel(
            name="CurrencyTotal",
            fields=[
                ("currency", models.CharField(max_length=3, primary_key=True, serialize=False)),
                ("orders", models.PositiveIntegerField()),
                ("revenue", models.DecimalField(decimal_places=2, max_digits=12)),
            ],
            options={
                "db_table": "analytics_currencytotal",
                "managed": False,
            },
        ),
    ]
