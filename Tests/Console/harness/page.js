// Measures of a page, for the tests.

/** Texts whose contrast with what is behind them is below `wanted` (WCAG 2.2, 1.4.3). */
function poorContrasts(wanted) {
  const channel = (value) => {
    const c = value / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color[3] !== 0) return color;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [a, b] = [parse(getComputedStyle(element).color), behind(element)].map(light);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < wanted) found.push(`${walker.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
  }
  return found;
}

/** Controls without a name, and names that are there twice. */
function poorControls() {
  const found = [];
  for (const control of document.querySelectorAll("button, input, select, a[href]")) {
    if (control.type === "hidden") continue;
    const name = control.getAttribute("aria-label") || control.textContent.trim()
      || [...(control.labels ?? [])].map((label) => label.textContent).join("");
    if (!name) found.push(control.outerHTML);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  return found.concat(ids.filter((id, index) => ids.indexOf(id) !== index));
}

/** Elements that stick out of a page that should not scroll sideways. */
function wideElements() {
  const width = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.checkVisibility() && !element.closest(".unseen, .skip"))
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .map((element) => element.outerHTML.slice(0, 120));
}
