"""Schemas of applications, as packages of Debian and PyPI have them."""

import gzip
import os
import pathlib
import subprocess
import sys

from .cache import cache, make_once, run_logged
from .server import Server

# Debian packages and the files in them that make a PostgreSQL database.
DEBIAN = {
    "zabbix": ("zabbix-server-pgsql", ["usr/share/zabbix-server-pgsql/schema.sql.gz",
        "usr/share/zabbix-server-pgsql/images.sql.gz", "usr/share/zabbix-server-pgsql/data.sql.gz"]),
    "roundcube": ("roundcube-core", ["usr/share/roundcube/SQL/postgres.initial.sql"]),
    "icinga2": ("icinga2-ido-pgsql", ["usr/share/icinga2-ido-pgsql/schema/pgsql.sql"]),
    "powerdns": ("pdns-backend-pgsql", ["usr/share/pdns-backend-pgsql/schema/schema.pgsql.sql"]),
}
# Django applications and their settings: every migration is run.
DJANGO = {
    "wagtail": (["wagtail==6.3.1"], ["wagtail.contrib.forms", "wagtail.contrib.redirects", "wagtail.embeds",
        "wagtail.sites", "wagtail.users", "wagtail.snippets", "wagtail.documents", "wagtail.images", "wagtail.search",
        "wagtail.admin", "wagtail", "modelcluster", "taggit"]),
    "django-oscar": (["django-oscar==3.2.5", "setuptools<80"], ["django.contrib.sites", "django.contrib.flatpages", "oscar.config.Shop",
        "oscar.apps.analytics.apps.AnalyticsConfig", "oscar.apps.checkout.apps.CheckoutConfig",
        "oscar.apps.address.apps.AddressConfig", "oscar.apps.shipping.apps.ShippingConfig",
        "oscar.apps.catalogue.apps.CatalogueConfig", "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
        "oscar.apps.communication.apps.CommunicationConfig", "oscar.apps.partner.apps.PartnerConfig",
        "oscar.apps.basket.apps.BasketConfig", "oscar.apps.payment.apps.PaymentConfig",
        "oscar.apps.offer.apps.OfferConfig", "oscar.apps.order.apps.OrderConfig",
        "oscar.apps.customer.apps.CustomerConfig", "oscar.apps.search.apps.SearchConfig",
        "oscar.apps.voucher.apps.VoucherConfig", "oscar.apps.wishlists.apps.WishlistsConfig"]),
}
MIGRATE = """
import sys, django
from django.conf import settings
engine, name, host, applications = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4].split(",")
settings.configure(
    SECRET_KEY="x", USE_TZ=True, LANGUAGE_CODE="vi", SITE_ID=1, DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    WAGTAIL_SITE_NAME="x", WAGTAILADMIN_BASE_URL="http://localhost", HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
    DATABASES={"default": {"ENGINE": f"django.db.backends.{engine}", "NAME": name, "HOST": host, "USER": "postgres"}},
    INSTALLED_APPS=["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
                    "django.contrib.messages", *applications],
)
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth import get_user_model
for number in range(200):
    get_user_model().objects.create_user(f"người {number}", f"u{number}@example.vn", "mật khẩu")
"""


def from_debian(name: str, server: Server, database: str) -> None:
    """The database of a Debian package, which is fetched and not installed."""
    package, files = DEBIAN[name]
    folder = make_once(f"package-{package}", lambda folder: unpack(package, folder))
    server.fresh(database)
    for file in files:
        content = (folder / "files" / file).read_bytes()
        plain = server.short / "part.sql"
        plain.write_bytes(gzip.decompress(content) if file.endswith(".gz") else content)
        server.file(database, plain)


def unpack(package: str, folder: pathlib.Path) -> None:
    folder.mkdir()
    log = cache() / f"{package}.log"
    run_logged(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package], log, cwd=folder)
    (archive,) = folder.glob("*.deb")
    run_logged(["dpkg", "-x", archive, folder / "files"], log)


def migrate(name: str, engine: str, database: str, host: str) -> None:
    """Runs every migration of a Django application on a database of this engine, and makes some users."""
    packages, applications = DJANGO[name]
    python = environment(name, packages) / "bin/python"
    run_logged(
        [python, "-c", MIGRATE, engine, database, host, ",".join(applications)],
        cache() / f"{name}.log",
        env={"PATH": os.environ["PATH"], "HOME": "/tmp"},
        cwd="/tmp",
    )


def environment(name: str, packages: list) -> pathlib.Path:
    """A Python environment with an application, below its final name: such a folder cannot be moved."""
    folder = cache() / f"django-{name}"
    if not (folder / "whole").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages, "psycopg[binary]"], check=True)
        (folder / "whole").touch()
    return folder
