"""One message to many people, once: to whom, what, when; and what it earned."""
