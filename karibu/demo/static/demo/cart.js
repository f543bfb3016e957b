/* The shopper's cart: kept in this browser, told to Karibu with each change. Nothing here asks a server. */
window.duka = (function () {
  "use strict";
  const NAME = "duka-cart";
  const currency = document.body.dataset.currency;

  function tell(...call) {
    (window.karibu = window.karibu || []).push(call);
  }
  function fresh() {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    return { id: "duka-" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""), lines: [] };
  }
  function read() {
    try {
      return JSON.parse(localStorage.getItem(NAME)) || fresh();
    } catch {
      return fresh();
    }
  }
  function write(cart) {
    localStorage.setItem(NAME, JSON.stringify(cart));
    dispatchEvent(new CustomEvent("karibu:cart", { detail: total(cart) })); // forms.js may be waiting for a full cart
    document.dispatchEvent(new CustomEvent("duka:changed", { detail: cart }));
    return cart;
  }
  function add(product, quantity) {
    const cart = read();
    const line = cart.lines.find((each) => each.product_id === product.product_id);
    if (line) line.quantity += quantity;
    else cart.lines.push({ ...product, quantity });
    write(cart);
    tell("track", "Product Added", { cart_id: cart.id, ...product, quantity });
  }
  function change(product_id, quantity) {
    const cart = read();
    const line = cart.lines.find((each) => each.product_id === product_id);
    if (!line) return;
    const { quantity: before, ...product } = line;
    line.quantity = quantity;
    cart.lines = cart.lines.filter((each) => each.quantity > 0);
    write(cart);
    const name = quantity > before ? "Product Added" : "Product Removed";
    if (quantity !== before) tell("track", name, { cart_id: cart.id, ...product, quantity: Math.abs(quantity - before) });
  }
  /* The cart a link brought back, unless it is the one that is here already. */
  function restore(kept) {
    if (read().id === kept.id && read().lines.length) return false;
    write(kept);
    return true;
  }
  function total(cart) {
    return Math.round(cart.lines.reduce((sum, line) => sum + line.price * line.quantity, 0) * 100) / 100;
  }
  function count(cart) {
    return cart.lines.reduce((sum, line) => sum + line.quantity, 0);
  }
  function facts(cart) {
    return { cart_id: cart.id, currency, value: total(cart), products: cart.lines };
  }
  function order() {
    const cart = read();
    const number = "DK-" + String(crypto.getRandomValues(new Uint32Array(1))[0] % 1e8).padStart(8, "0");
    const { value, ...rest } = facts(cart);
    tell("track", "Order Completed", { order_id: number, ...rest, total: value, revenue: value });
    write(fresh());
    return number;
  }
  function money(amount) {
    return new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency }).format(amount);
  }
  return { tell, read, write, add, change, restore, total, count, facts, order, money };
})();
