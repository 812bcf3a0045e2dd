/* The only script that Streamlit carries: it fetches the panel's module and style once, and hands it data. */
const slots = new WeakMap();

export default function (component) {
  const { parentElement } = component;
  let slot = slots.get(parentElement);
  if (!slot) {
    slot = { component, panel: null, closed: false };
    slots.set(parentElement, slot);
    start(slot);
  }
  slot.component = component;
  slot.panel?.update(component);
  return () => {
    slot.closed = true;
    slot.panel?.close();
    slots.delete(parentElement);
  };
}

async function start(slot) {
  const { data, parentElement } = slot.component;
  const base = new URL(data.assets, location.origin);
  try {
    const [module, sheet] = await Promise.all([
      import(new URL(data.module, base).href),
      styleSheet(new URL("panel.css", base).href),
    ]);
    if (slot.closed) return;
    const root = parentElement.getRootNode();
    if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
    slot.panel = new module.default(parentElement);
    slot.panel.update(slot.component);
  } catch (error) {
    console.error(error);
    parentElement.textContent = "This panel could not be loaded. Reload the page.";
  }
}

function styleSheet(url) {
  const sheets = (window[Symbol.for("hftlib.sheets")] ??= new Map());
  if (!sheets.has(url)) {
    sheets.set(url, fetch(url).then((reply) => reply.text())
      .then((text) => new CSSStyleSheet().replace(text)));
  }
  return sheets.get(url);
}
