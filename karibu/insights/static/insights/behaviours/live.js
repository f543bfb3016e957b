// The home page as it happens: rows come in on top, today's numbers are swapped. Without the stream it asks every few
// seconds and says so, quietly.
behave("live", (list) => {
  const SHOWN = 14;
  const POLL = 10_000;
  const state = document.getElementById("live-state");
  const today = document.getElementById("today");
  let polling = 0;

  function say(now) {
    if (state.dataset.now === now) return;
    state.dataset.now = now;
    state.textContent = state.dataset[now];
  }

  function elements(html) {
    const part = document.createElement("template");
    part.innerHTML = html;
    return [...part.content.children];
  }

  function show(html) {
    const known = new Set([...list.children].map((row) => row.dataset.key));
    for (const row of elements(html).reverse()) {
      if (known.has(row.dataset.key)) continue;
      row.classList.add("moment--fresh");
      list.prepend(row);
    }
    while (list.children.length > SHOWN) list.lastElementChild.remove();
  }

  function swap(html) {
    const before = {};
    for (const tile of today.children) before[tile.dataset.metric] = tile.querySelector(".stat__value").textContent;
    const focused = document.activeElement?.dataset?.metric;
    const tiles = elements(html);
    for (const tile of tiles) {
      if (before[tile.dataset.metric] !== tile.querySelector(".stat__value").textContent) tile.classList.add("tile--fresh");
    }
    today.replaceChildren(...tiles);
    if (focused) today.querySelector(`[data-metric="${focused}"]`)?.focus();
  }

  async function poll() {
    try {
      const answer = await fetch(list.dataset.fallback, { headers: { Accept: "application/json" } });
      if (answer.redirected) return location.reload(); // signed out meanwhile
      if (!answer.ok) return;
      const now = await answer.json();
      show(now.moments);
      swap(now.numbers);
    } catch {
      // offline: the next round tries again
    }
  }

  function lost() {
    say("lost");
    if (polling) return;
    polling = setInterval(poll, POLL);
    poll();
  }

  function listen() {
    if (!window.EventSource) return lost();
    const stream = new EventSource(list.dataset.stream);
    stream.onopen = () => {
      say("live");
      clearInterval(polling);
      polling = 0;
    };
    stream.addEventListener("moments", (event) => show(event.data));
    stream.addEventListener("numbers", (event) => swap(event.data));
    stream.onerror = () => {
      lost();
      // The browser comes back by itself unless it was refused.
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 3 * POLL);
    };
    window.addEventListener("pagehide", () => stream.close(), { once: true });
  }

  function age() {
    for (const when of list.querySelectorAll("time")) {
      const seconds = Math.max(0, Math.round((Date.now() - Date.parse(when.dateTime)) / 1000));
      if (seconds < 60) when.textContent = seconds < 5 ? list.dataset.now : list.dataset.seconds.replace("%", seconds);
      else if (seconds < 3600) when.textContent = list.dataset.minutes.replace("%", Math.floor(seconds / 60));
    }
  }

  setInterval(age, 5000);
  listen();
});
