// Switches light and dark and remembers it in a cookie, so that the server sends the next page in it from the start.
behave("theme", (button) => {
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const wanted = (root.dataset.theme || system) === "dark" ? "light" : "dark";
    root.dataset.theme = wanted;
    document.cookie = `theme=${wanted}; path=/; max-age=31536000; samesite=lax`;
  });
});
