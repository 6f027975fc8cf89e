"""Runs in an application's own Python: every migration on a database, and some users.

python django_migrate.py ENGINE NAME HOST APPLICATION..."""

import importlib
import sys

import django
from django.conf import settings
from django.core.management import call_command

engine, name, host, *applications = sys.argv[1:]
settings.configure(
    SECRET_KEY="of no use", USE_TZ=True, LANGUAGE_CODE="vi", SITE_ID=1, STATIC_URL="/static/",
    WAGTAIL_SITE_NAME="Trạm", WAGTAILADMIN_BASE_URL="http://localhost",
    HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
    DATABASES={"default": {"ENGINE": f"django.db.backends.{engine}", "NAME": name, "HOST": host, "USER": "postgres"}},
    INSTALLED_APPS=[
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
        "django.contrib.messages", "django.contrib.staticfiles", *applications,
    ],
)
django.setup()
call_command("migrate", verbosity=0)

User = importlib.import_module("django.contrib.auth").get_user_model()
for number in range(200):
    # Without a password: hashing each would take a second.
    User.objects.create_user(f"người {number}", f"u{number}@example.vn")
