// The column chooser of a list: what is ticked becomes the one parameter `cols` of the address.
behave("columns", (chooser) => {
  const field = chooser.closest("form").elements.cols;
  const boxes = [...chooser.querySelectorAll("[data-column]")];
  chooser.addEventListener("change", () => {
    field.value = boxes.filter((box) => box.checked).map((box) => box.dataset.column).join(",");
  }, { capture: true });
});
