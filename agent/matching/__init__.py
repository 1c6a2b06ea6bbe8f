"""Which registered function does what was asked, if any does."""
