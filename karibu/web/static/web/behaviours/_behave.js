// The one way script reaches a page: an element names its behaviours in data-behaviour="menu theme".
// behave("menu", element => { … }) is called once for each such element, also for those that htmx brings.
const known = {};

function attach(root) {
  const elements = [...root.querySelectorAll("[data-behaviour]")];
  if (root.matches?.("[data-behaviour]")) elements.unshift(root);
  for (const element of elements) {
    element.behaving ??= new Set();
    for (const name of element.dataset.behaviour.split(" ")) {
      if (known[name] && !element.behaving.has(name)) {
        element.behaving.add(name);
        known[name](element);
      }
    }
  }
}

window.behave = (name, start) => {
  known[name] = start;
  if (document.readyState !== "loading") attach(document.documentElement);
};

document.addEventListener("DOMContentLoaded", () => attach(document.documentElement));
document.addEventListener("htmx:load", (event) => attach(event.detail.elt));
