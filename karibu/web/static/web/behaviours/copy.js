// Copies the text of the field beside the button, and says so.
behave("copy", (box) => {
  const field = box.querySelector("input, textarea");
  const button = box.querySelector("button");
  const words = button.querySelector("span");
  button.addEventListener("click", async () => {
    field.select();
    await navigator.clipboard?.writeText(field.value);
    words.textContent = button.dataset.copied;
  });
});
