// A question of this form that the server did not answer is told of, as long as no later one was answered: what stands
// there may be of before.
behave("unanswered", (form) => {
  const place = form.querySelector("[data-unanswered]");

  function tell() {
    const said = document.createElement("p");
    said.className = "flash flash--error";
    said.textContent = place.dataset.unanswered;
    place.replaceChildren(said);
  }

  for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) form.addEventListener(failure, tell);
  form.addEventListener("htmx:afterOnLoad", (event) => event.detail.successful && place.replaceChildren());
});
