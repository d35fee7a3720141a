//! Sending a file and hearing how far it is, which only this old interface of browsers tells.

use js_sys::Promise;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ProgressEvent, XmlHttpRequest};

/// Posts a file, and returns the status and the text of the answer; none when no answer came. `progress` is told
/// percents.
pub async fn post(url: &str, file: &Blob, progress: impl Fn(u8) + 'static) -> Option<(u16, String)> {
    let request = XmlHttpRequest::new().ok()?;
    request.open("POST", url).ok()?;
    send(request, file, Box::new(progress)).await
}

/// The same, but puts a file where none is yet.
pub async fn put_new(url: &str, file: &Blob, progress: impl Fn(u8) + 'static) -> Option<(u16, String)> {
    let request = XmlHttpRequest::new().ok()?;
    request.open("PUT", url).ok()?;
    request.set_request_header("if-none-match", "*").ok()?;
    send(request, file, Box::new(progress)).await
}

async fn send(request: XmlHttpRequest, file: &Blob, progress: Box<dyn Fn(u8)>) -> Option<(u16, String)> {
    let heard = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
        if event.length_computable() && event.total() > 0.0 {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 100")]
            progress((event.loaded() / event.total() * 100.0) as u8);
        }
    });
    request.upload().ok()?.set_onprogress(Some(heard.as_ref().unchecked_ref()));
    let ended = Promise::new(&mut |resolve, _| request.set_onloadend(Some(&resolve)));
    request.send_with_opt_blob(Some(file)).ok()?;
    JsFuture::from(ended).await.ok()?;
    let status = request.status().ok().filter(|status| *status != 0)?;
    Some((status, request.response_text().ok().flatten().unwrap_or_default()))
}
