"""The browser half of script/screenshot: signs in at ADDRESS with the path LINK, pictures the home page."""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from karibu.config.browser import OPTIONS, find_chromium


def main(address: str, link: str, file: str) -> None:
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=OPTIONS)
        page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light", locale="en-GB")
        page.goto(f"{address.rstrip('/')}/{link}")
        page.locator("form button[type=submit]").click()
        page.goto(address)
        page.wait_for_timeout(4000)  # the live stream fills
        page.locator(".flash").evaluate_all("found => found.forEach(one => one.remove())")
        page.screenshot(path=file)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:4])
