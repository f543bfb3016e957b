"""The looks that all templates of a shop share."""

from dataclasses import dataclass

SYSTEM_FONT = "-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
FONTS = {
    "system": SYSTEM_FONT,
    "serif": "Georgia, 'Times New Roman', serif",
    "mono": "'SF Mono', Menlo, Consolas, monospace",
    "verdana": "Verdana, Geneva, sans-serif",
    "trebuchet": "'Trebuchet MS', Helvetica, sans-serif",
}
SHAPES = {"square": "0", "rounded": "8px", "round": "999px"}
NETWORKS = {
    "facebook": "Facebook",
    "instagram": "Instagram",
    "x": "X",
    "youtube": "YouTube",
    "tiktok": "TikTok",
    "pinterest": "Pinterest",
    "linkedin": "LinkedIn",
    "whatsapp": "WhatsApp",
}


@dataclass(frozen=True)
class Look:
    """Colours as #rrggbb; `links` are (network, address)."""

    logo_url: str = ""
    logo_width: int = 140
    accent: str = "#b4532f"
    page: str = "#f6f1ec"
    sheet: str = "#ffffff"
    ink: str = "#2b2622"
    quiet: str = "#7a6f66"
    font: str = SYSTEM_FONT
    radius: str = "8px"
    links: tuple[tuple[str, str], ...] = ()

    @property
    def on_accent(self) -> str:
        """Black or white, whichever can be read on the accent (WCAG 2.2, 1.4.3)."""
        return "#ffffff" if contrast("#ffffff", self.accent) >= contrast("#000000", self.accent) else "#000000"


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
