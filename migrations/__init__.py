"""The catalogue's numbered SQL migrations; imported as embedkit.migrations."""
