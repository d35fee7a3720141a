//! An editor for one file: CodeMirror, which is fetched when the first one is opened. What of it is ours stands in
//! `frontend/editor`.

use js_sys::Function;
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

#[wasm_bindgen(module = "codemirror")]
extern "C" {
    #[wasm_bindgen(js_name = loadEditor, catch)]
    async fn load_editor() -> Result<JsValue, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    type EditorModule;

    #[wasm_bindgen(method, catch)]
    fn open(
        this: &EditorModule,
        host: &HtmlElement,
        name: &str,
        saved: &str,
        text: &str,
        listener: &Function,
    ) -> Result<OpenEditor, JsValue>;

    type OpenEditor;

    #[wasm_bindgen(method)]
    fn text(this: &OpenEditor) -> String;

    #[wasm_bindgen(method)]
    fn settle(this: &OpenEditor);

    #[wasm_bindgen(method)]
    fn replace(this: &OpenEditor, text: &str);

    #[wasm_bindgen(method)]
    fn diverge(this: &OpenEditor, text: &str);

    #[wasm_bindgen(method)]
    fn show(this: &OpenEditor, other: Option<&str>);

    #[wasm_bindgen(method)]
    fn focus(this: &OpenEditor);

    #[wasm_bindgen(method)]
    fn close(this: &OpenEditor);
}

/// What happens in an editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditorEvent {
    /// Its text, which is another than the file's, is to be kept.
    Draft(String),
    /// Its text is the file's.
    Clean,
    /// Somebody wants to save.
    Save,
}

/// What opens editors, once it is there.
pub struct Editors(SendWrapper<EditorModule>);

/// An editor. Dropping it takes it out of the document.
pub struct Editor(SendWrapper<Held>);

struct Held {
    editor: OpenEditor,
    _listener: Closure<dyn Fn(JsValue, String)>,
}

impl Editors {
    /// Fetches CodeMirror. None when that fails, as it does without a connection.
    pub async fn load() -> Option<Self> {
        Some(Self(SendWrapper::new(load_editor().await.ok()?.unchecked_into())))
    }

    /// Opens a file with this name in an element: what it has, and what is edited. None when the browser can't.
    pub fn open(
        &self,
        host: &HtmlElement,
        name: &str,
        (saved, text): (&str, &str),
        listener: impl Fn(EditorEvent) + 'static,
    ) -> Option<Editor> {
        let listener = Closure::<dyn Fn(JsValue, String)>::new(move |text: JsValue, word: String| {
            listener(match (word.as_str(), text.as_string()) {
                ("draft", Some(text)) => EditorEvent::Draft(text),
                ("save", _) => EditorEvent::Save,
                _ => EditorEvent::Clean,
            });
        });
        let editor = self.0.open(host, name, saved, text, listener.as_ref().unchecked_ref()).ok()?;
        Some(Editor(SendWrapper::new(Held { editor, _listener: listener })))
    }
}

impl Editor {
    /// What is in it. [`Self::settle`] is about this text.
    pub fn text(&self) -> String {
        self.0.editor.text()
    }

    /// The text that was taken last is the file's now.
    pub fn settle(&self) {
        self.0.editor.settle();
    }

    /// Takes the file's text.
    pub fn replace(&self, text: &str) {
        self.0.editor.replace(text);
    }

    /// The file has this text, and the editor keeps its own.
    pub fn diverge(&self, text: &str) {
        self.0.editor.diverge(text);
    }

    /// Shows what is different in another text; with none, just its own.
    pub fn show(&self, other: Option<&str>) {
        self.0.editor.show(other);
    }

    /// Takes the focus.
    pub fn focus(&self) {
        self.0.editor.focus();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.editor.close();
    }
}
