# ruff: noqa: E501 - the words of a language are one line
"""Words that spam filters and readers know from spam, in the languages that our shops write in."""

WORDS = tuple(
    word
    for words in (
        # English
        "100% free|act now|buy now!|cash bonus|click here|double your|earn money|extra income|free money|guaranteed"
        "|limited time only|lose weight|make money|miracle|no obligation|no risk|once in a lifetime|order now!|risk free"
        "|risk-free|this is not spam|urgent|winner|you have been selected|you won|congratulations!",
        # German
        "gratis!|garantiert|jetzt zugreifen|kein risiko|klicken sie hier|sie haben gewonnen|geld verdienen|dringend",
        # French
        "cliquez ici|gratuit!|gagnez de l'argent|sans risque|vous avez gagné|offre exceptionnelle|félicitations!",
        # Portuguese
        "clique aqui|ganhe dinheiro|grátis!|sem risco|você ganhou|parabéns!|dinheiro fácil|oferta imperdível",
        # Spanish
        "haga clic aquí|haz clic aquí|gana dinero|sin riesgo|has ganado|dinero fácil|¡gratis!",
        # Swahili
        "bonyeza hapa|pesa za bure|umeshinda|bure kabisa|haraka sana",
    )
    for word in words.split("|")
)
