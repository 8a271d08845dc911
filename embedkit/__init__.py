"""embedkit sorts a marketplace's catalogue, says how sure it is, and sends what it doubts to people."""

__version__ = "0.1.0"
