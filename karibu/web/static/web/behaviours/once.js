// A form is sent once: a second click while the first is on its way does nothing. htmx's forms are free again when
// they were answered, the others with the next page, when one comes back to them, or after a while without an answer.
behave("once", (body) => {
  const WHILE = 10_000;

  function free(form) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled=true]")) button.removeAttribute("aria-disabled");
  }

  body.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.getAttribute("method")?.toLowerCase() !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-disabled", "true");
    setTimeout(free, WHILE, form);
  }, { capture: true });

  body.addEventListener("htmx:afterRequest", (event) => {
    // Of the form itself: a part of it that asks for something meanwhile (a count of what stands there) frees nothing.
    if (event.target.matches?.("form")) free(event.target);
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(free));
});
