"""All that speaks Label Studio; imported as embedkit.annotation."""
