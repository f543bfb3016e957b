from karibu.web import assets


def test_the_bundle_holds_every_component_and_is_cached_for_ever() -> None:
    status, headers, body = assets.answer(f"{assets.version()}/karibu.css")
    assert status == 200
    assert b"@layer tokens" in body and b".table__bar" in body
    assert dict(headers)["cache-control"] == assets.FOREVER


def test_an_address_of_another_version_is_not_cached() -> None:
    status, headers, _ = assets.answer("0123456789ab/karibu.js")
    assert (status, dict(headers)["cache-control"]) == (200, "no-cache")


def test_nothing_outside_the_static_folders_is_served() -> None:
    for path in ("../web/models.py", "web/../../models.py", "web/nothing.css"):
        assert assets.answer(path)[0] == 404


def test_a_known_file_is_not_sent_again() -> None:
    _, headers, _ = assets.answer("web/karibu.svg")
    status, _, body = assets.answer("web/karibu.svg", known=dict(headers)["etag"])
    assert (status, body) == (304, b"")
