"""The only code that writes, always from a plan that was shown."""
