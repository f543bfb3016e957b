// "/" goes to the search, "?" shows the keys, "g" and a letter goes to a place of the rail. Not while one is typing.
behave("keys", (body) => {
  let leading = 0;
  const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

  body.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "/") {
      event.preventDefault();
      document.getElementById("search")?.select();
    } else if (event.key === "?") {
      document.getElementById("keys")?.showModal();
    } else if (event.key === "g") {
      leading = Date.now();
    } else if (Date.now() - leading < 1500) {
      leading = 0;
      const place = document.querySelector(`[data-goes="${CSS.escape(event.key)}"]`);
      if (place) location.assign(place.dataset.url);
    }
  });

  body.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  });
});
