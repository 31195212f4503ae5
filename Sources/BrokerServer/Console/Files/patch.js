// Makes a part of the page equal to what the server has rendered anew, touching only what differs:
// focus, selection and scrolling stay where they are.

import { describe } from "./listening.js";
import { localise, takeTimesLeft } from "./times.js";

/** The page as it is now, or null when the broker has none for us. */
async function latest() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  const type = response.headers.get("Content-Type") ?? "";
  if (!type.startsWith("text/html")) return null;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.getElementById("token") ? { ended: true } : page.getElementById("main");
}

function patchAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

const isSame = (old, fresh) =>
  old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && old.id === fresh.id;

function patchChildren(old, fresh, marksNew) {
  const byID = new Map();
  for (const child of old.children) if (child.id) byID.set(child.id, child);
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const known = wanted.id ? byID.get(wanted.id) : place && isSame(place, wanted) ? place : null;
    if (!known) {
      const made = document.importNode(wanted, true);
      if (marksNew && made.id) made.classList.add("fresh");
      old.insertBefore(made, place);
      continue;
    }
    if (known !== place) old.insertBefore(known, place);
    else place = place.nextSibling;
    patch(known, wanted);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function patch(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  patchAttributes(old, fresh);
  // What somebody types stays.
  if (old.nodeName === "FORM") return;
  patchChildren(old, fresh, old.nodeName === "TABLE" || old.nodeName === "UL");
}

/** Brings the page up to date: "current", or "ended" when the session is over. */
export async function refresh() {
  const fresh = await latest();
  if (fresh?.ended) return "ended";
  if (!fresh) throw new Error("the broker sent no page");
  localise(fresh);
  describe(fresh);
  const main = document.getElementById("main");
  patchChildren(main, fresh, false);
  takeTimesLeft(main);
  return "current";
}
