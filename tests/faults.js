// What anybody can see is wrong with a page, as sentences; an empty list is well. axe finds more, more slowly.
() => {
  const faults = [];
  const shown = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const say = (what, element) => faults.push(`${what}: ${element.outerHTML.slice(0, 140)}`);
  const named = (element) =>
    element.getAttribute("aria-label") || element.getAttribute("title") || element.textContent.trim() ||
    (element.getAttribute("aria-labelledby") || "").split(" ").some((id) => document.getElementById(id)) ||
    [...element.querySelectorAll("img[alt], svg[aria-label]")].some((one) => one.alt || one.ariaLabel);

  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!field.labels?.length && !field.ariaLabel && !field.getAttribute("aria-labelledby")) say("no label", field);
  }
  for (const one of document.querySelectorAll("button, a[href], summary")) if (!named(one)) say("no name", one);
  for (const image of document.querySelectorAll("img:not([alt])")) say("no alt", image);
  for (const frame of document.querySelectorAll("iframe:not([title])")) say("no title", frame);

  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of new Set(ids.filter((one, at) => ids.indexOf(one) !== at))) faults.push(`the id ${id} is given twice`);
  const titles = [...document.querySelectorAll("h1:not(.as-sample)")].filter(shown).length;
  const isPart = !document.querySelector("main");
  if (!isPart && titles !== 1) faults.push(`${titles} titles (h1)`);
  if (!isPart && !document.title) faults.push("no title");

  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) {
    const over = [...document.body.querySelectorAll("*")].find((one) => one.getBoundingClientRect().right > innerWidth + 1);
    faults.push(`wider than the window by ${wide} px: ${over ? over.outerHTML.slice(0, 140) : ""}`);
  }

  // Contrast of every text with what is behind it, WCAG 2.1 AA. Colours are read off a canvas: any colour space will do.
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const read = {};
  const rgba = (colour) => {
    if (!read[colour]) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
      read[colour] = [r, g, b, a / 255];
    }
    return read[colour];
  };
  const over = ([r, g, b, a], [r2, g2, b2]) => [r * a + r2 * (1 - a), g * a + g2 * (1 - a), b * a + b2 * (1 - a), 1];
  const behind = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (style.backgroundImage.includes("url(")) return null; // a picture: nobody can say
      const colour = rgba(style.backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((one) => one / 255).map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const poor = new Set();
  for (const element of document.body.querySelectorAll("*")) {
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!text || element.closest("svg, noscript, .unseen, [disabled], [aria-disabled=true]") || !shown(element)) continue;
    const ground = behind(element);
    if (!ground) continue;
    const style = getComputedStyle(element);
    const [one, other] = [light(over(rgba(style.color), ground)), light(ground)];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const kind = `${element.tagName}.${element.className} ${style.color}`;
    if (ratio < least - 0.01 && !poor.has(kind)) {
      poor.add(kind);
      say(`contrast ${ratio.toFixed(2)} of ${least}`, element);
    }
  }
  return faults;
}
