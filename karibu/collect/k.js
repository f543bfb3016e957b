/* Karibu's browser snippet. <script src="https://HOST/k.js" data-key="wk_..." async></script>
   Calls: karibu.track(name, properties), identify(userId, traits), page(name, properties), group(id, traits), reset();
   subscribe(publicKey, workerUrl) for notifications;
   before it has loaded: (window.karibu = window.karibu || []).push(["track", name, properties]).
   Marks: data-karibu='["track", "Product Viewed", {...}]' is sent when shown, data-karibu-click='[...]' when clicked.
   data-auto="off" on the script: nothing but calls. Under Global Privacy Control nothing is sent by itself and no id kept.
   It is served without comments and spaces (snippet.py). */
(() => {
  "use strict";
  const doc = document, script = doc.currentScript || doc.querySelector("script[data-key]");
  const { key: writeKey, host, auto: wish } = script.dataset, url = new URL("/v1/batch", host || script.src).href;
  let quiet = navigator.globalPrivacyControl === true, pause = 0, timer, shown;
  const auto = !quiet && wish !== "off", memory = {}, flying = {};
  const ID = "karibu_id", USER = "karibu_user", OUTBOX = "karibu_outbox", CAMPAIGN = "karibu_campaign", MESSAGE = "karibu_message";
  const SESSION = "sessionStorage";

  /* What is kept: in the browser, or for this page only where the visitor or the browser does not want it. */
  const read = (name, where = "localStorage") => {
    try { if (!quiet) return JSON.parse(window[where].getItem(name)); } catch (e) { quiet = true; }
    return memory[name];
  };
  const keep = (name, value, where = "localStorage") => {
    memory[name] = value;
    try {
      if (!quiet) value == null ? window[where].removeItem(name) : window[where].setItem(name, JSON.stringify(value));
    } catch (e) { quiet = true; /* storage is full or forbidden */ }
  };
  const session = (name) => memory[name] || read(name, SESSION) || undefined;
  const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join("");
  const visitor = () => {
    const cookie = quiet ? 0 : doc.cookie.match(/(?:^|;\s)karibu_id=(\w+)/);
    const id = read(ID) || memory[ID] || (cookie && cookie[1]) || random();
    if (memory[ID] !== id) remember(id);
    return id;
  };
  const remember = (id) => {
    keep(ID, id);
    if (!quiet) doc.cookie = ID + "=" + id + ";path=/;max-age=31536000;samesite=lax";
  };

  /* Where the visitor came from; kept for the visit, so that the order at its end can be told why. */
  const arrive = () => {
    const query = new URLSearchParams(location.search), message = query.get("k_m"), campaign = {};
    for (const part of ["source", "medium", "campaign", "term", "content"]) {
      const value = query.get("utm_" + part);
      if (value) campaign[part === "campaign" ? "name" : part] = value;
    }
    if (Object.keys(campaign)[0]) keep(CAMPAIGN, campaign, SESSION);
    if (message) keep(MESSAGE, message, SESSION);
  };
  const address = () => {
    const here = new URL(location.href);
    here.searchParams.delete("k_m"); /* says who was written to */
    here.hash = "";
    return here;
  };
  const context = () => {
    const { href, pathname, search } = address(), { width, height } = screen;
    return {
      page: { url: href, path: pathname, search, title: doc.title, referrer: doc.referrer },
      campaign: session(CAMPAIGN), message: session(MESSAGE),
      locale: navigator.language, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      userAgent: navigator.userAgent, screen: { width, height, density: devicePixelRatio },
      library: { name: "karibu.js", version: "1" }
    };
  };

  /* The outbox outlives the page: what was not confirmed is sent again from the next one. Message ids make that harmless. */
  const waiting = () => read(OUTBOX) || [];
  const later = (time) => {
    clearTimeout(timer);
    timer = setTimeout(flush, time);
  };
  const put = (event) => {
    const said = { messageId: random(), timestamp: new Date(), anonymousId: visitor(), userId: read(USER) || undefined, context: context() };
    keep(OUTBOX, [...waiting(), { ...event, ...said }].slice(-200));
    later(pause || 250);
  };
  const flush = (leaving) => {
    if (leaving !== true && Object.keys(flying)[0]) return;
    const batch = waiting().filter((event) => !flying[event.messageId]).slice(0, 50);
    if (!batch[0]) return;
    while (batch[1] && JSON.stringify(batch).length > 5e4) batch.pop(); /* keepalive allows 64 kB */
    const body = JSON.stringify({ writeKey, sentAt: new Date(), batch });
    for (const event of batch) flying[event.messageId] = 1;
    fetch(url, { method: "POST", body, keepalive: body.length < 6e4, credentials: "omit" }).then(
      ({ status }) => landed(batch, status !== 408 && status !== 429 && status < 500), () => landed(batch));
  };
  const landed = (batch, done) => {
    const ids = batch.map((event) => event.messageId);
    for (const id of ids) delete flying[id];
    if (done) keep(OUTBOX, waiting().filter((event) => !ids.includes(event.messageId)));
    pause = done ? 0 : Math.min((pause || 500) * 2, 6e4);
    if (waiting()[0]) later(pause);
  };

  const calls = {
    track: (event, properties) => put({ type: "track", event, properties }),
    page: (name, properties) => put({ type: "page", name, properties: { ...context().page, ...properties } }),
    group: (groupId, traits) => put({ type: "group", groupId, traits }),
    identify(id, traits) {
      if (id && typeof id === "object") traits = id;
      else if (id) keep(USER, String(id));
      put({ type: "identify", traits });
    },
    reset() {
      keep(USER, null);
      remember(random());
    },
    /* Notifications: asks the visitor, and tells of the browser that said yes. The worker is a file of the shop's own. */
    async subscribe(key, worker = "/karibu-worker.js") {
      const { pushManager } = (await navigator.serviceWorker.register(worker), await navigator.serviceWorker.ready);
      const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
      calls.track("Push Subscribed", { subscription });
      return subscription;
    },
    flush,
    id: visitor,
    push(call) {
      try { calls[call[0]](...call.slice(1)); } catch (e) { console.warn("karibu:", call, e); }
    }
  };
  const view = () => {
    arrive();
    const { href } = address();
    if (!auto || href === shown) return;
    shown = href;
    calls.page();
  };
  const marked = (name, element) => {
    try { calls.push(JSON.parse(element.getAttribute(name))); } catch (e) { console.warn("karibu:", element, e); }
  };
  const soon = () => setTimeout(view, 50); /* the new page's title comes after its address */
  for (const name of ["pushState", "replaceState"]) {
    const real = history[name];
    history[name] = (...given) => {
      real.apply(history, given);
      soon();
    };
  }
  addEventListener("popstate", soon);
  addEventListener("pagehide", () => flush(true));
  doc.addEventListener("visibilitychange", () => doc.visibilityState === "hidden" && flush(true));
  doc.addEventListener("click", ({ target }) => {
    const element = target.closest && target.closest("[data-karibu-click]");
    if (element) marked("data-karibu-click", element);
  }, true);
  const start = () => {
    const early = window.karibu;
    window.karibu = calls;
    view();
    if (auto) doc.querySelectorAll("[data-karibu]").forEach((element) => marked("data-karibu", element));
    if (Array.isArray(early)) early.forEach(calls.push);
    flush();
  };
  doc.readyState === "loading" ? doc.addEventListener("DOMContentLoaded", start) : start();
})();
