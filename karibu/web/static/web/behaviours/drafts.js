// Whoever was signed out while typing gets the words back: a form that is sent is remembered until the next page has
// come, and filled in again if that page comes after the sign-in. Passwords, files and hidden fields are not kept.
behave("drafts", (body) => {
  const KEY = "karibu draft";
  const kept = (field) => field.name && !["password", "file", "hidden", "submit", "button"].includes(field.type);
  const mark = (form) => form.getAttribute("action") || "";

  function restore() {
    const draft = JSON.parse(sessionStorage.getItem(KEY) || "null");
    sessionStorage.removeItem(KEY);
    const from = document.referrer && new URL(document.referrer).pathname;
    if (!draft || draft.path !== location.pathname || !from?.startsWith("/sign-in/")) return;
    const form = [...document.forms].find((one) => one.method === "post" && mark(one) === draft.action);
    if (!form) return;
    for (const field of [...form.elements].filter(kept)) {
      const values = draft.fields.filter(([name]) => name === field.name).map(([, value]) => value);
      if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
      else if (values.length) field.value = values[0];
    }
    form.closest("details")?.setAttribute("open", "");
    const said = document.createElement("p");
    said.className = "flash flash--info";
    said.textContent = body.dataset.restored;
    document.getElementById("flash")?.append(said);
  }

  body.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    const names = new Set([...form.elements].filter(kept).map((field) => field.name));
    const fields = [...new FormData(form)].filter(([name, value]) => names.has(name) && typeof value === "string");
    if (fields.length) sessionStorage.setItem(KEY, JSON.stringify({ path: location.pathname, action: mark(form), fields }));
  });
  restore();
});
