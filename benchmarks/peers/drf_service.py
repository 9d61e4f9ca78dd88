"""Django REST framework with its JSON:API package, as documented: gunicorn drf_service:application."""

import os
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import models

parts = urlsplit(os.environ["PEER_DATABASE_URL"])
host = parse_qs(parts.query).get("host", [parts.hostname])[0]
settings.configure(
    SECRET_KEY="benchmarks",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=["django.contrib.contenttypes", "rest_framework", "rest_framework_json_api"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path[1:],
            "USER": parts.username,
            "PASSWORD": parts.password or "",
            "HOST": host,
            "PORT": parts.port or "",
            "CONN_MAX_AGE": None,
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_RENDERER_CLASSES": ["rest_framework_json_api.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework_json_api.parsers.JSONParser"],
        "DEFAULT_METADATA_CLASS": "rest_framework_json_api.metadata.JSONAPIMetadata",
    },
)
django.setup()

from rest_framework.pagination import CursorPagination  # noqa: E402 - after the settings
from rest_framework.routers import SimpleRouter  # noqa: E402
from rest_framework_json_api import serializers  # noqa: E402
from rest_framework_json_api.views import ReadOnlyModelViewSet  # noqa: E402

CARRIER = "01900000-0000-7000-8000-000000000001"


class Account(models.Model):
    id = models.UUIDField(primary_key=True)

    class Meta:
        app_label, db_table, managed = "bench", "account", False


class PhoneCall(models.Model):
    id = models.UUIDField(primary_key=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    carrier_id = models.UUIDField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    to = models.TextField()
    from_number = models.TextField(db_column="from_")
    direction = models.TextField()
    status = models.TextField()
    duration = models.IntegerField(null=True)
    price = models.DecimalField(null=True, max_digits=18, decimal_places=5)
    price_unit = models.TextField(null=True)

    class Meta:
        app_label, db_table, managed = "bench", "phone_call", False


class Pages(CursorPagination):
    ordering, page_size, max_page_size, page_size_query_param = "-id", 10, 100, "page[size]"

    def get_paginated_response(self, data: Any) -> Any:
        response = super().get_paginated_response(data)
        response.data = {
            "results": data,
            "links": {"next": self.get_next_link(), "prev": self.get_previous_link()},
        }
        return response


class PhoneCallSerializer(serializers.ModelSerializer):
    class Meta:
        model = PhoneCall
        fields: ClassVar = [
            "created_at",
            "updated_at",
            "to",
            "from_number",
            "price_unit",
            "duration",
            "direction",
            "status",
            "price",
            "account",
        ]


class PhoneCalls(ReadOnlyModelViewSet):
    queryset = PhoneCall.objects.filter(carrier_id=CARRIER)
    serializer_class = PhoneCallSerializer
    pagination_class = Pages


router = SimpleRouter(trailing_slash=False)
router.register("carrier/v1/phone_calls", PhoneCalls)
urlpatterns = router.urls
application = get_wsgi_application()
