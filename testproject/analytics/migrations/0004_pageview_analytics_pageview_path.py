from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0003_searchterm_pageview_referrer"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="pageview",
            index=models.Index(fields=["path", "seen_at"], name="analytics_pageview_path"),
        ),
    ]
