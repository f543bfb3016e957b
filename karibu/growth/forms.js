/* Sign-up forms of Karibu on the shop's pages: <script src="https://…/forms.js" async></script>. A form that is embedded
   stands where the page says <div data-karibu-form="its-name"></div>; one that pops up does so by itself, once. */
(() => {
  "use strict";
  const host = new URL(document.currentScript.src).origin, doc = document, KEPT = "karibu_forms";
  const kept = () => { try { return JSON.parse(localStorage.getItem(KEPT)) || {}; } catch { return {}; } };
  const keep = (said) => { try { localStorage.setItem(KEPT, JSON.stringify({ ...kept(), ...said })); } catch { /* forbidden */ } };
  const query = new URLSearchParams(location.search), utm = {};
  for (const part of ["source", "medium", "campaign", "term", "content"]) if (query.get("utm_" + part)) utm[part] = query.get("utm_" + part);
  const visitor = () => { try { return window.karibu.id(); } catch { return ""; } };
  const tell = (slug, what, said) => fetch(host + "/forms/" + slug + "/" + what + "/", { method: "POST", body: JSON.stringify(said), credentials: "omit", keepalive: true });
  const make = (tag, set, ...inside) => {
    const made = Object.assign(doc.createElement(tag), set);
    made.append(...inside);
    return made;
  };
  const looks = `:host{font:inherit;color:inherit}dialog{border:0;border-radius:12px;padding:24px;max-width:min(26rem,92vw);box-shadow:0 12px 48px #0004}
    dialog::backdrop{background:#0006}form{display:grid;gap:12px;position:relative}h2,p{margin:0}label{display:grid;gap:4px}
    input{font:inherit;padding:10px;border:1px solid #8888;border-radius:8px;width:100%;box-sizing:border-box}
    .tick{display:flex;gap:8px;align-items:start;font-size:.9em}.tick input{width:auto;margin-top:.2em}
    button{font:inherit;padding:12px 16px;border:0;border-radius:8px;background:#a4492a;color:#fff;cursor:pointer}
    .shut{justify-self:end;background:none;color:inherit;padding:4px 8px}.trap{position:absolute;left:-9999px}
    :focus-visible{outline:3px solid #a4492a;outline-offset:2px}`;

  function draw(form, place, done) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(looks);
    place.adoptedStyleSheets = [sheet];
    const known = kept().known || [], { words } = form;
    const asked = form.fields.filter(({ name }) => !known.includes(name)).slice(0, form.at_once);
    const field = (name, label, type, autocomplete, required) => make("label", {}, label, make("input", { name, type, autocomplete, required, maxLength: 254 }));
    const status = make("p", { role: "status" });
    const heading = make("h2", { textContent: words.heading, id: "heading" });
    const answer = make("form", { noValidate: false },
      heading, make("p", { textContent: words.text }), field("email", form.email, "email", "email", true),
      ...asked.map((one) => field(one.name, one.label, one.type, one.fill, false)),
      make("label", { className: "tick" }, make("input", { type: "checkbox", name: "agree", required: true }), words.wording),
      make("label", { className: "trap", ariaHidden: "true" }, make("input", { name: "website", tabIndex: -1, autocomplete: "off" })),
      make("button", { textContent: words.button }), status);
    answer.setAttribute("aria-labelledby", "heading");
    answer.onsubmit = async (event) => {
      event.preventDefault();
      const said = Object.fromEntries(new FormData(answer));
      let ok;
      try {
        ok = (await tell(form.slug, "answer", { ...said, version: form.version, utm, url: location.href, language: form.language, id: visitor() })).ok;
      } catch { ok = false; }
      if (!ok) { status.textContent = form.failed; return; }
      keep({ known: [...known, ...asked.map(({ name }) => name)], ["done_" + form.slug]: 1 });
      answer.replaceChildren(make("p", { role: "status", textContent: words.thanks, tabIndex: -1 }));
      answer.firstChild.focus();
      done && setTimeout(done, 6000);
    };
    place.append(answer);
    return answer;
  }
  const seen = (form) => tell(form.slug, "view", { version: form.version });
  function embed(form, place) {
    draw(form, place.shadowRoot || place.attachShadow({ mode: "open" }));
    new IntersectionObserver((entries, watch) => { if (entries.some((one) => one.isIntersecting)) { watch.disconnect(); seen(form); } }).observe(place);
  }
  let open;
  function pop(form) {
    if (open || kept()["done_" + form.slug]) return;
    open = 1;
    const place = make("div"), root = place.attachShadow({ mode: "open" }), dialog = make("dialog", { ariaLabel: form.words.heading });
    const shut = make("button", { className: "shut", textContent: form.close, type: "button", onclick: () => dialog.close() });
    dialog.onclose = () => { keep({ ["done_" + form.slug]: 1 }); place.remove(); open = 0; };
    dialog.append(shut);
    root.append(dialog);
    doc.body.append(place);
    dialog.append(draw(form, root, () => dialog.close()));
    dialog.showModal();
    seen(form);
  }
  const WAYS = {
    seconds: (form) => setTimeout(pop, form.threshold * 1000, form),
    scroll: (form) => addEventListener("scroll", () => { const all = doc.documentElement; if (100 * (scrollY + innerHeight) >= form.threshold * all.scrollHeight) pop(form); }, { passive: true }),
    exit: (form) => doc.documentElement.addEventListener("mouseleave", ({ clientY }) => clientY <= 0 && pop(form)),
    cart: (form) => addEventListener("karibu:cart", ({ detail }) => detail >= form.threshold && pop(form))
  };
  const choose = (form) => {
    const name = "version_" + form.slug, is = kept()[name] || (Math.random() < 0.5 ? "a" : "b");
    keep({ [name]: is });
    const version = form.versions[is] ? is : "a";
    return { ...form, version, words: { ...form.versions[version], wording: form.wording } };
  };
  const page = doc.querySelector("[data-karibu-page]");
  if (page) tell(page.dataset.karibuPage, "view", { version: page.dataset.version });
  else fetch(host + "/forms/live.json?language=" + (doc.documentElement.lang || navigator.language), { credentials: "omit" }).then((answer) => answer.json()).then(({ forms }) => {
    for (const form of forms.map(choose)) {
      const places = doc.querySelectorAll('[data-karibu-form="' + form.slug + '"]');
      for (const place of places) embed(form, place);
      if (!places[0] && WAYS[form.shows]) WAYS[form.shows](form);
    }
  }).catch(() => {});
})();
