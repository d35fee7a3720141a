// xterm.js in the page: fetched with its addons when the first terminal is shown, and made to keep the page's content security
// policy. The names of its parts are those that the build gives them.

let xterm;
let loading;

/** Fetches xterm.js, its addons and its style sheet. After a failure it can be tried again. */
export function load() {
  loading ??= fetchAll().then(
    (modules) => {
      xterm = modules;
    },
    (error) => {
      loading = undefined;
      throw error;
    },
  );
  return loading;
}

async function fetchAll() {
  // WebGL without a graphics card is slower than elements are.
  const wanted = { failIfMajorPerformanceCaveat: true };
  const hasGraphics = document.createElement('canvas').getContext('webgl2', wanted) !== null;
  const names = ['xterm', 'addon-fit', 'addon-search', 'addon-unicode11', 'addon-web-links'];
  if (hasGraphics) names.push('addon-webgl');
  const modules = names.map((name) => import(`./${name}.js`));
  const [, ...loaded] = await Promise.all([styleSheet(), ...modules]);
  return Object.assign({}, ...loaded);
}

function styleSheet() {
  return new Promise((resolve, reject) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = new URL('./xterm.css', import.meta.url).href;
    link.onload = resolve;
    link.onerror = reject;
    document.head.append(link);
  });
}

// The content security policy takes style elements with the page's nonce, and no style attributes; what is set through the
// CSSOM it takes. xterm.js knows of neither, so what it makes is told here. (Its option for another document doesn't reach all of it.)
const make = document.createElement.bind(document);

document.createElement = (...args) => {
  const element = make(...args);
  if (element instanceof HTMLStyleElement) element.nonce = document.querySelector('script[nonce]')?.nonce ?? '';
  if (element instanceof HTMLSpanElement) element.setAttribute = setAttribute;
  return element;
};

function setAttribute(name, value) {
  if (name === 'style') this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

/** Makes a terminal. */
export function terminal(options) {
  return new xterm.Terminal(options);
}

/** Makes what fits a terminal into its place. */
export function fitAddon() {
  return new xterm.FitAddon();
}

/** Makes what searches a terminal. */
export function searchAddon() {
  return new xterm.SearchAddon();
}

/**
 * Gives a terminal that was opened what makes links of addresses and the widths of characters by Unicode 11, and has it draw with
 * WebGL where the browser has that.
 */
export function extend(terminal, onLink) {
  terminal.loadAddon(new xterm.WebLinksAddon(onLink));
  terminal.loadAddon(new xterm.Unicode11Addon());
  terminal.unicode.activeVersion = '11';
  if (xterm.WebglAddon) useGraphics(terminal);
}

// Where that fails, or is lost later, the document's elements draw.
function useGraphics(terminal) {
  const graphics = new xterm.WebglAddon();
  graphics.onContextLoss(() => graphics.dispose());
  try {
    terminal.loadAddon(graphics);
  } catch {
    graphics.dispose();
  }
}
