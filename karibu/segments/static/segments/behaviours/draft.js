// What stands in the form belongs to this entry of the tab's history: who goes to a customer and back, or reloads, finds
// the conditions as they were; so does who was signed out meanwhile and signs in again. Two tabs have two histories, so
// neither takes the other's. What is taken out can be put back: the form as it was before is sent once more.
behave("draft", (form) => {
  const KEY = "karibu conditions";
  const HERE = location.pathname + location.search;
  const NOT = ["csrfmiddlewaretoken", "tab", "seen", "do"];

  let before;
  let out; // where what was taken out stood

  function drafted() {
    return [...new FormData(form)].filter(([name, value]) => !NOT.includes(name) && typeof value === "string");
  }

  function keep() {
    const draft = drafted();
    history.replaceState({ ...history.state, draft }, "");
    sessionStorage.setItem(KEY, JSON.stringify({ path: HERE, draft }));
  }

  function restore(draft) {
    const values = {};
    for (const [name, value] of draft) (values[name] ??= []).push(value);
    form.elements.name.value = values.name?.[0] ?? "";
    values.do = ["show"];
    values.csrfmiddlewaretoken = [form.elements.csrfmiddlewaretoken.value];
    return htmx.ajax("POST", form.action, { target: "#rows", swap: "innerHTML settle:0", values });
  }

  function signedInAgain() {
    const kept = JSON.parse(sessionStorage.getItem(KEY) || "null");
    sessionStorage.removeItem(KEY);
    const from = document.referrer && new URL(document.referrer).pathname;
    return from?.startsWith("/sign-in/") && kept?.path === HERE ? kept.draft : undefined;
  }

  const draft = history.state?.draft ?? signedInAgain();
  if (draft) restore(draft);
  form.addEventListener("htmx:configRequest", (event) => {
    const deed = /^(remove|unwhere):(r[_\d]*)/.exec(event.detail.parameters.do ?? "");
    if (deed) [before, out] = [drafted(), deed[2]];
  });
  form.addEventListener("click", async (event) => {
    if (!event.target.closest("[data-undo]") || !before) return;
    await restore(before);
    document.getElementById(out)?.querySelector("select")?.focus();
  });
  // What was changed since would be lost with the form of before.
  form.addEventListener("input", () => form.querySelector(".builder__undo")?.remove());
  form.addEventListener("input", keep);
  form.addEventListener("change", keep);
  form.addEventListener("htmx:afterSettle", keep);
});
