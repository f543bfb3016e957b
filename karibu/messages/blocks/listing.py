# ruff: noqa: E501 - a piece of markup is one line
"""Products in a mail: a grid or list of them, the rows of a cart or an order."""

from collections.abc import Mapping
from typing import Any

from karibu.messages.blocks.brand import Look
from karibu.messages.blocks.words import as_html, as_text

_PICTURE = (
    '{%% if item.image_url %%}<a href="{{ item.url }}"><img src="{{ item.image_url }}" alt="{{ item.name }}" width="%s"'
    ' style="display:block;width:100%%;max-width:%spx;height:auto;border-radius:8px" /></a>{%% endif %%}'
)
_PRICE = '{% if item.price %}<br /><span class="price">{{ item.price | money: item.currency }}</span>{% endif %}'


def listed(source: str, of: Mapping[str, Any], look: Look) -> str:
    """A section with the products of a Liquid list; nothing at all where there are none."""
    limit = f" limit: {of['count']}" if "count" in of else ""
    rows = (_grid if of["layout"] == "grid" else _list)(look, _PRICE if of["prices"] else "")
    title = ""
    if of["title"]:
        title = f'<mj-text font-size="20px" font-weight="600" css-class="ink">{as_html(of["title"])}</mj-text>'
    return (
        f"<mj-raw>{{% if {source}.size > 0 %}}</mj-raw>"
        f'<mj-section padding="8px 0" css-class="sheet"><mj-column>{title}'
        f'<mj-table padding="8px 16px" table-layout="fixed" css-class="ink">{{% for item in {source}{limit} %}}{rows}{{% endfor %}}'
        f"</mj-table></mj-column></mj-section><mj-raw>{{% endif %}}</mj-raw>"
    )


def _name(look: Look) -> str:
    return f'<a href="{{{{ item.url }}}}" style="color:{look.ink};text-decoration:none;font-weight:600">{{{{ item.name }}}}</a>'


def _list(look: Look, price: str) -> str:
    picture = _PICTURE % (96, 96)
    return (
        f'<tr><td style="padding:10px 14px 10px 0;width:96px;vertical-align:top">{picture}</td>'
        f'<td style="padding:10px 0;vertical-align:top">{_name(look)}{price}</td></tr>'
    )


def _grid(look: Look, price: str) -> str:
    """Rows of two. Their tags are printed by Liquid: half of a row is no markup that MJML would read."""
    cell = f'<td style="padding:8px;width:50%;vertical-align:top">{_PICTURE % (240, 240)}{_name(look)}{price}</td>'
    close = "{% if side == 0 %}{{ '</tr>' }}{% elsif forloop.last %}<td style='width:50%'></td>{{ '</tr>' }}{% endif %}"
    return "{% assign side = forloop.index | modulo: 2 %}{% if side == 1 %}{{ '<tr>' }}{% endif %}" + cell + close


def listed_as_text(source: str, of: Mapping[str, Any]) -> str:
    limit = f" limit: {of['count']}" if "count" in of else ""
    price = "{% if item.price %}, {{ item.price | money: item.currency }}{% endif %}" if of["prices"] else ""
    title = f"{as_text(of['title'])}\n" if of["title"] else ""
    line = f"* {{{{ item.name }}}}{price}{{% if item.url %}}: {{{{ item.url }}}}{{% endif %}}"
    return f"{{% if {source}.size > 0 %}}{title}{{% for item in {source}{limit} %}}{line}\n{{% endfor %}}{{% endif %}}"


def rows_of_cart(source: str, look: Look, together: str) -> str:
    """What lies in the cart, or was ordered: picture, name, pieces, price; and what it comes to, in the shop's words.

    A product of which the shop told no page leads to the cart, or to the shop.
    """
    line = 'style="padding:12px 0;border-top:1px solid #d9cec4'
    page, named = f"| default: {source}.url | default: shop.url }}}}", "{{ item.name | default: item.product_id }}"

    def whole(markup: str) -> str:
        return markup.replace("{{ item.url }}", "{{ item.url " + page).replace("{{ item.name }}", named)

    return (
        '<mj-section padding="0" css-class="sheet"><mj-column><mj-table padding="8px 24px" css-class="ink">'
        f"{{% for item in {source}.items limit: 12 %}}<tr>"
        f'<td style="padding:10px 14px 10px 0;width:72px;vertical-align:top">{whole(_PICTURE % (72, 72))}</td>'
        f'<td style="padding:10px 0;vertical-align:top">{whole(_name(look))}'
        '{% if item.variant and item.variant != "" %}<br /><span>{{ item.variant }}</span>{% endif %}'
        "{% if item.quantity > 1 %}<br /><span>{{ item.quantity }} × {{ item.price | money: "
        f"{source}.currency }}}}</span>{{% endif %}}</td>"
        '<td style="padding:10px 0 10px 14px;vertical-align:top;text-align:right;white-space:nowrap">'
        f"{{{{ item.total | money: {source}.currency }}}}</td></tr>{{% endfor %}}"
        f'{{% if {source}.value %}}<tr><td colspan="2" {line}">{as_html(together)}</td>'
        f'<td {line};text-align:right;font-weight:600;white-space:nowrap">'
        f"{{{{ {source}.value | money: {source}.currency }}}}</td></tr>{{% endif %}}"
        "</mj-table></mj-column></mj-section>"
    )


def rows_of_cart_as_text(source: str, together: str) -> str:
    return (
        f"{{% for item in {source}.items limit: 12 %}}* {{{{ item.name | default: item.product_id }}}}"
        "{% if item.variant and item.variant != '' %} ({{ item.variant }}){% endif %}"
        "{% if item.quantity > 1 %} × {{ item.quantity }}{% endif %}"
        f": {{{{ item.total | money: {source}.currency }}}}\n{{% endfor %}}"
        f"{{% if {source}.value %}}{as_text(together)}: {{{{ {source}.value | money: {source}.currency }}}}{{% endif %}}"
    )
