// What those who see a page take from its layout and those who hear it do not. The server leaves it
// out: it would be much of the page, and buttons do nothing without scripts anyway.

const roles = { TABLE: "table", TR: "row", TH: "columnheader", TD: "cell" };

const names = {
  connect: ({ name }) => `Connect to ${name}`,
  close: ({ connection, user }) => `Close connection ${connection} of ${user}`,
  closeall: ({ name }) => `Close all connections of ${name}`,
  copy: ({ text }) => `Copy ${text}`,
};

/** What a button is about: the device and the connection in whose place it stands, the text before it. */
export function subject(button) {
  const device = button.closest("[data-product]");
  const connection = button.closest("li, tbody");
  return {
    product: device?.dataset.product,
    name: device?.querySelector("bdi")?.textContent,
    connection: connection?.id,
    user: connection?.querySelector("bdi")?.textContent,
    text: button.previousElementSibling?.textContent,
    count: button.dataset.count,
  };
}

/** Tables under `root` stay tables when they are laid out as cards, and buttons say their subject. */
export function describe(root) {
  for (const part of root.querySelectorAll("table, tr, th, td")) {
    part.setAttribute("role", roles[part.nodeName]);
  }
  for (const button of root.querySelectorAll("[data-do]")) {
    const name = names[button.dataset.do]?.(subject(button));
    if (name) button.setAttribute("aria-label", name);
  }
}
