"""How long the guard takes beside what it replaces, as ratios in one run: ``python -m tests.benchmarks``."""
