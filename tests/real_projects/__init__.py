"""Published projects from PyPI, migrated for real and put into sick states: ``pytest -m real_projects``."""
