//! A server-sent event stream that closes itself when it is dropped.

use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{EventSource, MessageEvent};

/// What a stream says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEvent {
    /// It is connected.
    Opened,
    /// It brought an event; this is its `data`.
    Data(String),
    /// The connection was lost. The browser reconnects by itself, with the last event's id.
    Lost,
    /// The connection was refused, and the browser has given up.
    Refused,
}

/// An open stream. Dropping it closes the connection. Don't drop it inside its own listener.
pub struct EventStream(#[expect(dead_code, reason = "held for what dropping it does")] SendWrapper<Connection>);

struct Connection {
    source: EventSource,
    _opened: Closure<dyn Fn()>,
    _data: Closure<dyn Fn(MessageEvent)>,
    _failed: Closure<dyn Fn()>,
}

impl EventStream {
    /// Opens a stream. None when the URL isn't one.
    pub fn open(url: &str, listener: impl Fn(StreamEvent) + Clone + 'static) -> Option<Self> {
        let source = EventSource::new(url).ok()?;
        let opened = Closure::new({
            let listener = listener.clone();
            move || listener(StreamEvent::Opened)
        });
        let data = Closure::new({
            let listener = listener.clone();
            move |event: MessageEvent| {
                if let Some(text) = event.data().as_string() {
                    listener(StreamEvent::Data(text));
                }
            }
        });
        let failed = Closure::new({
            let source = source.clone();
            move || {
                let gave_up = source.ready_state() == EventSource::CLOSED;
                listener(if gave_up { StreamEvent::Refused } else { StreamEvent::Lost });
            }
        });
        source.set_onopen(Some(as_function(&opened)));
        source.set_onmessage(Some(as_function(&data)));
        source.set_onerror(Some(as_function(&failed)));
        Some(Self(SendWrapper::new(Connection { source, _opened: opened, _data: data, _failed: failed })))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onmessage(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

fn as_function<T: ?Sized>(closure: &Closure<T>) -> &js_sys::Function {
    closure.as_ref().unchecked_ref()
}
