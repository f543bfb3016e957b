"""Files for the tests of imports, brought in as `karibu import` does."""

from pathlib import Path
from typing import Any

from karibu.imports import actions, run
from karibu.imports.models import Import

BY = "owner@shop.test"


ORDERS = """order_id,customer_id,email,date,product_id,product_name,quantity,line_total
1,7,ann@x.test,2026-01-05 10:00,a,Kikoi,3,10.00
2,8,bob@x.test,2026-01-06 10:00,b,Basket,1,4.40
1,7,ann@x.test,2026-01-05 10:00,b,Basket,0,0.10
"""


def ready(
    kind: str, content: str | Path, tmp_path: Path, mapping: dict[str, str] | None = None, **options: Any
) -> Import:
    path = content
    if isinstance(path, str):
        path = tmp_path / f"{kind}.csv"
        path.write_text(str(content))
    imported = actions.draft(kind, path, by=BY)
    actions.choose(imported, {**imported.mapping, **(mapping or {})}, options)
    actions.start(imported, by=BY, queue=False)
    return imported


def bring(
    kind: str, content: str | Path, tmp_path: Path, mapping: dict[str, str] | None = None, **options: Any
) -> Import:
    return run.run(ready(kind, content, tmp_path, mapping, **options).pk)
