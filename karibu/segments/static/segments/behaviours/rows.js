// The rows are drawn anew by what is chosen in them, and nothing of what one does meanwhile is lost.
behave("rows", (rows) => {
  const WHILE = 600;
  const SHIFTS = /^(remove|copy|unwhere):/; // afterwards another row has the place, and the names, of this one

  // A closed select tells of each choice that the arrow and letter keys pass on the way: it is asked for once one stays.
  let byKey = false;
  let waiting;

  function tell() {
    const { select, timer } = waiting ?? {};
    waiting = undefined;
    clearTimeout(timer);
    if (select?.isConnected) select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  rows.addEventListener("keydown", (event) => {
    byKey = !["Enter", " "].includes(event.key);
    if (event.key === "Enter" && waiting) tell();
  });
  rows.addEventListener("pointerdown", () => { byKey = false; });
  rows.addEventListener("focusout", () => waiting && tell());
  rows.addEventListener("change", (event) => {
    if (!event.isTrusted || !byKey || !event.target.matches("select[hx-post]")) return;
    event.stopImmediatePropagation();
    clearTimeout(waiting?.timer);
    waiting = { select: event.target, timer: setTimeout(tell, WHILE) };
  }, { capture: true });

  // What was changed between the question and its answer is changed again in the answer.
  let sent;
  let later = [];

  function state() {
    const fields = [...rows.querySelectorAll("input[id], select[id]")];
    return new Map(fields.map((field) => [field.id, field.type === "checkbox" ? field.checked : field.value]));
  }

  rows.addEventListener("htmx:beforeSend", (event) => {
    if (event.detail.target !== rows) return;
    sent = SHIFTS.test(event.detail.requestConfig.parameters.do ?? "") ? undefined : state();
  });
  rows.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== rows) return;
    later = sent ? [...state()].filter(([id, value]) => sent.has(id) && sent.get(id) !== value) : [];
  });
  rows.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target !== rows) return;
    for (const [id, value] of later.splice(0)) {
      const field = document.getElementById(id);
      if (!field) continue;
      field[field.type === "checkbox" ? "checked" : "value"] = value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
});
