"""Knows when Django's migrations and a database disagree, and names a proven way out."""

__version__ = "0.1.0"
