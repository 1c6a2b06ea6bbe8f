"""Model providers: one file each, found by the name in the settings."""
