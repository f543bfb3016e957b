# ruff: noqa: E501 - a sentence of the catalogue stays on one line
"""What the sample shop sells. One list, used by the storefront, the made-up history and the simulated shoppers.

Prices are in US dollars. Each picture is drawn by pictures.py and kept as `static/demo/products/<id>.svg`.
"""

from dataclasses import dataclass
from decimal import Decimal

SHOP_NAME = "Duka la Karibu"
CURRENCY = "USD"

HOME, TABLE, CLOTHING, BAGS, JEWELLERY, CARE, CHILDREN = CATEGORIES = (
    "Home & Living",
    "Kitchen & Table",
    "Clothing",
    "Bags & Shoes",
    "Jewellery",
    "Natural Care",
    "Children",
)


@dataclass(frozen=True)
class Product:
    """`popularity` is a relative weight: a product of 8 is looked at eight times as often as one of 1."""

    id: str
    name: str
    category: str
    price: Decimal
    popularity: int
    description: str
    motif: str  # a shape of pictures.py
    pattern: str  # a textile of pictures.py
    colours: tuple[str, str, str]  # background, main, accent
    currency: str = CURRENCY

    @property
    def picture(self) -> str:
        """Path below the static files' address."""
        return f"demo/products/{self.id}.svg"

    @property
    def path(self) -> str:
        """The product's page in the storefront."""
        return f"/shop/products/{self.id}/"


SAND, CLAY, INDIGO, OCHRE, FOREST, PLUM, SKY, ROSE = (
    ("#f3e9dc", "#b5651d", "#5b2e12"),
    ("#fbe4d8", "#c8553d", "#7a2e1f"),
    ("#e1e7f5", "#2f3e8f", "#f2b84b"),
    ("#fdf0cd", "#d9962b", "#7c4a12"),
    ("#e2efe2", "#3f7d4e", "#e6b450"),
    ("#f0e2f0", "#7d3c7e", "#e8a0bf"),
    ("#def0f2", "#23808c", "#f3c969"),
    ("#fde6ea", "#c94f6d", "#f0a35e"),
)


Look = tuple[str, str, tuple[str, str, str]]


def _product(id_: str, name: str, category: str, price: str, popularity: int, look: Look, description: str) -> Product:
    return Product(id_, name, category, Decimal(price), popularity, description, *look)


PRODUCTS: tuple[Product, ...] = (
    _product("agaseke-basket", "Agaseke lidded basket", HOME, "48.00", 8, ("basket", "zigzag", SAND),
             "Woven from sweetgrass and sisal by a cooperative in Nyamata. The lid closes like a small roof over whatever you keep."),
    _product("bolga-market-basket", "Bolga market basket", HOME, "39.00", 7, ("basket", "stripes", ROSE),
             "Elephant grass, split, twisted and dyed by hand in Bolgatanga. Wet it, shape it, and it will carry for years."),
    _product("kuba-cushion", "Kuba cushion cover", HOME, "34.00", 6, ("cushion", "diamonds", OCHRE),
             "Raffia appliqué in the geometry of the Kuba court, backed with heavy cotton. 45 × 45 cm."),
    _product("indigo-cushion", "Indigo resist cushion", HOME, "32.00", 5, ("cushion", "dots", INDIGO),
             "Tied and dipped nine times in a living indigo vat, so that no two are the same night sky. 45 × 45 cm."),
    _product("mudcloth-throw", "Mudcloth throw", HOME, "96.00", 5, ("throw", "diamonds", SAND),
             "Bògòlanfini from Ségou: cotton strips, fermented mud and patience. 130 × 170 cm."),
    _product("basotho-blanket", "Basotho blanket", HOME, "129.00", 4, ("throw", "stripes", CLAY),
             "Pure wool in the pattern of the maize cob, worn over the shoulders in the Maluti mountains. 155 × 165 cm."),
    _product("sisal-rug", "Sisal runner", HOME, "110.00", 3, ("rug", "zigzag", FOREST),
             "A hard-wearing runner for the hall, woven on a floor loom near Machakos. 70 × 200 cm."),
    _product("calabash-lamp", "Calabash lamp", HOME, "74.00", 4, ("lamp", "dots", OCHRE),
             "A dried gourd, pierced by hand: in the evening it throws constellations on the wall."),
    _product("terracotta-vase", "Terracotta vase", HOME, "42.00", 5, ("vase", "zigzag", CLAY),
             "Built by hand, burnished with a river pebble and fired in an open pit. 28 cm tall."),
    _product("beeswax-candle", "Acacia beeswax candle", HOME, "18.50", 6, ("candle", "plain", OCHRE),
             "Wax from acacia honey country in Kitui. It smells of warm afternoons and burns for forty hours."),
    _product("olive-wood-bowl", "Olive wood bowl", TABLE, "36.00", 7, ("bowl", "plain", SAND),
             "Turned from fallen wild olive, oiled with nothing but coconut. 24 cm across."),
    _product("salad-servers", "Ebony and bone servers", TABLE, "24.00", 4, ("servers", "stripes", SAND),
             "A pair for the big salad, with handles of recycled bone in black and white."),
    _product("lake-kivu-coffee", "Lake Kivu coffee, 500 g", TABLE, "16.50", 9, ("pouch", "zigzag", CLAY),
             "Washed red bourbon from 1,800 m above the lake: orange blossom, brown sugar. Roasted on Mondays."),
    _product("nandi-tea", "Nandi hills black tea, 250 g", TABLE, "9.50", 8, ("pouch", "dots", FOREST),
             "Bright, brisk, made for milk and a long conversation."),
    _product("chai-masala", "Zanzibar chai masala, 80 g", TABLE, "8.00", 8, ("jar", "dots", OCHRE),
             "Cardamom, cinnamon, clove, ginger and black pepper, ground the week it ships."),
    _product("berbere", "Berbere spice, 100 g", TABLE, "8.50", 5, ("jar", "zigzag", CLAY),
             "The red heart of every wot: sun-dried chilli, fenugreek, korarima and eleven friends."),
    _product("acacia-honey", "Acacia honey, 400 g", TABLE, "12.00", 6, ("jar", "plain", OCHRE),
             "Raw, pale and slow, from hives hung high in the trees around Baringo."),
    _product("speckled-mug", "Speckled stoneware mug", TABLE, "19.00", 7, ("mug", "dots", SKY),
             "Thrown in Nairobi. Holds exactly as much as a morning needs: 350 ml."),
    _product("jebena", "Jebena coffee pot", TABLE, "44.00", 3, ("pot", "plain", CLAY),
             "Black clay, a round belly and a long neck: coffee the Ethiopian way, three rounds and no hurry."),
    _product("kanga-tea-towels", "Kanga tea towels, pair", TABLE, "15.00", 5, ("cloth", "diamonds", ROSE),
             "Each with its saying along the border. One reads: haba na haba hujaza kibaba."),
    _product("kitenge-dress", "Kitenge wrap dress", CLOTHING, "79.00", 9, ("dress", "diamonds", INDIGO),
             "A wax-print wrap with pockets, cut in Kigali. Sizes from XS to 3XL."),
    _product("shweshwe-skirt", "Shweshwe midi skirt", CLOTHING, "58.00", 6, ("skirt", "dots", INDIGO),
             "Indigo shweshwe from the Eastern Cape; it softens with every wash and keeps its secrets in the seam."),
    _product("kitenge-shirt", "Kitenge camp-collar shirt", CLOTHING, "54.00", 7, ("shirt", "zigzag", FOREST),
             "Short sleeves, a relaxed collar and a print that does the talking."),
    _product("linen-kaftan", "Lamu linen kaftan", CLOTHING, "88.00", 4, ("dress", "stripes", SKY),
             "Washed linen with embroidery after the carved doors of Lamu."),
    _product("maasai-shuka", "Maasai shuka", CLOTHING, "29.00", 8, ("cloth", "check", CLAY),
             "The red check of the savannah: blanket, scarf, picnic rug, company on every journey."),
    _product("habesha-scarf", "Habesha cotton scarf", CLOTHING, "31.00", 5, ("scarf", "stripes", OCHRE),
             "Hand-spun, hand-woven, with a tibeb border that takes longer than the rest together."),
    _product("headwrap", "Ankara headwrap", CLOTHING, "18.00", 7, ("scarf", "diamonds", PLUM),
             "Two metres of crisp cotton; a card with four ways to tie it comes along."),
    _product("kikoi-robe", "Kikoi bath robe", CLOTHING, "62.00", 4, ("robe", "stripes", SKY),
             "Light, quick to dry, striped like the dhows' evening. Unisex, three sizes."),
    _product("kiondo-bag", "Kiondo shoulder bag", BAGS, "64.00", 9, ("bag", "stripes", CLAY),
             "Sisal from Kitui, leather from Nairobi: the bag that half of our customers came back for."),
    _product("raffia-clutch", "Raffia clutch", BAGS, "38.00", 5, ("clutch", "zigzag", ROSE),
             "Crocheted from Malagasy raffia; big enough for a phone, keys and a mango."),
    _product("canvas-backpack", "Waxed canvas backpack", BAGS, "118.00", 4, ("backpack", "plain", FOREST),
             "Waxed in Cape Town, riveted in brass. Rain is its favourite weather."),
    _product("leather-sandals", "Beaded leather sandals", BAGS, "46.00", 7, ("sandals", "dots", OCHRE),
             "Vegetable-tanned straps with glass beads sewn by hand in Kajiado."),
    _product("tyre-sandals", "Akala sandals", BAGS, "27.00", 4, ("sandals", "plain", SAND),
             "Soles from retired lorry tyres. They have seen half the continent and have the other half ahead."),
    _product("beaded-necklace", "Beaded collar necklace", JEWELLERY, "52.00", 6, ("necklace", "dots", CLAY),
             "Six rings of glass beads on brass wire: a whole celebration around the neck."),
    _product("brass-earrings", "Brass leaf earrings", JEWELLERY, "26.00", 8, ("earrings", "plain", OCHRE),
             "Recycled brass, hammered in Kibera, light enough to forget until someone asks."),
    _product("paper-bracelet", "Paper bead bracelet", JEWELLERY, "14.00", 6, ("bracelet", "dots", PLUM),
             "Old magazines, rolled and lacquered in Kampala. Every bead was once a headline."),
    _product("shea-butter", "Raw shea butter, 200 g", CARE, "13.50", 9, ("tin", "plain", OCHRE),
             "Unrefined, from a women's union in Tamale. For skin, hair and dry winters."),
    _product("black-soap", "African black soap", CARE, "7.50", 8, ("soap", "plain", SAND),
             "Plantain ash, palm kernel and shea. It lathers like an argument and ends like a truce."),
    _product("marula-oil", "Marula face oil, 50 ml", CARE, "29.50", 6, ("bottle", "plain", FOREST),
             "Cold-pressed from wild marula in Limpopo. Four drops are enough."),
    _product("rooibos-balm", "Rooibos hand balm", CARE, "11.00", 5, ("tin", "zigzag", CLAY),
             "Rooibos from the Cederberg in beeswax and baobab oil."),
    _product("wire-zebra", "Wire zebra", CHILDREN, "21.00", 4, ("animal", "stripes", SAND),
             "Bent from wire and beaded in Harare. It stands on any desk and guards it."),
    _product("rag-doll-amani", "Amani rag doll", CHILDREN, "28.00", 6, ("doll", "diamonds", PLUM),
             "A friend in a kitenge dress, sewn from offcuts of our own collection."),
)  # fmt: skip

BY_ID = {product.id: product for product in PRODUCTS}
