"""A small shop with a grown history: the project that django-migration-guard is shown and tested on."""
