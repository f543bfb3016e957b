"""Where people sign up: forms on the shop's pages, and landing pages of Karibu's own."""
