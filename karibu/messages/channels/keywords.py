"""STOP, START and HELP, as people write them, and what we answer. One whole word is meant; a sentence is not.

What carriers ask for: CTIA Messaging Principles 5.1.2; 47 CFR 64.1200(a)(10): a person may stop by any such word, and
may be answered once.
"""

import unicodedata
from dataclasses import dataclass

STOP, START, HELP = "stop", "start", "help"

# By language: the words of each kind, in the form of _plain(). The first language that has a word answers in it.
WORDS: dict[str, dict[str, str]] = {
    "en": {
        STOP: "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT REMOVE",
        START: "START UNSTOP SUBSCRIBE OPTIN",
        HELP: "HELP INFO",
    },
    "sw": {STOP: "ACHA SIMAMISHA JITOE KOMESHA", START: "ANZA JIUNGE", HELP: "MSAADA"},
    "rw": {STOP: "HAGARIKA REKA", START: "TANGIRA", HELP: "UBUFASHA"},
    "xh": {STOP: "YEKA MISA", START: "QALA", HELP: "UNCEDO NCEDA"},
    "pt": {STOP: "PARAR PARE SAIR CANCELAR", START: "COMECAR VOLTAR INICIAR", HELP: "AJUDA"},
    "es": {STOP: "BAJA ALTO", START: "ALTA", HELP: "AYUDA"},
    "fr": {STOP: "ARRET ARRETER DESABONNER", START: "REPRENDRE DEBUT", HELP: "AIDE"},
    "de": {STOP: "STOPP ABMELDEN", START: "ANMELDEN", HELP: "HILFE"},
}
ANSWERS: dict[str, dict[str, str]] = {
    "en": {
        STOP: "{shop}: you are unsubscribed and will get no more messages here. Reply START to come back.",
        START: "{shop}: welcome back. Reply STOP to unsubscribe, HELP for help.",
        HELP: "{shop}: messages about your orders and offers. Help: {contact}. Reply STOP to unsubscribe.",
    },
    "sw": {
        STOP: "{shop}: umejitoa, hutapokea ujumbe mwingine hapa. Jibu ANZA ili kurudi.",
        START: "{shop}: karibu tena. Jibu ACHA kujitoa, MSAADA kwa msaada.",
        HELP: "{shop}: ujumbe wa oda na ofa zako. Msaada: {contact}. Jibu ACHA kujitoa.",
    },
    "rw": {
        STOP: "{shop}: mwavuyemo, nta butumwa bundi muzabona hano. Subiza TANGIRA kugira ngo mugaruke.",
        START: "{shop}: murakaza neza. Subiza HAGARIKA kugira ngo muvemo.",
        HELP: "{shop}: ubutumwa bw'ibyo mwaguze. Ubufasha: {contact}. Subiza HAGARIKA kugira ngo muvemo.",
    },
    "xh": {
        STOP: "{shop}: urhoxile, awusayi kufumana miyalezo apha. Phendula QALA ukuze ubuye.",
        START: "{shop}: wamkelekile kwakhona. Phendula YEKA ukuze urhoxe, NCEDA ukuze uncedwe.",
        HELP: "{shop}: imiyalezo ngee-odolo nezaphulelo zakho. Uncedo: {contact}. Phendula YEKA ukuze urhoxe.",
    },
    "pt": {
        STOP: "{shop}: cancelado. Nao recebera mais mensagens aqui. Responda VOLTAR para receber de novo.",
        START: "{shop}: bem-vindo de volta. Responda SAIR para cancelar, AJUDA para ajuda.",
        HELP: "{shop}: mensagens sobre pedidos e ofertas. Ajuda: {contact}. Responda SAIR para cancelar.",
    },
}
WAYS_OUT = {
    "en": "Reply STOP to unsubscribe",
    "sw": "Jibu ACHA kujitoa",
    "rw": "Subiza HAGARIKA kugira ngo muvemo",
    "xh": "Phendula YEKA ukuze urhoxe",
    "pt": "Responda SAIR para cancelar",
}
# "Stop please", "stop sms": a word that means nothing else, with a word or two behind it.
_CLEAR = frozenset({"STOP", "STOPP", "UNSUBSCRIBE", "STOPALL"})


@dataclass(frozen=True)
class Keyword:
    kind: str
    language: str


_KNOWN = {
    word: Keyword(kind, language)
    for language, kinds in reversed(WORDS.items())
    for kind, words in kinds.items()
    for word in words.split()
}


def read(text: str) -> Keyword | None:
    """The keyword that a message is, or None where it is anything else."""
    words = _plain(text).split()
    if len(words) == 1:
        return _KNOWN.get(words[0])
    if 2 <= len(words) <= 3 and words[0] in _CLEAR:
        return _KNOWN[words[0]]
    return None


def answer(keyword: Keyword, shop: str, contact: str) -> str:
    said = ANSWERS.get(keyword.language, ANSWERS["en"])[keyword.kind]
    return said.format(shop=shop, contact=contact)


def way_out(language: str) -> str:
    return WAYS_OUT.get(language.partition("-")[0].lower(), WAYS_OUT["en"])


def _plain(text: str) -> str:
    """Upper case, without accents, signs around words and hyphens: "Arrêt." is ARRET, "opt-out" OPTOUT."""
    apart = unicodedata.normalize("NFKD", text[:200]).upper().replace("-", "")
    letters = (c if c.isalnum() else " " for c in apart if not unicodedata.combining(c))
    return "".join(letters)
