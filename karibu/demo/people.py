"""The sample shop's made-up people: where they live, what they are called there, which clock they live by."""

import unicodedata
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Place:
    """`weight` is how many of the shop's people live in this country, relative to the others."""

    country: str
    weight: int
    zone: str
    language: str
    cities: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    family_first: bool = False


@dataclass(frozen=True)
class Person:
    """`key` is the shop's own id of them, `browser` the anonymous id of the browser they use."""

    key: str
    browser: str
    name: str
    email: str
    city: str
    place: Place
    agrees: bool  # to offers by e-mail


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PLACES = (
    Place("RW", 32, "Africa/Kigali", "rw-RW", ("Kigali", "Huye", "Musanze", "Rubavu", "Rwamagana"),
          _words("Aline Amani Ange Benise Bosco Chantal Claudine Diane Eric Esperance Fabrice Fiona Gaspard Honorine "
                 "Innocent Ivan Jeanne Keza Ketia Liliane Moses Nadine Olivier Patrick Sandrine Solange Yves Yvonne"),
          _words("Bizimana Gasana Habimana Ingabire Kamanzi Kayitesi Mugisha Mukamana Munyaneza Mutesi Ndayisaba "
                 "Nkurunziza Nshimiyimana Rugamba Uwase Uwimana Umutoni Umuhoza")),
    Place("KE", 22, "Africa/Nairobi", "sw-KE", ("Nairobi", "Mombasa", "Kisumu", "Nakuru", "Eldoret"),
          _words("Achieng Amina Brian Chebet Cynthia Daudi Faith Grace Hassan Imani James Joy Kamau Kevin Lucy Mercy "
                 "Mwende Njeri Otieno Peter Rehema Samuel Wanjiru Zawadi"),
          _words("Abdi Chege Kariuki Kimani Kiprono Kiptoo Maina Mwangi Mutua Ndungu Njoroge Ochieng Odhiambo Okoth "
                 "Omondi Wafula Wambui Wanjala")),
    Place("ZA", 9, "Africa/Johannesburg", "xh-ZA", ("Cape Town", "Gqeberha", "Johannesburg", "Durban"),
          _words("Andile Ayanda Bongani Lerato Lindiwe Mandla Nomsa Nosipho Sipho Thabo Thandi Unathi Zanele Zola"),
          _words("Dlamini Khumalo Mbeki Mkhize Ndlovu Ngcobo Nkosi Sithole Tshabalala Zulu Botha Naidoo")),
    Place("BR", 12, "America/Sao_Paulo", "pt-BR", ("São Paulo", "Rio de Janeiro", "Salvador", "Recife", "Curitiba"),
          _words("Ana Beatriz Bruno Camila Carlos Eduardo Fernanda Gabriela Gustavo Helena Isabela João Juliana "
                 "Larissa Lucas Luiza Mariana Paulo Rafael Thiago"),
          _words("Almeida Alves Araújo Barbosa Cardoso Carvalho Costa Ferreira Gomes Lima Martins Oliveira Pereira "
                 "Ribeiro Rocha Santos Silva Souza")),
    Place("CN", 8, "Asia/Shanghai", "zh-CN", ("Shanghai", "Shenzhen", "Chengdu", "Hangzhou", "Beijing"),
          _words("Bo Fang Hua Jing Jun Lan Lei Li Mei Min Na Ning Ping Qiang Tao Wei Xia Xin Yan Ying Yu"),
          _words("Chen Gao Guo He Huang Li Lin Liu Luo Ma Sun Wang Wu Xu Yang Zhang Zhao Zhou"), family_first=True),
    Place("DE", 9, "Europe/Berlin", "de-DE", ("Berlin", "Hamburg", "München", "Köln", "Leipzig"),
          _words("Anna Bernd Clara Felix Greta Hannah Jana Jonas Jürgen Katrin Lena Leon Lukas Marie Matthias Nele "
                 "Paula Sabine Tim Ulrike"),
          _words("Bauer Becker Fischer Hoffmann Klein Koch Krüger Lange Meyer Müller Neumann Richter Schäfer Schmidt "
                 "Schneider Schröder Wagner Weber")),
    Place("US", 8, "America/New_York", "en-US", ("New York", "Atlanta", "Washington", "Boston"),
          _words("Alicia Brandon Denise Ethan Jasmine Jordan Kayla Malik Megan Nicole Olivia Terrence Tyler Vanessa"),
          _words("Anderson Brown Carter Davis Garcia Harris Jackson Johnson Lee Miller Robinson Smith Washington")),
)  # fmt: skip
_HOSTS = ("example.com", "example.org", "example.net")  # RFC 2606: nobody's


def people(count: int, random: Random) -> list[Person]:
    """The first `count` people; the same for the same state of `random`."""
    places = random.choices(PLACES, [place.weight for place in PLACES], k=count)
    return [_person(number, place, random) for number, place in enumerate(places, 1)]


def person(number: int, random: Random) -> Person:
    """One more person, whose number nobody else has."""
    [place] = random.choices(PLACES, [place.weight for place in PLACES])
    return _person(number, place, random)


def _person(number: int, place: Place, random: Random) -> Person:
    given, family = random.choice(place.given), random.choice(place.family)
    name = f"{family} {given}" if place.family_first else f"{given} {family}"
    return Person(
        key=f"duka-{number:05}",
        browser=f"browser-{number:05}",
        name=name,
        email=f"{plain(given)}.{plain(family)}.{number}@{random.choice(_HOSTS)}",
        city=random.choices(place.cities, range(len(place.cities), 0, -1))[0],
        place=place,
        agrees=random.random() < 0.72,
    )


def plain(word: str) -> str:
    """A name as it stands in an address: `Jürgen` is `jurgen`."""
    return unicodedata.normalize("NFKD", word.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
