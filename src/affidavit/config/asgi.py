"""The ASGI application that `affidavit serve` runs."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "affidavit.config.settings")
_django = get_asgi_application()  # first: what follows reads the settings

from affidavit.api.limits import BodyLimit  # noqa: E402
from affidavit.config.threads import StayingThreads  # noqa: E402

application = BodyLimit(StayingThreads(_django))
