"""What a post says: plain text, of a length that the service takes."""

LENGTHS = {"mastodon": 500, "apprise": 280}  # letters that every server of the kind takes


def fits(provider: str, text: str) -> bool:
    return 0 < len(text.strip()) <= LENGTHS[provider]
