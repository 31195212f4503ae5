// The broker's JSON API. The browser sends the session's cookie by itself.

/** A refusal of the broker, as problem+json says it. */
export class Problem extends Error {
  constructor(fields) {
    super(fields.detail);
    this.fields = fields;
  }
}

const unreachable = {
  code: "brokerUnreachable",
  detail: "The broker did not answer.",
  cause: "It is down, or the way to it is broken.",
  nextStep: "Running connections live on; try again in a moment.",
};

/** Asks and returns the answer's JSON; throws a Problem for whatever else comes. */
export async function call(method, path, { body, headers = {}, keepalive = false } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      keepalive,
      headers: body ? { "Content-Type": "application/json", ...headers } : headers,
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Problem(unreachable);
  }
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  throw new Problem(answer?.code ? answer : { ...unreachable, detail: `HTTP ${response.status}` });
}

/** An element with text in it: whatever is said, it stays text. */
export function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** What happened, the likely cause, the next step: as the server's pages show it. */
export function problemSection({ detail, cause, nextStep, code }) {
  const section = element("section", "", "problem");
  section.setAttribute("role", "alert");
  const list = element("dl");
  for (const [term, text] of [["Cause", cause], ["Next step", nextStep]]) {
    if (text) list.append(element("dt", term), element("dd", text));
  }
  const shownCode = element("dd");
  shownCode.append(element("code", code));
  list.append(element("dt", "Code"), shownCode);
  section.append(element("h3", detail), list);
  return section;
}

/** Tells those who hear the page instead of seeing it. */
export function say(text) {
  document.getElementById("said").textContent = text;
}
