// The search box of a list stays as it is while rows are swapped; going back sets it to what was asked then.
behave("asked", (input) => {
  document.addEventListener("htmx:historyRestore", () => {
    const shown = document.getElementById(input.id);
    if (shown) shown.value = new URLSearchParams(location.search).get(input.name) || "";
  });
});
