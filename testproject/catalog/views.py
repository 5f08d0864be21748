"""The shop window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import JsonResponse

from .models import Product

if TYPE_CHECKING:
    from django.http import HttpRequest


def products(_request: HttpRequest) -> JsonResponse:
    """The published products, newest first, at most 50."""
    window = Product.objects.filter(is_published=True).order_by("-created_at", "-pk")[:50]
    return JsonResponse({"products": list(window.values("slug", "name", "price"))})
