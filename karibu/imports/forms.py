"""The forms of an import: the file, and how its columns are read."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from karibu.imports.fields import FIELDS
from karibu.imports.models import Import
from karibu.imports.tables import KINDS

MATCHES = {
    "any": _("any of id, e-mail and phone"),
    "external_id": _("the id in the shop"),
    "email": _("e-mail"),
    "phone": _("phone"),
}


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label=_("What is in the file?"), choices=list(KINDS.items()))
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV in any encoding, Excel (XLSX), JSON lines or Parquet. Orders: one row a line."),
    )

    def clean_file(self) -> Any:
        file, limit = self.cleaned_data["file"], settings.KARIBU_UPLOAD_MB
        if file.size > limit * 1_000_000:
            said = _(
                "The file has %(size)s MB; a page takes %(limit)s MB. On the server, “karibu import %(kind)s FILE”"
                " takes any file; or ask for a higher KARIBU_UPLOAD_MB."
            )
            kind = self.cleaned_data.get("kind", "customers")
            params = {"size": f"{file.size / 1e6:,.1f}", "limit": f"{limit:,}", "kind": kind}
            raise forms.ValidationError(said, params=params)
        return file


class MappingForm(forms.Form):
    """One select a field of ours, then how money, time and people are read. `mapping()` and `options()` after it."""

    def __init__(self, imported: Import, data: Any = None) -> None:
        super().__init__(data)
        self.imported = imported
        columns = [("", "–"), *((name, name) for name in imported.format["columns"])]
        for field in FIELDS[imported.kind]:
            self.fields[f"map_{field.name}"] = forms.ChoiceField(
                label=field.label,
                choices=columns,
                required=field.is_needed,
                initial=imported.mapping.get(field.name, ""),
            )
        options = imported.options
        self.fields["currency"] = forms.RegexField(
            r"^[A-Za-z]{3}$", label=_("Currency where none is given"), initial=options.get("currency", "USD")
        )
        self.fields["zone"] = forms.CharField(
            label=_("Time zone of times without one"), initial=options.get("zone", "UTC")
        )
        if imported.kind != "products":
            self.fields["match"] = forms.ChoiceField(
                label=_("Customers are matched by"), choices=list(MATCHES.items()), initial=options.get("match", "any")
            )

    def clean_zone(self) -> str:
        zone = str(self.cleaned_data["zone"])
        if zone not in available_timezones():
            raise forms.ValidationError(_("This is no time zone; write it like Africa/Kigali."))
        return zone

    def mapping(self) -> dict[str, str]:
        return {name[4:]: column for name, column in self.cleaned_data.items() if name.startswith("map_") and column}

    def options(self) -> dict[str, str]:
        given = self.cleaned_data
        return {"currency": given["currency"].upper(), "zone": given["zone"], "match": given.get("match", "any")}

    def mapped(self) -> list[tuple[Any, list[str]]]:
        """Each field of ours with the first values of the column that is chosen for it."""
        samples = self.imported.samples()
        names = [name for name in self.fields if name.startswith("map_")]
        return [(self[name], samples.get(str(self[name].value() or ""), [])) for name in names]

    def others(self) -> list[Any]:
        return [self[name] for name in self.fields if not name.startswith("map_")]
