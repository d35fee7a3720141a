//! Files that a person picks, pastes or drops.

use js_sys::Reflect;
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use web_sys::{Blob, DataTransfer, Event, File, FileList, HtmlInputElement};

/// A file that a person gave.
pub type GivenFile = SendWrapper<File>;

/// The files that a paste or a drop brings. A paste with text as well is a paste of the text: office programs add a
/// picture of it.
pub fn brought_by(event: &Event) -> Vec<GivenFile> {
    let transfer = ["dataTransfer", "clipboardData"].into_iter().find_map(|name| {
        let value = Reflect::get(event, &name.into()).ok()?;
        (!value.is_undefined() && !value.is_null()).then(|| value.unchecked_into::<DataTransfer>())
    });
    let Some(transfer) = transfer else { return Vec::new() };
    if transfer.get_data("text/plain").is_ok_and(|text| !text.is_empty()) {
        return Vec::new();
    }
    listed(transfer.files())
}

/// The files that were picked, which the input forgets, so that the same ones can be picked again.
pub fn picked_in(event: &Event) -> Vec<GivenFile> {
    let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else {
        return Vec::new();
    };
    let files = listed(input.files());
    input.set_value("");
    files
}

/// How many bytes a file has.
pub fn size_of(file: &Blob) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a whole number of bytes")]
    let size = file.size() as usize;
    size
}

fn listed(list: Option<FileList>) -> Vec<GivenFile> {
    let Some(list) = list else { return Vec::new() };
    (0..list.length()).filter_map(|place| list.get(place)).map(SendWrapper::new).collect()
}
