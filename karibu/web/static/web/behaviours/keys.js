// "/" goes to the search, "?" shows the keys, "g" and a letter goes to a place of the rail; in a list "j" and "k" go down
// and up, "x" ticks the row. Not while one is typing.
behave("keys", (body) => {
  let leading = 0;
  const typing = (element) => element.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
  const keys = {
    "/": () => document.getElementById("search")?.select(),
    "?": () => document.getElementById("keys")?.showModal(),
    g: () => { leading = Date.now(); },
    j: () => step(1),
    k: () => step(-1),
    x: () => document.activeElement.closest("tr")?.querySelector(".choose input")?.click(),
  };

  function step(by) {
    const rows = [...document.querySelectorAll("#table tbody th a")];
    const at = rows.findIndex((row) => row.closest("tr").contains(document.activeElement));
    rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
  }

  function go(letter) {
    leading = 0;
    const place = document.querySelector(`[data-goes="${CSS.escape(letter)}"]`);
    if (place) location.assign(place.dataset.url);
  }

  body.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (Date.now() - leading < 1500) return go(event.key);
    if (!Object.hasOwn(keys, event.key)) return;
    if (event.key === "/") event.preventDefault();
    keys[event.key]();
  });

  body.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  });
});
