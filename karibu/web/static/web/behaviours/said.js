// Says aloud how many rows a list has after its rows were swapped. The line itself stays: one that is swapped is not read.
behave("said", (line) => {
  document.addEventListener("htmx:afterSettle", () => {
    const count = document.querySelector("#table .table__count")?.textContent.trim() || "";
    if (count && count !== line.textContent) line.textContent = count;
  });
});
