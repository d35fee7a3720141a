//! Watching the sizes of elements.

use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, ResizeObserver, ResizeObserverEntry};

/// Calls a listener with the elements whose size changed, after layout and before paint. Dropping it ends that.
pub struct SizeWatch(SendWrapper<Observer>);

struct Observer {
    observer: ResizeObserver,
    _changed: Closure<dyn Fn(js_sys::Array)>,
}

impl SizeWatch {
    /// A watch that doesn't watch any element yet.
    pub fn new(listener: impl Fn(Vec<Element>) + 'static) -> Option<Self> {
        let changed = Closure::new(move |entries: js_sys::Array| {
            let elements =
                entries.iter().filter_map(|entry| Some(entry.dyn_into::<ResizeObserverEntry>().ok()?.target()));
            listener(elements.collect());
        });
        let observer = ResizeObserver::new(AsRef::<wasm_bindgen::JsValue>::as_ref(&changed).unchecked_ref()).ok()?;
        Some(Self(SendWrapper::new(Observer { observer, _changed: changed })))
    }

    /// Watches an element too. The listener is called for it once at first.
    pub fn watch(&self, element: &Element) {
        self.0.observer.observe(element);
    }

    /// Watches an element no longer.
    pub fn forget(&self, element: &Element) {
        self.0.observer.unobserve(element);
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
