from django.db import migrations

PLACE = "@users.invalid"


def fill(apps, schema_editor):
    """Gives every account without an email address one of its own, so that addresses can become unique."""
    users = apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    for user in users.filter(email=""):
        user.email = user.username + PLACE
        user.save(update_fields=["email"])


def empty(apps, schema_editor):
    users = apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    users.filter(email__endswith=PLACE).update(email="")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_user_phone_user_wants_newsletter"),
    ]

    operations = [
        migrations.RunPython(fill, empty),
    ]
