/* Karibu's browser snippet. <script src="https://HOST/k.js" data-key="wk_..." async></script>
   Calls: karibu.track(name, properties), identify(userId, traits), page(name, properties), group(id, traits), reset();
   before it has loaded: (window.karibu = window.karibu || []).push(["track", name, properties]).
   Marks: data-karibu='["track", "Product Viewed", {...}]' is sent when shown, data-karibu-click='[...]' when clicked.
   data-auto="off" on the script: nothing but calls. Under Global Privacy Control nothing is sent by itself and no id kept. */
(function () {
  "use strict";
  var script = document.currentScript || document.querySelector("script[data-key]");
  var key = script.dataset.key, url = new URL("/v1/batch", script.dataset.host || script.src).href;
  var quiet = navigator.globalPrivacyControl === true, auto = !quiet && script.dataset.auto !== "off";
  var memory = {}, flying = {}, outbox = "karibu_outbox", pause = 0, timer = 0, shown = "";

  /* What is kept: in the browser, or for this page only where the visitor or the browser does not want it. */
  function store(name, value, where) {
    if (arguments.length > 1) memory[name] = value;
    if (quiet) return memory[name];
    try {
      where = window[where || "localStorage"];
      if (arguments.length < 2) return JSON.parse(where.getItem(name));
      value == null ? where.removeItem(name) : where.setItem(name, JSON.stringify(value));
    } catch (e) { quiet = true; /* storage is full or forbidden */ }
    return memory[name];
  }
  function session(name, value) {
    if (value) store(name, value, "sessionStorage");
    try { return memory[name] || (quiet ? null : JSON.parse(sessionStorage.getItem(name))); } catch (e) { return null; }
  }
  function random() {
    var bytes = crypto.getRandomValues(new Uint8Array(16)), text = "";
    for (var i = 0; i < 16; i++) text += (bytes[i] + 256).toString(16).slice(1);
    return text;
  }
  function visitor() {
    var cookie = quiet ? null : (document.cookie.match(/(?:^|; )karibu_id=(\w+)/) || [])[1];
    var id = store("karibu_id") || memory.karibu_id || cookie || random();
    if (memory.karibu_id !== id) remember(id);
    return id;
  }
  function remember(id) {
    store("karibu_id", id);
    if (!quiet) document.cookie = "karibu_id=" + id + ";path=/;max-age=31536000;samesite=lax";
  }

  /* Where the visitor came from; kept for the visit, so that the order at its end can be told why. */
  function arrive() {
    var query = new URLSearchParams(location.search), campaign = {}, any = false;
    ["source", "medium", "campaign", "term", "content"].forEach(function (part) {
      var value = query.get("utm_" + part);
      if (value) any = campaign[part === "campaign" ? "name" : part] = value;
    });
    if (any) session("karibu_campaign", campaign);
    if (query.get("k_m")) session("karibu_message", query.get("k_m"));
  }
  function address() {
    var here = new URL(location.href);
    here.searchParams.delete("k_m"); /* says who was written to */
    here.hash = "";
    return here;
  }
  function context() {
    var here = address();
    return {
      page: { url: here.href, path: here.pathname, search: here.search, title: document.title, referrer: document.referrer },
      campaign: session("karibu_campaign") || undefined, message: session("karibu_message") || undefined,
      locale: navigator.language, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      userAgent: navigator.userAgent, screen: { width: screen.width, height: screen.height, density: devicePixelRatio },
      library: { name: "karibu.js", version: "1" }
    };
  }

  /* The outbox outlives the page: what was not confirmed is sent again from the next one. Message ids make that harmless. */
  function waiting() { return store(outbox) || []; }
  function put(event) {
    event.messageId = random();
    event.timestamp = new Date().toISOString();
    event.anonymousId = visitor();
    event.userId = event.userId || store("karibu_user") || undefined;
    event.context = context();
    store(outbox, waiting().concat(event).slice(-200));
    clearTimeout(timer);
    timer = setTimeout(flush, pause || 250);
  }
  function flush(leaving) {
    if (Object.keys(flying).length && leaving !== true) return;
    var events = waiting().filter(function (event) { return !flying[event.messageId]; }).slice(0, 50);
    if (!events.length) return;
    while (events.length > 1 && JSON.stringify(events).length > 5e4) events.pop(); /* keepalive allows 64 kB */
    var body = JSON.stringify({ writeKey: key, sentAt: new Date().toISOString(), batch: events });
    events.forEach(function (event) { flying[event.messageId] = true; });
    fetch(url, { method: "POST", body: body, keepalive: body.length < 6e4, credentials: "omit" }).then(function (answer) {
      var again = answer.status === 408 || answer.status === 429 || answer.status > 499;
      landed(events, !again);
    }, function () { landed(events, false); });
  }
  function landed(events, done) {
    var ids = events.map(function (event) { delete flying[event.messageId]; return event.messageId; });
    if (done) store(outbox, waiting().filter(function (event) { return ids.indexOf(event.messageId) < 0; }));
    pause = done ? 0 : Math.min((pause || 500) * 2, 6e4);
    clearTimeout(timer);
    if (waiting().length) timer = setTimeout(flush, pause);
  }

  var calls = {
    track: function (name, properties) { put({ type: "track", event: name, properties: properties }); },
    page: function (name, properties) { put({ type: "page", name: name, properties: properties }); },
    group: function (id, traits) { put({ type: "group", groupId: id, traits: traits }); },
    identify: function (id, traits) {
      if (id && typeof id === "object") { traits = id; id = null; }
      if (id) store("karibu_user", String(id));
      put({ type: "identify", traits: traits });
    },
    reset: function () { store("karibu_user", null); remember(random()); },
    flush: flush,
    id: visitor,
    push: function (call) {
      try { calls[call[0]].apply(null, call.slice(1)); } catch (e) { console.warn("karibu:", call, e); }
    }
  };
  function view() {
    arrive();
    if (!auto || address().href === shown) return;
    shown = address().href;
    calls.page();
  }
  function marked(name, element) {
    try { calls.push(JSON.parse(element.getAttribute(name))); } catch (e) { console.warn("karibu:", element, e); }
  }
  function soon() { setTimeout(view, 50); /* the new page's title comes after its address */ }
  ["pushState", "replaceState"].forEach(function (name) {
    var real = history[name];
    history[name] = function () { real.apply(history, arguments); soon(); };
  });
  addEventListener("popstate", soon);
  addEventListener("pagehide", function () { flush(true); });
  document.addEventListener("visibilitychange", function () { if (document.visibilityState === "hidden") flush(true); });
  document.addEventListener("click", function (click) {
    var element = click.target.closest && click.target.closest("[data-karibu-click]");
    if (element) marked("data-karibu-click", element);
  }, true);
  function start() {
    var early = window.karibu;
    window.karibu = calls;
    view();
    if (auto) document.querySelectorAll("[data-karibu]").forEach(marked.bind(null, "data-karibu"));
    (Array.isArray(early) ? early : []).forEach(calls.push);
    if (waiting().length) flush();
  }
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();
