// Keeps the page in step with the broker: its stream of events says when something has happened,
// and the page is then brought up to date from the server, which renders everything in one place.

import { say } from "./api.js";
import { refresh } from "./patch.js";

const eventSettleMilliseconds = 120;
// However much happens, the page is asked for no more often than this.
const refreshGapMilliseconds = 600;
// Reports of devices are no events: their time left and traffic are asked for.
const reportMilliseconds = 15000;
const retryMilliseconds = 3000;

const words = {
  live: "● Live",
  paused: "‖ Paused",
  waiting: "◌ Reconnecting",
  ended: "✕ Logged out",
};

let source = null;
let isPaused = false;
let timer = 0;
let isRefreshing = false;
let refreshedAt = -Infinity;
let isDue = false;

function show(state) {
  const mark = document.getElementById("live");
  if (mark.dataset.state === state) return;
  const before = mark.dataset.state;
  mark.dataset.state = state;
  mark.textContent = words[state];
  if (before !== "off" || state !== "live") say(words[state].slice(2));
}

function plan(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(bringUpToDate, milliseconds);
}

async function bringUpToDate() {
  if (isPaused || document.hidden) return;
  if (isRefreshing) {
    isDue = true;
    return;
  }
  isRefreshing = true;
  isDue = false;
  let wait = reportMilliseconds;
  try {
    if ((await refresh()) === "ended") return end();
    if (source?.readyState === EventSource.OPEN) show("live");
  } catch {
    show("waiting");
    wait = retryMilliseconds;
  } finally {
    isRefreshing = false;
    refreshedAt = performance.now();
  }
  if (isDue) planSoon();
  else plan(wait);
}

function planSoon() {
  const rest = refreshedAt + refreshGapMilliseconds - performance.now();
  plan(Math.max(eventSettleMilliseconds, rest));
}

function end() {
  close();
  clearTimeout(timer);
  show("ended");
  location.reload();
}

function close() {
  source?.close();
  source = null;
}

function announce(data) {
  const event = JSON.parse(data).data;
  say([event.kind, event.product, event.actor, event.reason].filter(Boolean).join(", "));
}

function open() {
  const path = document.getElementById("main").dataset.stream;
  if (source || !path || isPaused || document.hidden) return;
  source = new EventSource(path);
  source.onopen = () => {
    show("live");
    plan(0);
  };
  source.onmessage = (message) => {
    announce(message.data);
    // The first of many is shown soon, the rest with it.
    if (isRefreshing) isDue = true;
    else planSoon();
  };
  source.onerror = () => {
    show("waiting");
    if (source.readyState !== EventSource.CLOSED) return;
    // Refused: the session is over, or the broker has too many streams. The page will tell.
    close();
    setTimeout(() => {
      open();
      plan(0);
    }, retryMilliseconds);
  };
}

/** Stops and goes on; what happened meanwhile is shown then. */
export function togglePause(button) {
  isPaused = !isPaused;
  button.setAttribute("aria-pressed", String(isPaused));
  button.textContent = isPaused ? "Go on" : "Pause";
  if (isPaused) {
    close();
    show("paused");
  } else {
    open();
  }
}

/** Something was done here: its effect is shown soon. */
export function refreshSoon() {
  if (document.getElementById("live")) plan(0);
}

export function beginLive() {
  if (!document.getElementById("live")) return;
  open();
  plan(reportMilliseconds);
  // Browsers have few connections to one server: a page that nobody sees needs none.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && open());
}
