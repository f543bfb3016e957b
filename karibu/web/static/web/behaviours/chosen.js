// The ticked rows of a list: how many, all of the page at once, a stretch with the shift key, and their CSV.
behave("chosen", (form) => {
  const table = form.closest(".table");
  const all = table.querySelector("[data-all]");
  const boxes = [...table.querySelectorAll("tbody .choose input")];
  const count = form.querySelector("[data-many]");
  const csv = form.querySelector("[data-csv]");
  const whole = csv.href;
  let last = null;

  function tell() {
    const ticked = boxes.filter((box) => box.checked);
    count.textContent = ticked.length === 1 ? count.dataset.one : count.dataset.many.replace("%", ticked.length);
    csv.href = whole + ticked.map((box) => `&id=${box.value}`).join("");
    all.checked = ticked.length === boxes.length;
    all.indeterminate = ticked.length > 0 && !all.checked;
  }

  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  for (const box of boxes) {
    box.addEventListener("click", (event) => {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((one, other) => one - other);
      if (event.shiftKey && last) for (const between of boxes.slice(from, to)) between.checked = box.checked;
      last = box;
      tell();
    });
  }
  form.addEventListener("reset", () => setTimeout(tell));
  tell();
});
