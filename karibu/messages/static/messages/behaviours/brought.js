// A picture that was brought in: its address goes into the field that it was chosen for.
behave("brought", (said) => {
  const field = document.getElementById(said.dataset.target);
  if (!field) return;
  field.value = said.dataset.address;
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
