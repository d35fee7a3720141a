//! Reading an answer line by line, as it comes.

use std::cell::Cell;
use std::rc::Rc;

use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::XmlHttpRequest;

/// An answer that is being read. Dropping it ends that.
pub struct LineReader(#[expect(dead_code, reason = "held for what dropping it does")] SendWrapper<Inner>);

struct Inner {
    request: XmlHttpRequest,
    _heard: Closure<dyn Fn()>,
    _ended: Closure<dyn Fn()>,
}

/// What comes of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Whole lines.
    Lines(String),
    /// It has ended, with this status and what isn't a whole line; with 0 it broke off, or never began.
    End(u16, String),
}

impl LineReader {
    /// Asks for what is at an address. None when the browser can't.
    pub fn get(url: &str, listener: impl Fn(Piece) + Clone + 'static) -> Option<Self> {
        let request = XmlHttpRequest::new().ok()?;
        request.open("GET", url).ok()?;
        let read = Rc::new(Cell::new(0));
        let heard = {
            let (request, read, listener) = (request.clone(), read.clone(), listener.clone());
            Closure::<dyn Fn()>::new(move || take(&request, &read, &listener))
        };
        let ended = {
            let request = request.clone();
            Closure::<dyn Fn()>::new(move || {
                take(&request, &read, &listener);
                let rest = text(&request).get(read.get()..).unwrap_or_default().to_owned();
                listener(Piece::End(request.status().unwrap_or_default(), rest));
            })
        };
        request.set_onprogress(Some(heard.as_ref().unchecked_ref()));
        request.set_onloadend(Some(ended.as_ref().unchecked_ref()));
        request.send().ok()?;
        Some(Self(SendWrapper::new(Inner { request, _heard: heard, _ended: ended })))
    }
}

/// Tells the whole lines that haven't been told.
fn take(request: &XmlHttpRequest, read: &Cell<usize>, listener: &impl Fn(Piece)) {
    let text = text(request);
    let unread = text.get(read.get()..).unwrap_or_default();
    if let Some(end) = unread.rfind('\n') {
        read.set(read.get() + end + 1);
        listener(Piece::Lines(unread[..end].to_owned()));
    }
}

fn text(request: &XmlHttpRequest) -> String {
    request.response_text().ok().flatten().unwrap_or_default()
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.request.set_onprogress(None);
        self.request.set_onloadend(None);
        // It fails only for a request that wasn't sent.
        drop(self.request.abort());
    }
}
