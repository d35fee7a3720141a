// What the WASM imports of the editor. It has to be there from the beginning, so it is small: the rest is fetched with the first file that is edited.

export function loadEditor() {
  return import('./late/editor.js');
}
