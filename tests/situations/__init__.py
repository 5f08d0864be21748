"""Ways into every state of migrations, and into the nearest states that have not its finding."""

from . import files, history, nested, rows, settings, squashes  # noqa: F401 - each registers its situations
from .registry import SITUATIONS, Expected, Situation

__all__ = ["SITUATIONS", "Expected", "Situation"]
