// Connect, close, closeall and copy.

import { call, element, Problem, problemSection, say } from "./api.js";
import { describe, subject } from "./listening.js";
import { refreshSoon, togglePause } from "./live.js";
import { duration } from "./times.js";

const pollMilliseconds = 500;
// A device has a minute to answer.
const patienceMilliseconds = 70000;

const slot = (dialog, name) => dialog.querySelector(`[data-slot="${name}"]`);

function fill(dialog, name, text) {
  for (const place of dialog.querySelectorAll(`[data-slot="${name}"]`)) place.textContent = text;
}

function showProblem(dialog, error) {
  const fields = error instanceof Problem ? error.fields : { detail: String(error), code: "page" };
  slot(dialog, "outcome").replaceChildren(problemSection(fields));
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Asks again while the way to the broker is broken; a request under its key is one request. */
async function persistently(ask, until) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (error.fields?.code !== "brokerUnreachable" || performance.now() > until) throw error;
      await pause(pollMilliseconds);
    }
  }
}

/** One request for a connection: from the button to the address, or to the reason why not. */
class Attempt {
  constructor(dialog, product) {
    this.dialog = dialog;
    this.product = product;
    this.connection = null;
    this.isOver = false;
    this.isLeft = false;
  }

  step(current, isDone = false) {
    let state = "done";
    for (const item of this.dialog.querySelectorAll("[data-step]")) {
      const isCurrent = item.dataset.step === current;
      if (isCurrent && !isDone) state = "now";
      item.dataset.state = state;
      if (isCurrent) {
        const text = item.textContent + (isDone ? ": done" : "");
        const status = slot(this.dialog, "step");
        if (status.textContent !== text) status.textContent = text;
        state = "later";
      }
    }
  }

  async run(body) {
    const began = performance.now();
    const clock = setInterval(() => {
      const seconds = Math.round((performance.now() - began) / 1000);
      fill(this.dialog, "elapsed", `${duration(seconds)} so far; a device has a minute to answer.`);
    }, 1000);
    try {
      this.step("asked");
      const path = `/v1/devices/${encodeURIComponent(this.product)}/connections`;
      const headers = { Prefer: "respond-async", "Idempotency-Key": crypto.randomUUID() };
      const until = began + patienceMilliseconds;
      let view = await persistently(() => call("POST", path, { body, headers }), until);
      this.connection = view.id;
      if (this.isLeft) return this.withdraw();
      this.step("tunnel");
      while (view.phase === "requested" && !this.isLeft) {
        await pause(pollMilliseconds);
        view = await persistently(() => call("GET", `/v1/connections/${view.id}`), until);
      }
      if (!this.isLeft) this.finish(view);
    } catch (error) {
      if (!this.isLeft) this.fail(error);
    } finally {
      clearInterval(clock);
      refreshSoon();
    }
  }

  finish(view) {
    if (view.phase !== "up") {
      const failure = view.failure ?? {
        detail: "The connection was closed before you could use it.",
        cause: `Its reason is ${view.reason}.`,
        nextStep: "Connect again if you need it.",
        code: view.reason,
      };
      return this.fail(new Problem(failure));
    }
    this.end("Done");
    this.step("up", true);
    const list = element("dl", "", "facts");
    const idle = duration(view.inactivitySeconds) + (view.inactivityWasClamped ? " (limited)" : "");
    list.append(
      fact("VPN address", view.vpnAddress, true),
      fact("Connection id", view.id, true),
      fact("Closes when idle for", idle, false),
    );
    slot(this.dialog, "outcome").replaceChildren(list);
    say(`Connected to ${this.product}: ${view.vpnAddress}`);
  }

  fail(error) {
    this.end("Close");
    for (const item of this.dialog.querySelectorAll('[data-state="now"]')) {
      item.dataset.state = "failed";
    }
    showProblem(this.dialog, error);
  }

  end(label) {
    this.isOver = true;
    slot(this.dialog, "leaving").hidden = true;
    fill(this.dialog, "elapsed", "");
    const button = this.dialog.querySelector(".progress .buttons button");
    button.textContent = label;
    button.focus();
  }

  /** Nobody waits any more: what was asked for is taken back. */
  leave() {
    if (this.isOver || this.isLeft) return;
    this.isLeft = true;
    if (this.connection) this.withdraw();
  }

  withdraw() {
    call("DELETE", `/v1/connections/${this.connection}`, { keepalive: true })
      .catch(() => {})
      .finally(refreshSoon);
  }
}

function fact(name, text, isCopyable) {
  const group = element("div");
  const value = element("dd");
  value.append(element(isCopyable ? "code" : "span", text));
  if (isCopyable) {
    const button = element("button", "Copy");
    button.type = "button";
    button.dataset.do = "copy";
    value.append(" ", button);
    describe(value);
  }
  group.append(element("dt", name), value);
  return group;
}

let attempt = null;

function askToConnect({ product, name }) {
  const dialog = document.getElementById("connect");
  const form = dialog.querySelector("form");
  const progress = dialog.querySelector(".progress");
  form.reset();
  form.hidden = false;
  progress.hidden = true;
  fill(dialog, "device", name);
  form.onsubmit = (event) => {
    event.preventDefault();
    const body = {};
    if (form.note.value.trim()) body.note = form.note.value.trim();
    if (form.idle.value) body.inactivitySeconds = 60 * Number(form.idle.value);
    form.hidden = true;
    progress.hidden = false;
    slot(dialog, "outcome").replaceChildren();
    slot(dialog, "leaving").hidden = false;
    const button = progress.querySelector(".buttons button");
    button.textContent = "Cancel the request";
    button.focus();
    attempt = new Attempt(dialog, product);
    attempt.run(body);
  };
  dialog.onclose = () => {
    attempt?.leave();
    attempt = null;
  };
  dialog.showModal();
}

function askToClose({ question, effect, verb, path }) {
  const dialog = document.getElementById("close");
  const form = dialog.querySelector("form");
  fill(dialog, "question", question);
  fill(dialog, "effect", effect);
  fill(dialog, "verb", verb);
  slot(dialog, "outcome").replaceChildren();
  const button = slot(dialog, "verb");
  button.disabled = false;
  form.onsubmit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await call("DELETE", path, { headers: { "Idempotency-Key": crypto.randomUUID() } });
      dialog.close();
      say(`${question} Done.`);
    } catch (error) {
      showProblem(dialog, error);
    } finally {
      refreshSoon();
    }
  };
  dialog.showModal();
}

async function copy(button) {
  const { text } = subject(button);
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    say(`Copied ${text}`);
  } catch {
    // The browser does not let us: what is marked can be copied by hand.
    getSelection().selectAllChildren(button.previousElementSibling);
    say(`Marked ${text}; copy it with the keyboard.`);
    return;
  }
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

const actions = {
  connect: (button) => askToConnect(subject(button)),
  close: (button) => {
    const { connection, user, product } = subject(button);
    askToClose({
      question: `Close the connection of ${user} on ${product}?`,
      effect: "If it is the last one, the device's tunnel closes, too.",
      verb: "Close the connection",
      path: `/v1/connections/${connection}`,
    });
  },
  closeall: (button) => {
    const { product, name, count } = subject(button);
    askToClose({
      question: `Close everything on ${name}?`,
      effect: `${count} connection${count === "1" ? "" : "s"} and the tunnel end, whoever uses them.`,
      verb: "Close all",
      path: `/v1/devices/${encodeURIComponent(product)}/connections`,
    });
  },
  copy,
  dismiss: (button) => button.closest("dialog").close(),
  pause: togglePause,
};

export function beginActions() {
  describe(document);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) actions[button.dataset.do]?.(button);
  });
  addEventListener("pagehide", () => attempt?.leave());
}
