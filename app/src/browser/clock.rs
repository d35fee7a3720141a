//! The browser's clock and its randomness.

use octobot_wire::Timestamp;
use uuid::Uuid;

/// Now, by the browser's clock.
pub fn now() -> Timestamp {
    // A double holds milliseconds exactly for the next 280,000 years.
    #[expect(clippy::cast_possible_truncation, reason = "Date.now() is a whole number of milliseconds")]
    Timestamp(js_sys::Date::now() as i64)
}

/// A point in time in the words of the browser's language and zone.
pub fn in_words(at: Timestamp) -> String {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double")]
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at.0 as f64));
    String::from(date.to_locale_string("default", &wasm_bindgen::JsValue::UNDEFINED))
}

/// The time of day, in the words of the browser's language and zone.
pub fn time_of_day(at: Timestamp) -> String {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double")]
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at.0 as f64));
    String::from(date.to_locale_time_string("default"))
}

/// A key for a request that must take effect once, however often it is sent.
pub fn idempotency_key() -> Uuid {
    let mut bytes = [0; 16];
    leptos::prelude::window()
        .crypto()
        .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes))
        .expect("every browser that runs WASM has crypto.getRandomValues");
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
