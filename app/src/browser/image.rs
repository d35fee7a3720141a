//! Making images smaller, by the browser's own means.

use super::files::size_of;
use js_sys::Promise;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, ImageBitmap};

/// How well a JPEG image looks, from 0 to 1.
const QUALITY: f64 = 0.85;

/// An image with at most so many pixels a side and at most so many bytes, of a kind that every model takes: the same one
/// where it is that already. None when the browser can't read it.
pub async fn shrunk(image: &Blob, most_pixels: u32, most_bytes: usize) -> Option<Blob> {
    let reading = leptos::prelude::window().create_image_bitmap_with_blob(image).ok()?;
    let bitmap: ImageBitmap = JsFuture::from(reading).await.ok()?.dyn_into().ok()?;
    let longest = bitmap.width().max(bitmap.height());
    let fits = |image: &Blob| size_of(image) <= most_bytes;
    if longest <= most_pixels && fits(image) && is_common(&image.type_()) {
        return Some(image.clone());
    }
    let scale = (f64::from(most_pixels) / f64::from(longest)).min(1.0);
    let canvas = drawn(&bitmap, scale)?;
    if image.type_() != "image/jpeg"
        && let Some(png) = encoded(&canvas, "image/png").await
        && fits(&png)
    {
        return Some(png);
    }
    encoded(&canvas, "image/jpeg").await
}

fn is_common(media_type: &str) -> bool {
    matches!(media_type, "image/png" | "image/jpeg" | "image/gif" | "image/webp")
}

fn drawn(bitmap: &ImageBitmap, scale: f64) -> Option<HtmlCanvasElement> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a side has some thousand pixels")]
    let side = |pixels: u32| (f64::from(pixels) * scale).round().max(1.0) as u32;
    let canvas: HtmlCanvasElement = leptos::prelude::document().create_element("canvas").ok()?.dyn_into().ok()?;
    let (width, height) = (side(bitmap.width()), side(bitmap.height()));
    canvas.set_width(width);
    canvas.set_height(height);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    let drawing =
        context.draw_image_with_image_bitmap_and_dw_and_dh(bitmap, 0.0, 0.0, f64::from(width), f64::from(height));
    drawing.ok().map(|()| canvas)
}

async fn encoded(canvas: &HtmlCanvasElement, media_type: &str) -> Option<Blob> {
    let encoding = Promise::new(&mut |resolve, _| {
        let done = Closure::once_into_js(move |blob: JsValue| {
            // A promise takes any value.
            drop(resolve.call1(&JsValue::UNDEFINED, &blob));
        });
        // It fails only for a canvas with pixels of another site.
        drop(canvas.to_blob_with_type_and_encoder_options(
            done.unchecked_ref(),
            media_type,
            &JsValue::from_f64(QUALITY),
        ));
    });
    JsFuture::from(encoding).await.ok()?.dyn_into().ok()
}
