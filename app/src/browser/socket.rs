//! A WebSocket that closes itself when it is dropped.

use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{BinaryType, MessageEvent, WebSocket};

/// What comes over a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketEvent {
    /// It is connected.
    Opened,
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// It is closed, or couldn't be opened: browsers don't tell which, nor why.
    Closed,
}

/// An open socket. Dropping it closes the connection. Don't drop it inside its own listener.
pub struct Socket(SendWrapper<Connection>);

struct Connection {
    socket: WebSocket,
    _opened: Closure<dyn Fn()>,
    _message: Closure<dyn Fn(MessageEvent)>,
    _closed: Closure<dyn Fn()>,
}

impl Socket {
    /// Connects to a path of this server. None when the browser won't.
    pub fn open(path: &str, listener: impl Fn(SocketEvent) + Clone + 'static) -> Option<Self> {
        let location = leptos::prelude::window().location();
        let scheme = if location.protocol().ok()? == "https:" { "wss" } else { "ws" };
        let socket = WebSocket::new(&format!("{scheme}://{}{path}", location.host().ok()?)).ok()?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let opened = Closure::new({
            let listener = listener.clone();
            move || listener(SocketEvent::Opened)
        });
        let message = Closure::new({
            let listener = listener.clone();
            move |event: MessageEvent| {
                let data = event.data();
                match data.as_string() {
                    Some(text) => listener(SocketEvent::Text(text)),
                    None => listener(SocketEvent::Bytes(js_sys::Uint8Array::new(&data).to_vec())),
                }
            }
        });
        let closed = Closure::new(move || listener(SocketEvent::Closed));
        socket.set_onopen(Some(as_function(&opened)));
        socket.set_onmessage(Some(as_function(&message)));
        socket.set_onclose(Some(as_function(&closed)));
        Some(Self(SendWrapper::new(Connection { socket, _opened: opened, _message: message, _closed: closed })))
    }

    /// Sends a text. One that isn't connected sends nothing, and says so by being closed.
    pub fn send_text(&self, text: &str) {
        if self.is_open() {
            drop(self.0.socket.send_with_str(text));
        }
    }

    /// Sends bytes; see [`Socket::send_text`].
    pub fn send_bytes(&self, bytes: &[u8]) {
        if self.is_open() {
            drop(self.0.socket.send_with_u8_array(bytes));
        }
    }

    /// Whether it takes something. One that is closing would complain on the console.
    fn is_open(&self) -> bool {
        self.0.socket.ready_state() == WebSocket::OPEN
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // It fails only for codes that aren't codes.
        drop(self.socket.close());
    }
}

fn as_function<T: ?Sized>(closure: &Closure<T>) -> &js_sys::Function {
    closure.as_ref().unchecked_ref()
}
