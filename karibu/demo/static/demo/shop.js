/* What the storefront's pages do: each behaviour looks for its own marks. */
(function () {
  "use strict";
  const duka = window.duka;
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));
  const one = (selector, within) => (within || document).querySelector(selector);

  function badge() {
    one("[data-cart-count]").textContent = duka.count(duka.read());
  }
  function toast(words) {
    const place = one("[data-toast]");
    place.textContent = words;
    place.hidden = false;
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => (place.hidden = true), 2500);
  }
  function put(product, quantity) {
    duka.add(product, quantity);
    toast(product.name + " ✓");
  }

  function adding() {
    all("[data-add]").forEach((button) => button.addEventListener("click", () => put(JSON.parse(button.dataset.add), 1)));
    all("[data-choose]").forEach((form) =>
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        put(JSON.parse(form.dataset.choose), Math.max(1, Number(form.elements.quantity.value) || 1));
      }),
    );
  }

  function pushing() {
    all("[data-push]").forEach((button) => {
      if (!("serviceWorker" in navigator && "PushManager" in window)) button.hidden = true;
      button.addEventListener("click", () =>
        window.karibu.subscribe(button.dataset.push, button.dataset.worker).then(
          () => toast(button.dataset.thanks),
          (error) => toast(error.message),
        ),
      );
    });
  }

  function line(item) {
    const row = one("#line").content.firstElementChild.cloneNode(true);
    one("img", row).src = item.image_url;
    one(".name", row).textContent = item.name;
    one(".name", row).href = item.url;
    one(".price", row).textContent = duka.money(item.price * item.quantity);
    const input = one("input", row);
    input.value = item.quantity;
    input.addEventListener("change", () => duka.change(item.product_id, Math.max(1, Number(input.value) || 1)));
    const button = one("button", row);
    one(".unseen", button).textContent = " " + item.name;
    button.addEventListener("click", () => duka.change(item.product_id, 0));
    return row;
  }
  function draw(place, cart) {
    one("[data-lines]", place).replaceChildren(...cart.lines.map(line));
    one("[data-empty]", place).hidden = cart.lines.length > 0;
    one("[data-sum]", place).hidden = cart.lines.length === 0;
    one("[data-total]", place).textContent = duka.money(duka.total(cart));
  }
  function cartPage() {
    const place = one("[data-cart]");
    if (!place) return;
    if (place.dataset.kept) one("[data-welcome]").hidden = !duka.restore(JSON.parse(place.dataset.kept));
    const cart = duka.read();
    draw(place, cart);
    document.addEventListener("duka:changed", (event) => draw(place, event.detail));
    if (cart.lines.length) duka.tell("track", "Cart Viewed", duka.facts(cart));
  }

  function introduce(form) {
    const { name, email, consent } = form.elements;
    const traits = { email: email.value.trim() };
    if (name.value.trim()) traits.name = name.value.trim();
    if (consent.checked) traits.email_consent = true;
    duka.tell("identify", traits);
  }
  function addresses() {
    all("[data-address]").forEach((form) =>
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        introduce(form);
        one("[data-done]", form).hidden = false;
        one("button", form).disabled = true;
      }),
    );
  }
  function checkoutPage() {
    const form = one("[data-checkout]");
    if (!form) return;
    const cart = duka.read();
    one("[data-empty]", form).hidden = cart.lines.length > 0;
    one("[data-full]", form).hidden = cart.lines.length === 0;
    one("[data-total]", form).textContent = duka.money(duka.total(cart));
    if (cart.lines.length) duka.tell("track", "Checkout Started", duka.facts(cart));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      introduce(form);
      sessionStorage.setItem("duka-order", duka.order());
      location.assign(form.dataset.thanks);
    });
  }
  function thanksPage() {
    const place = one("[data-number]");
    const number = sessionStorage.getItem("duka-order");
    if (!place || !number) return;
    one("b", place).textContent = number;
    place.hidden = false;
  }

  document.addEventListener("duka:changed", badge);
  all("[data-needs-script]").forEach((button) => (button.disabled = false));
  adding();
  addresses();
  cartPage();
  checkoutPage();
  thanksPage();
  pushing();
  badge();
})();
