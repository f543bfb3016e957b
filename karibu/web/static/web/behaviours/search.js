// The results under the search box: arrows choose, Enter opens, Escape leaves.
behave("search", (form) => {
  const input = form.querySelector("input");
  const list = form.querySelector("[role=listbox]");
  const hits = () => [...list.querySelectorAll("[role=option]")];
  const chosen = () => list.querySelector("[aria-selected=true]");

  function choose(hit) {
    chosen()?.setAttribute("aria-selected", "false");
    hit?.setAttribute("aria-selected", "true");
    hit?.scrollIntoView({ block: "nearest" });
    if (hit) input.setAttribute("aria-activedescendant", hit.id);
    else input.removeAttribute("aria-activedescendant");
  }

  form.addEventListener("htmx:afterSwap", () => {
    input.setAttribute("aria-expanded", String(hits().length > 0));
    choose(hits()[0]);
  });

  input.addEventListener("keydown", (event) => {
    const all = hits();
    const at = all.indexOf(chosen());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(all[(at + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]);
    } else if (event.key === "Enter" && chosen()) {
      event.preventDefault();
      location.assign(chosen().href);
    } else if (event.key === "Escape") {
      input.value = "";
      list.replaceChildren();
      input.setAttribute("aria-expanded", "false");
      input.blur();
    }
  });
});
