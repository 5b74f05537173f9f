"""The ASGI application that `affidavit serve` runs."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "affidavit.config.settings")
application = get_asgi_application()
