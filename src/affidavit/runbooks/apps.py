from django.apps import AppConfig


class RunbooksConfig(AppConfig):
    name = "affidavit.runbooks"
    label = "runbooks"
    default_auto_field = "django.db.models.BigAutoField"
