"""Sphinx: Markdown in, a searchable site without assets from elsewhere out."""

project = "django-migration-guard"
author = "The django-migration-guard developers"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "django-migration-guard"
nitpicky = True
