# ruff: noqa: E501 - paths are drawings, not prose
"""Draws the sample shop's products: `python -m karibu.demo.pictures` writes static/demo/products/*.svg.

A picture is a soft background, a shadow and one motif filled with a textile. All drawn here, nothing borrowed.
"""

from pathlib import Path

from karibu.demo.catalogue import PRODUCTS, Product

FOLDER = Path(__file__).parent / "static/demo/products"

# Textiles are 40 × 40 tiles; {m} is the main colour, {a} the accent, {l} a light thread.
TEXTILES = {
    "plain": "",
    "zigzag": '<path d="M0 12 10 2 20 12 30 2 40 12M0 32 10 22 20 32 30 22 40 32" fill="none" stroke="{a}" '
    'stroke-width="5"/><path d="M0 20 10 10 20 20 30 10 40 20" fill="none" stroke="{l}" stroke-width="2.5"/>',
    "stripes": '<path d="M0 6H40" stroke="{a}" stroke-width="7"/><path d="M0 17H40" stroke="{l}" stroke-width="3"/>'
    '<path d="M0 28H40" stroke="{a}" stroke-width="3"/>',
    "diamonds": '<path d="M20 2 38 20 20 38 2 20Z" fill="none" stroke="{l}" stroke-width="3"/>'
    '<path d="M20 12 28 20 20 28 12 20Z" fill="{a}"/>',
    "dots": '<circle cx="10" cy="10" r="4.5" fill="{a}"/><circle cx="30" cy="30" r="4.5" fill="{a}"/>'
    '<circle cx="30" cy="10" r="2.2" fill="{l}"/><circle cx="10" cy="30" r="2.2" fill="{l}"/>',
    "check": '<path d="M0 10H40M0 30H40M10 0V40M30 0V40" stroke="{a}" stroke-width="7" opacity=".55"/>'
    '<path d="M0 20H40M20 0V40" stroke="#1d2a52" stroke-width="3"/>',
}

# Motifs live in a 400 × 400 field, standing on y = 320. {t} is the textile, {m} main, {a} accent, {l} light.
MOTIFS = {
    "basket": '<path d="M110 200Q120 320 150 320H250Q280 320 290 200Z" fill="{t}"/><ellipse cx="200" cy="200" rx="90" '
    'ry="22" fill="{a}"/><path d="M118 196Q200 60 282 196Q200 222 118 196Z" fill="{t}"/>'
    '<circle cx="200" cy="116" r="10" fill="{a}"/>',
    "cushion": '<path d="M100 110Q200 128 300 110Q284 210 300 310Q200 294 100 310Q116 210 100 110Z" fill="{t}" '
    'stroke="{a}" stroke-width="5" stroke-linejoin="round"/>',
    "throw": '<path d="M92 150Q200 108 308 150V270Q200 236 92 270Z" fill="{t}"/><path d="M92 206Q200 168 308 206V300'
    'Q200 268 92 300Z" fill="{m}"/><path d="M92 206Q200 168 308 206V300Q200 268 92 300Z" fill="{t}" opacity=".85"/>'
    '<path d="M96 300v20M118 294v20M140 289v20M162 286v20M184 284v20M206 284v20M228 286v20M250 289v20M272 294v20'
    'M298 299v20" stroke="{a}" stroke-width="4"/>',
    "rug": '<path d="M150 90H250L300 310H100Z" fill="{t}" stroke="{a}" stroke-width="6"/><path d="M104 316v12M140 316v12'
    'M180 316v12M220 316v12M260 316v12M296 316v12" stroke="{a}" stroke-width="4"/>',
    "lamp": '<path d="M200 84V120" stroke="{a}" stroke-width="6"/><path d="M180 120H220Q226 160 268 200Q300 260 250 300'
    'H150Q100 260 132 200Q174 160 180 120Z" fill="{t}"/><ellipse cx="200" cy="306" rx="52" ry="12" fill="{a}"/>'
    '<circle cx="200" cy="240" r="120" fill="#fff3c4" opacity=".22"/>',
    "vase": '<path d="M176 90H224Q222 130 246 160Q292 210 262 270Q246 318 200 318T138 270Q108 210 154 160Q178 130 176 90Z"'
    ' fill="{t}"/><ellipse cx="200" cy="90" rx="26" ry="7" fill="{a}"/>',
    "candle": '<path d="M140 180H260V306Q200 330 140 306Z" fill="{m}"/><ellipse cx="200" cy="180" rx="60" ry="15" '
    'fill="{l}"/><path d="M200 180V160" stroke="{a}" stroke-width="4"/><path d="M200 104Q226 140 200 164Q174 140 200 104Z"'
    ' fill="#f6a821"/><rect x="140" y="222" width="120" height="46" fill="{l}" opacity=".85"/>',
    "bowl": '<ellipse cx="200" cy="200" rx="120" ry="34" fill="{a}"/><path d="M80 200Q92 318 200 318T320 200Q300 234 200 '
    '234T80 200Z" fill="{m}"/><path d="M104 246Q200 276 296 246M124 280Q200 302 276 280" fill="none" stroke="{a}" '
    'stroke-width="3" opacity=".5"/>',
    "servers": '<g transform="rotate(14 200 200)"><ellipse cx="160" cy="130" rx="34" ry="50" fill="{m}"/><rect x="152" '
    'y="170" width="16" height="150" rx="8" fill="{t}"/></g><g transform="rotate(-14 200 200)"><path d="M206 84V140Q206 '
    '178 240 178T274 140V84H262V136H246V84H234V136H218V84Z" fill="{m}"/><rect x="232" y="170" width="16" height="150" '
    'rx="8" fill="{t}"/></g>',
    "pouch": '<path d="M128 110H272L284 316Q200 326 116 316Z" fill="{t}"/><path d="M128 110H272L274 136H126Z" fill="{a}"/>'
    '<rect x="150" y="182" width="100" height="84" rx="8" fill="{l}"/><circle cx="200" cy="218" r="18" fill="{m}"/>'
    '<path d="M172 250H228" stroke="{a}" stroke-width="5"/>',
    "jar": '<rect x="138" y="138" width="124" height="180" rx="24" fill="{m}"/><rect x="138" y="176" width="124" '
    'height="112" fill="{t}"/><rect x="132" y="106" width="136" height="40" rx="8" fill="{a}"/><rect x="160" y="200" '
    'width="80" height="58" rx="6" fill="{l}"/><path d="M174 222H226M182 238H218" stroke="{a}" stroke-width="4"/>',
    "mug": '<path d="M258 176Q322 176 314 236Q306 276 252 276" fill="none" stroke="{m}" stroke-width="18"/><path d="M130 '
    '140H266V300Q264 318 246 318H150Q132 318 130 300Z" fill="{t}"/><ellipse cx="198" cy="140" rx="68" ry="15" '
    'fill="{a}"/>',
    "pot": '<circle cx="196" cy="246" r="74" fill="{a}"/><path d="M180 184L186 92H214L212 184Z" fill="{a}"/><path d="M260 '
    '216L318 172L310 200L266 252Z" fill="{a}"/><path d="M184 116Q96 130 136 214" fill="none" stroke="{a}" '
    'stroke-width="13"/><circle cx="200" cy="84" r="16" fill="{m}"/><path d="M128 232Q196 262 264 232" fill="none" '
    'stroke="{m}" stroke-width="5"/>',
    "cloth": '<path d="M112 120H288V250L264 310H136L112 250Z" fill="{t}"/><path d="M112 250H288L264 310H136Z" fill="{a}" '
    'opacity=".35"/><path d="M112 120H288V138H112Z" fill="{a}"/>',
    "dress": '<path d="M160 84L184 96Q200 108 216 96L240 84L262 130L240 146L244 196L292 318H108L156 196L160 146L138 130Z" '
    'fill="{t}"/><path d="M154 190H246L248 208H152Z" fill="{a}"/><path d="M216 96L172 190M228 204L214 318" fill="none" '
    'stroke="{a}" stroke-width="3"/>',
    "skirt": '<path d="M154 104H246L304 306Q200 334 96 306Z" fill="{t}"/><path d="M150 96H250V122H150Z" fill="{a}"/>'
    '<path d="M176 126L148 312M224 126L252 312" stroke="{a}" stroke-width="2" opacity=".5"/>',
    "shirt": '<path d="M154 98L200 118L246 98L316 146L290 196L258 178V318H142V178L110 196L84 146Z" fill="{t}"/><path d="M'
    '154 98L200 118L246 98L226 148L200 122L174 148Z" fill="{a}"/><path d="M200 130V318" stroke="{a}" stroke-width="3"/>',
    "scarf": '<path d="M128 120Q200 70 272 120Q284 176 200 188T128 120Z" fill="{t}"/><path d="M168 178L134 310H196L208 '
    '184Z" fill="{t}"/><path d="M206 184L226 296H284L238 170Z" fill="{t}"/><path d="M134 296H198L196 314H130ZM222 282H279'
    'L287 300H226Z" fill="{a}"/>',
    "robe": '<path d="M156 88L200 104L244 88L306 230L274 244L252 194L266 318H134L148 194L126 244L94 230Z" fill="{t}"/>'
    '<path d="M168 90L214 220V318H200V226L156 94Z" fill="{a}"/><path d="M140 210H260V228H140Z" fill="{a}"/>',
    "bag": '<path d="M140 196Q140 84 200 84T260 196" fill="none" stroke="{a}" stroke-width="12"/><path d="M112 186H288Q304 '
    '320 200 320T112 186Z" fill="{t}"/><path d="M108 178H292V202H108Z" fill="{a}"/>',
    "clutch": '<rect x="88" y="160" width="224" height="150" rx="16" fill="{t}"/><path d="M88 172Q88 160 104 160H296Q312 '
    '160 312 172L200 246Z" fill="{a}"/><circle cx="200" cy="240" r="11" fill="{l}"/>',
    "backpack": '<path d="M164 118Q164 78 200 78T236 118" fill="none" stroke="{a}" stroke-width="10"/><path d="M120 176Q120 '
    '104 200 104T280 176V318H120Z" fill="{m}"/><path d="M120 176Q200 220 280 176V150Q270 104 200 104T120 150Z" '
    'fill="{a}" opacity=".4"/><rect x="146" y="226" width="108" height="74" rx="10" fill="{a}" opacity=".5"/>'
    '<rect x="188" y="186" width="24" height="34" rx="4" fill="{l}"/>',
    "sandals": '<g transform="rotate(-8 150 200)"><rect x="106" y="104" width="80" height="212" rx="40" fill="{a}"/><path '
    'd="M108 176Q146 140 184 176L180 210Q146 180 112 210Z" fill="{t}"/><path d="M112 260Q146 236 180 260" fill="none" '
    'stroke="{m}" stroke-width="14"/></g><g transform="rotate(8 250 200)"><rect x="214" y="104" width="80" height="212" '
    'rx="40" fill="{a}"/><path d="M216 176Q254 140 292 176L288 210Q254 180 220 210Z" fill="{t}"/><path d="M220 260Q254 '
    '236 288 260" fill="none" stroke="{m}" stroke-width="14"/></g>',
    "necklace": '<g fill="none"><circle cx="200" cy="206" r="104" stroke="{m}" stroke-width="16"/><circle cx="200" '
    'cy="206" r="86" stroke="{a}" stroke-width="14" stroke-dasharray="12 6"/><circle cx="200" cy="206" r="70" '
    'stroke="#1d2a52" stroke-width="13"/><circle cx="200" cy="206" r="55" stroke="{l}" stroke-width="13" '
    'stroke-dasharray="9 5"/></g>',
    "earrings": '<g fill="none" stroke="{a}" stroke-width="4"><path d="M140 92q14 -18 20 8v18M240 92q14 -18 20 8v18"/></g>'
    '<path d="M160 118Q212 210 160 312Q108 210 160 118Z" fill="{m}"/><path d="M260 118Q312 210 260 312Q208 210 260 118Z" '
    'fill="{m}"/><path d="M160 140V296M160 200l22 -22M160 200l-22 -22M160 244l24 -24M160 244l-24 -24M260 140V296M260 200'
    'l22 -22M260 200l-22 -22M260 244l24 -24M260 244l-24 -24" stroke="{l}" stroke-width="3"/>',
    "bracelet": '<g fill="none"><ellipse cx="200" cy="216" rx="104" ry="78" stroke="{a}" stroke-width="22"/><ellipse '
    'cx="200" cy="216" rx="104" ry="78" stroke="{m}" stroke-width="26" stroke-dasharray="26 10"/><ellipse cx="200" '
    'cy="216" rx="104" ry="78" stroke="{l}" stroke-width="5" stroke-dasharray="5 31" stroke-dashoffset="-10"/></g>',
    "tin": '<path d="M100 196V280Q100 318 200 318T300 280V196Z" fill="{t}"/><ellipse cx="200" cy="194" rx="100" ry="38" '
    'fill="{a}"/><ellipse cx="200" cy="188" rx="100" ry="38" fill="{m}"/><ellipse cx="200" cy="186" rx="68" ry="24" '
    'fill="{l}"/><path d="M168 186H232" stroke="{a}" stroke-width="5"/>',
    "soap": '<rect x="96" y="176" width="208" height="136" rx="36" fill="{a}"/><rect x="96" y="162" width="208" '
    'height="132" rx="36" fill="{m}"/><rect x="136" y="196" width="128" height="62" rx="22" fill="none" stroke="{a}" '
    'stroke-width="4"/><circle cx="112" cy="130" r="18" fill="#fff" opacity=".7"/><circle cx="152" cy="108" r="11" '
    'fill="#fff" opacity=".7"/><circle cx="286" cy="126" r="14" fill="#fff" opacity=".7"/>',
    "bottle": '<rect x="178" y="76" width="44" height="52" rx="8" fill="{a}"/><path d="M172 128H228V158Q264 170 264 206V298'
    'Q264 318 244 318H156Q136 318 136 298V206Q136 170 172 158Z" fill="{m}"/><rect x="136" y="214" width="128" height="74" '
    'fill="{l}"/><path d="M200 226Q222 250 200 272Q178 250 200 226Z" fill="{a}"/>',
    "animal": '<path d="M118 186H252L286 110Q318 116 318 152L296 166L276 214V318H254V240H148V318H124V220Q104 232 104 262H94'
    'Q94 196 118 186Z" fill="{t}" stroke="{a}" stroke-width="4" stroke-linejoin="round"/><path d="M284 112L246 190" '
    'stroke="{a}" stroke-width="10"/><circle cx="298" cy="134" r="5" fill="{a}"/>',
    "doll": '<circle cx="200" cy="128" r="48" fill="#6b4226"/><path d="M150 116Q156 66 200 66T250 116Q200 92 150 116Z" '
    'fill="{a}"/><circle cx="184" cy="130" r="5" fill="#fff"/><circle cx="216" cy="130" r="5" fill="#fff"/><path d="M186 '
    '150Q200 162 214 150" fill="none" stroke="#fff" stroke-width="4"/><path d="M170 176H230L276 300H124Z" fill="{t}"/>'
    '<path d="M164 190L112 240M236 190L288 240" stroke="#6b4226" stroke-width="18" stroke-linecap="round"/><path d="M176 '
    '300V322M224 300V322" stroke="#6b4226" stroke-width="18"/>',
}  # fmt: skip

LIGHT = "#fffaf0"


def draw(product: Product) -> str:
    """The product's picture as SVG text, the same each time."""
    background, main, accent = product.colours
    ink = {"m": main, "a": accent, "l": LIGHT, "t": "url(#t)"}
    textile = TEXTILES[product.pattern].format(**ink)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400"><defs><pattern id="t" width="40" height="40" '
        f'patternUnits="userSpaceOnUse"><rect width="40" height="40" fill="{main}"/>{textile}</pattern></defs>'
        f'<rect width="400" height="400" fill="{background}"/><circle cx="200" cy="205" r="160" fill="#fff" opacity=".45"/>'
        f'<ellipse cx="200" cy="326" rx="118" ry="13" fill="#000" opacity=".12"/>{MOTIFS[product.motif].format(**ink)}</svg>\n'
    )


def main() -> None:
    for product in PRODUCTS:
        (FOLDER / f"{product.id}.svg").write_text(draw(product), encoding="utf-8")


if __name__ == "__main__":
    main()
