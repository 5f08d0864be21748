"""A URL configuration without a URL: the proofs ask commands only."""

from __future__ import annotations

urlpatterns: list[object] = []
