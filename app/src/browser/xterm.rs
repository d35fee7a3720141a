//! xterm.js: a screen that shows what a terminal prints, and tells what is typed.
//!
//! The bindings are those of the crate `xterm-js-rs`; what xterm.js has learnt since they were made stands in `modern`. The
//! JavaScript itself is fetched when the first screen is opened.

mod colours;
mod modern;

use std::any::Any;
use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Function, Object, Reflect, Uint8Array};
use octobot_wire::terminal::TerminalSize;
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, KeyboardEvent};
use xterm_js_rs::addons::fit::FitAddon;
use xterm_js_rs::{Terminal, TerminalOptions};

use self::modern::{ModernParser, ModernSearch, ModernTerminal};

/// So many lines can be scrolled back to.
const SCROLLBACK_LINES: u32 = 10_000;

/// The size of the characters, in CSS pixels.
const FONT_PX: u32 = 13;

/// So many places of a text are counted at most: as many as the addon for searching counts.
pub const MOST_FOUND: u32 = 1_000;

/// What xterm.js tells a program that wants to know when the screen gets the focus and loses it: nobody types that.
const FOCUS_REPORTS: [&str; 2] = ["\x1b[I", "\x1b[O"];

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The place that is selected, from 0; the oldest is the first.
    pub place: Option<u32>,
    /// How many places there are.
    pub count: u32,
}

/// What happens at a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScreenEvent {
    /// Somebody typed or pasted this.
    Typed(String),
    /// The screen itself answers a question that was printed.
    Replied(String),
    /// What runs wants to be called so.
    Title(String),
    /// A link was pressed.
    Link(String),
    /// Somebody wants to search.
    Find,
    /// This was found, by now.
    Found(Found),
    /// The browser didn't let what is selected be copied.
    NotCopied,
    /// Somebody wants to leave by the keyboard.
    Leave,
}

/// A screen. Dropping it takes it out of the document.
pub struct Screen(SendWrapper<Inner>);

struct Inner {
    terminal: Terminal,
    fit: FitAddon,
    search: ModernSearch,
    host: HtmlElement,
    _held: Vec<Box<dyn Any>>,
}

/// Fetches xterm.js. None when that fails, as it does without a connection.
pub async fn load() -> Option<()> {
    modern::load().await.ok().map(drop)
}

impl Screen {
    /// Opens a screen in an element. xterm.js has to be loaded. None when the browser can't show one.
    pub fn open(
        host: HtmlElement,
        screen_reader: bool,
        listener: impl Fn(ScreenEvent) + Clone + 'static,
    ) -> Option<Self> {
        let mut held: Vec<Box<dyn Any>> = Vec::new();
        let terminal = Terminal::construct(Some(&options(&host, screen_reader, &listener, &mut held)));
        let modern: &ModernTerminal = terminal.unchecked_ref();
        let (fit, search) = (FitAddon::new(), ModernSearch::new());
        for addon in [fit.as_ref(), search.as_ref()] {
            modern.load_addon(addon).ok()?;
        }
        let heard = listener.clone();
        search.on_results(&hold(
            &mut held,
            Closure::<dyn Fn(JsValue)>::new(move |found| heard(ScreenEvent::Found(read_found(&found)))),
        ));
        terminal.open(host.clone());
        modern::extend(modern, &link_handler(&listener, &mut held)).ok()?;
        listen(modern, &listener, &mut held);
        Some(Self(SendWrapper::new(Inner { terminal, fit, search, host, _held: held })))
    }

    /// Shows bytes; `done` is called when it has.
    pub fn write(&self, bytes: &[u8], done: impl FnOnce() + 'static) {
        let done = Closure::once_into_js(done);
        self.modern().write_bytes(&Uint8Array::from(bytes), done.unchecked_ref());
    }

    /// Shows the newest line.
    pub fn scroll_to_bottom(&self) {
        self.0.terminal.scroll_to_bottom();
    }

    /// Whether a program runs that is to be told where a paste begins and ends.
    pub fn wants_brackets(&self) -> bool {
        self.modern().modes().bracketed_paste()
    }

    /// Clears everything.
    pub fn reset(&self) {
        self.0.terminal.reset();
    }

    /// Takes the focus.
    pub fn focus(&self) {
        self.0.terminal.focus();
    }

    /// The size that its element has room for; none while it isn't shown.
    pub fn room(&self) -> Option<TerminalSize> {
        if self.0.host.client_width() == 0 {
            return None;
        }
        let dimensions = self.0.fit.propose_dimensions();
        let dimension = |name| {
            let value = Reflect::get(dimensions.as_ref(), &JsValue::from_str(name)).ok()?.as_f64()?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a screen has some hundred cells"
            )]
            value.is_finite().then_some(value as u16)
        };
        Some(TerminalSize { columns: dimension("cols")?, rows: dimension("rows")? }.clamped())
    }

    /// Takes a size.
    pub fn resize(&self, size: TerminalSize) {
        let terminal = &self.0.terminal;
        if (terminal.get_cols(), terminal.get_rows()) != (size.columns.into(), size.rows.into()) {
            terminal.resize(size.columns.into(), size.rows.into());
        }
    }

    /// Takes the colours that the document has now. What was found is marked again with the next search.
    pub fn recolour(&self) {
        self.0.search.clear_decorations();
        set(&self.modern().options(), "theme", &colours::theme(&self.0.host));
    }

    /// Tells a screen reader what it shows, or stops that.
    pub fn set_screen_reader(&self, on: bool) {
        set(&self.modern().options(), "screenReaderMode", &on.into());
    }

    /// Finds a text below, or above, what is selected, and selects it. What was found is told.
    pub fn find(&self, text: &str, above: bool) {
        let options = Object::new();
        set(&options, "decorations", &colours::of_search(&self.0.host));
        let search = &self.0.search;
        if above {
            search.find_previous(text, &options)
        } else {
            search.find_next(text, &options)
        };
    }

    /// Shows nothing of a search any more, and selects nothing.
    pub fn end_search(&self) {
        self.0.search.clear_decorations();
        self.0.terminal.clear_selection();
    }

    /// Whether programs want the arrow keys as applications get them.
    pub fn wants_application_keys(&self) -> bool {
        self.modern().modes().application_cursor_keys()
    }

    fn modern(&self) -> &ModernTerminal {
        self.0.terminal.unchecked_ref()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.terminal.dispose();
    }
}

fn options(
    host: &HtmlElement,
    screen_reader: bool,
    listener: &(impl Fn(ScreenEvent) + Clone + 'static),
    held: &mut Vec<Box<dyn Any>>,
) -> TerminalOptions {
    let options = Object::new();
    // What counts the cells of characters by Unicode 11 is proposed still.
    set(&options, "allowProposedApi", &true.into());
    set(&options, "fontFamily", &colours::font(host));
    set(&options, "fontSize", &FONT_PX.into());
    set(&options, "scrollback", &SCROLLBACK_LINES.into());
    set(&options, "screenReaderMode", &screen_reader.into());
    set(&options, "theme", &colours::theme(host));
    // Links that a program hides behind another text.
    let hidden_links = Object::new();
    set(&hidden_links, "activate", &link_handler(listener, held));
    set(&options, "linkHandler", &hidden_links);
    options.unchecked_into()
}

fn link_handler(listener: &(impl Fn(ScreenEvent) + Clone + 'static), held: &mut Vec<Box<dyn Any>>) -> Function {
    let listener = listener.clone();
    hold(held, Closure::<dyn Fn(JsValue, String)>::new(move |_event, url| listener(ScreenEvent::Link(url))))
}

/// Hears what is typed, what is answered, titles and keys.
fn listen(
    terminal: &ModernTerminal,
    listener: &(impl Fn(ScreenEvent) + Clone + 'static),
    held: &mut Vec<Box<dyn Any>>,
) {
    let answers = Rc::new(Cell::new(false));
    let asked = hold(held, Closure::<dyn Fn() -> bool>::new(when_asked(answers.clone())));
    watch_questions(&terminal.parser(), &asked);
    let heard = listener.clone();
    let data = move |data: String| {
        let is_told = answers.get() || FOCUS_REPORTS.contains(&data.as_str());
        heard(if is_told { ScreenEvent::Replied(data) } else { ScreenEvent::Typed(data) });
    };
    terminal.on_data(&hold(held, Closure::<dyn Fn(String)>::new(data)));
    let heard = listener.clone();
    terminal.on_title(&hold(held, Closure::<dyn Fn(String)>::new(move |title| heard(ScreenEvent::Title(title)))));
    let (heard, of_keys) = (listener.clone(), terminal.clone());
    let key = move |event: KeyboardEvent| take_key(&of_keys, &event, &heard);
    terminal.handle_keys(&hold(held, Closure::<dyn Fn(KeyboardEvent) -> bool>::new(key)));
}

/// xterm.js answers a question right after it has told of it, and before anything else can happen.
fn when_asked(answers: Rc<Cell<bool>>) -> impl Fn() -> bool {
    move || {
        answers.set(true);
        let answers = answers.clone();
        wasm_bindgen_futures::spawn_local(async move { answers.set(false) });
        // The question is xterm.js's to answer.
        false
    }
}

/// The questions that xterm.js answers by typing: device attributes and status, the cursor's place, modes, settings, colours.
fn watch_questions(parser: &ModernParser, asked: &Function) {
    for (prefix, intermediates, last) in [
        ("", "", "c"),
        (">", "", "c"),
        ("=", "", "c"),
        ("", "", "n"),
        ("?", "", "n"),
        ("", "$", "p"),
        ("?", "$", "p"),
        ("", "", "t"),
        ("?", "", "u"),
        (">", "", "q"),
    ] {
        parser.on_csi(&sequence(prefix, intermediates, last), asked);
    }
    for (intermediates, last) in [("$", "q"), ("+", "q")] {
        parser.on_dcs(&sequence("", intermediates, last), asked);
    }
    for code in [4, 10, 11, 12] {
        parser.on_osc(code, asked);
    }
}

fn sequence(prefix: &str, intermediates: &str, last: &str) -> Object {
    let sequence = Object::new();
    for (name, value) in [("prefix", prefix), ("intermediates", intermediates), ("final", last)] {
        if !value.is_empty() {
            set(&sequence, name, &JsValue::from_str(value));
        }
    }
    sequence
}

/// Keys that are the page's and not the program's. Tells whether it is the program's.
fn take_key(
    terminal: &ModernTerminal,
    event: &KeyboardEvent,
    listener: &(impl Fn(ScreenEvent) + Clone + 'static),
) -> bool {
    let commands = event.ctrl_key() || event.meta_key();
    let key = event.key();
    let is_find = commands && !event.shift_key() && !event.alt_key() && key == "f";
    let is_copy = event.ctrl_key() && event.shift_key() && key == "C";
    let is_leave = event.shift_key() && key == "Escape";
    if !(is_find || is_copy || is_leave) {
        return true;
    }
    event.prevent_default();
    if event.type_() == "keydown" {
        if is_find {
            listener(ScreenEvent::Find);
        } else if is_leave {
            listener(ScreenEvent::Leave);
        } else if terminal.has_selection() {
            let (selected, listener) = (terminal.selection(), listener.clone());
            wasm_bindgen_futures::spawn_local(async move {
                if !super::clipboard::copy(selected).await {
                    listener(ScreenEvent::NotCopied);
                }
            });
        }
    }
    false
}

/// What the addon for searching tells.
fn read_found(told: &JsValue) -> Found {
    let number = |name| {
        let value = Reflect::get(told, &JsValue::from_str(name)).ok()?.as_f64()?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "there are at most a thousand")]
        (value >= 0.0).then_some(value as u32)
    };
    Found { place: number("resultIndex"), count: number("resultCount").unwrap_or_default() }
}

fn hold<T: ?Sized + 'static>(held: &mut Vec<Box<dyn Any>>, closure: Closure<T>) -> Function {
    let function = closure.as_ref().unchecked_ref::<Function>().clone();
    held.push(Box::new(closure));
    function
}

fn set(object: &Object, name: &str, value: &JsValue) {
    // It fails only for objects that are frozen.
    drop(Reflect::set(object, &JsValue::from_str(name), value));
}
