// What this element asks carries a number that counts up: of two questions that overtake each other on their way, the
// server then answers the newer one.
behave("turn", (element) => {
  element.addEventListener("htmx:configRequest", (event) => {
    event.detail.parameters.turn = Date.now();
  });
});
