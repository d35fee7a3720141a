//! What xterm.js has learnt since the crate's bindings were made, and how it gets into the page.

use js_sys::{Function, Object, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "xterm")]
extern "C" {
    #[wasm_bindgen(js_name = SearchAddon, extends = Object)]
    pub(super) type ModernSearch;

    #[wasm_bindgen(constructor, js_class = "SearchAddon")]
    pub(super) fn new() -> ModernSearch;

    #[wasm_bindgen(method, js_name = findNext)]
    pub(super) fn find_next(this: &ModernSearch, text: &str, options: &Object) -> bool;

    #[wasm_bindgen(method, js_name = findPrevious)]
    pub(super) fn find_previous(this: &ModernSearch, text: &str, options: &Object) -> bool;

    #[wasm_bindgen(method, js_name = clearDecorations)]
    pub(super) fn clear_decorations(this: &ModernSearch);

    #[wasm_bindgen(method, js_name = onDidChangeResults)]
    pub(super) fn on_results(this: &ModernSearch, listener: &Function);

    /// Fetches xterm.js, its addons and its style sheet.
    #[wasm_bindgen(catch)]
    pub(super) async fn load() -> Result<JsValue, JsValue>;

    /// Gives a terminal that was opened what makes links of addresses, the widths of characters by Unicode 11, and WebGL where the browser has it.
    #[wasm_bindgen(catch)]
    pub(super) fn extend(terminal: &ModernTerminal, on_link: &Function) -> Result<(), JsValue>;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = Object)]
    #[derive(Clone)]
    pub(super) type ModernTerminal;

    #[wasm_bindgen(method, js_name = write)]
    pub(super) fn write_bytes(this: &ModernTerminal, bytes: &Uint8Array, done: &Function);

    #[wasm_bindgen(method, js_name = loadAddon, catch)]
    pub(super) fn load_addon(this: &ModernTerminal, addon: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method, getter)]
    pub(super) fn options(this: &ModernTerminal) -> Object;

    #[wasm_bindgen(method, getter)]
    pub(super) fn parser(this: &ModernTerminal) -> ModernParser;

    #[wasm_bindgen(method, getter)]
    pub(super) fn modes(this: &ModernTerminal) -> Modes;

    #[wasm_bindgen(method, js_name = onData)]
    pub(super) fn on_data(this: &ModernTerminal, listener: &Function);

    #[wasm_bindgen(method, js_name = onTitleChange)]
    pub(super) fn on_title(this: &ModernTerminal, listener: &Function);

    #[wasm_bindgen(method, js_name = attachCustomKeyEventHandler)]
    pub(super) fn handle_keys(this: &ModernTerminal, handler: &Function);

    #[wasm_bindgen(method, js_name = getSelection)]
    pub(super) fn selection(this: &ModernTerminal) -> String;

    #[wasm_bindgen(method, js_name = hasSelection)]
    pub(super) fn has_selection(this: &ModernTerminal) -> bool;

    pub(super) type Modes;

    #[wasm_bindgen(method, getter, js_name = bracketedPasteMode)]
    pub(super) fn bracketed_paste(this: &Modes) -> bool;

    #[wasm_bindgen(method, getter, js_name = applicationCursorKeysMode)]
    pub(super) fn application_cursor_keys(this: &Modes) -> bool;

    pub(super) type ModernParser;

    #[wasm_bindgen(method, js_name = registerCsiHandler)]
    pub(super) fn on_csi(this: &ModernParser, sequence: &Object, handler: &Function);

    #[wasm_bindgen(method, js_name = registerDcsHandler)]
    pub(super) fn on_dcs(this: &ModernParser, sequence: &Object, handler: &Function);

    #[wasm_bindgen(method, js_name = registerOscHandler)]
    pub(super) fn on_osc(this: &ModernParser, code: u32, handler: &Function);
}
