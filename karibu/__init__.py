"""Karibu: the customer system that online shops run themselves."""
