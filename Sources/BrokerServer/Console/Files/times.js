// Moments in the reader's zone, and time that is left, counted down between two reports.

const two = (number) => String(number).padStart(2, "0");

function localText(date) {
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
}

/** Rewrites every moment under `root`; its title keeps the time in UTC. */
export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.title = time.dateTime;
    time.textContent = localText(new Date(time.dateTime));
  }
}

/** As the server writes it. */
export function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return `${hours} h ${two(minutes % 60)} min`;
  return minutes > 0 ? `${minutes} min ${two(seconds % 60)} s` : `${seconds} s`;
}

// When the number of each element was right: the page's own clock, which nobody sets.
const ends = new WeakMap();

/** Takes what the server has said of the time left under `root`. */
export function takeTimesLeft(root) {
  for (const left of root.querySelectorAll("[data-left]")) {
    ends.set(left, performance.now() + 1000 * Number(left.dataset.left));
  }
  tick();
}

function tick() {
  for (const left of document.querySelectorAll("[data-left]")) {
    const seconds = Math.max(0, Math.round((ends.get(left) - performance.now()) / 1000));
    const text = seconds > 0 ? duration(seconds) : "any moment";
    if (left.textContent !== text) left.textContent = text;
    left.classList.toggle("soon", seconds <= 60);
  }
}

export function beginTimes() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.getElementById("zone")?.replaceChildren(zone || "your own zone");
  localise(document);
  takeTimesLeft(document);
  setInterval(tick, 1000);
}
