"""What `kowal serve` does: parts started, watched, started again, and ended together."""
