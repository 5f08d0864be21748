"""Schemas: the live one, the one that migrations promise, and the difference."""
