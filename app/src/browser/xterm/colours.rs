//! The colours and the font of a screen, from the style sheet's tokens. xterm.js draws by itself, so it wants them as values.

use js_sys::Object;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

use super::set;
use crate::browser::dom;

/// What xterm.js calls the sixteen colours, in their order.
const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "brightBlack",
    "brightRed",
    "brightGreen",
    "brightYellow",
    "brightBlue",
    "brightMagenta",
    "brightCyan",
    "brightWhite",
];

/// The colours as the document has them now.
pub(super) fn theme(host: &HtmlElement) -> JsValue {
    let theme = Object::new();
    let own = [
        ("background", "--ansi-background"),
        ("foreground", "--ansi-foreground"),
        ("cursor", "--ansi-foreground"),
        ("cursorAccent", "--ansi-background"),
        ("selectionBackground", "--ground-active"),
    ];
    let own = own.map(|(name, token)| (name, token.to_owned()));
    let numbered = NAMES.iter().enumerate().map(|(number, name)| (*name, format!("--ansi-{number}")));
    if let Some(probe) = probe(host) {
        for (name, token) in own.into_iter().chain(numbered) {
            dom::set_property(&probe, "color", &format!("var({token})"));
            set(&theme, name, &JsValue::from_str(&computed(&probe, "color")));
        }
        probe.remove();
    }
    theme.into()
}

/// The colours of places where something was found, and of the one that is selected.
pub(super) fn of_search(host: &HtmlElement) -> JsValue {
    let colours = Object::new();
    if let Some(probe) = probe(host) {
        for (names, token) in [
            (["matchBackground", "matchOverviewRuler"], "--warning-soft"),
            (["activeMatchBorder", "activeMatchColorOverviewRuler"], "--warning"),
        ] {
            dom::set_property(&probe, "color", &format!("var({token})"));
            let colour = JsValue::from_str(&computed(&probe, "color"));
            for name in names {
                set(&colours, name, &colour);
            }
        }
        probe.remove();
    }
    colours.into()
}

/// The font for code.
pub(super) fn font(host: &HtmlElement) -> JsValue {
    let family = probe(host).map(|probe| {
        dom::set_property(&probe, "font-family", "var(--font-mono)");
        let family = computed(&probe, "font-family");
        probe.remove();
        family
    });
    family.into()
}

/// An element that takes a token's value: a token itself is only text.
fn probe(host: &HtmlElement) -> Option<HtmlElement> {
    let probe: HtmlElement = leptos::prelude::document().create_element("span").ok()?.dyn_into().ok()?;
    host.append_child(&probe).ok()?;
    Some(probe)
}

fn computed(element: &HtmlElement, property: &str) -> String {
    let style = leptos::prelude::window().get_computed_style(element).ok().flatten();
    style.and_then(|style| style.get_property_value(property).ok()).unwrap_or_default()
}
