// What the WASM imports of xterm.js. It has to be there from the beginning, so it is small: the rest is fetched with the first terminal.

let screen;

export async function load() {
  screen ??= await import('./late/screen.js');
  await screen.load();
}

export function Terminal(options) {
  return screen.terminal(options);
}

export function FitAddon() {
  return screen.fitAddon();
}

export function SearchAddon() {
  return screen.searchAddon();
}

export function extend(terminal, onLink) {
  screen.extend(terminal, onLink);
}
