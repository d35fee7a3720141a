//! The HTML document around the pages. Rendered on the server only.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;
use octobot_wire::preferences::{Preferences, Theme};

use crate::App;

/// URLs of what the page loads, with the hashes in their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    /// The JavaScript module that wasm-bindgen made.
    pub script: String,
    /// The WASM.
    pub wasm: String,
    /// The style sheet.
    pub style: String,
}

/// What the server knows about a page before it is rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What it loads.
    pub assets: Assets,
    /// Who looks at it likes it so. Theme and panel widths stand in the first bytes, so that nothing flashes or jumps.
    pub preferences: Preferences,
    /// In development: an event stream that speaks when the page should load again.
    pub dev_reload: Option<String>,
}

/// The document. Every inline script and style carries the nonce of the request's context, and there is no `style`
/// attribute in it.
pub fn shell(page: Page) -> impl IntoView {
    let Page { assets, preferences, dev_reload } = page;
    let Assets { script, wasm, style } = assets;
    let loader = format!(
        "import init, {{ hydrate }} from {script:?}; await init({{ module_or_path: {wasm:?} }}); await hydrate(); \
         document.documentElement.dataset.ready = '';"
    );
    let reload = dev_reload.map(|url| {
        let script = format!("new EventSource({url:?}).onmessage = () => location.reload();");
        view! { <script nonce=use_nonce()>{script}</script> }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme_name(preferences.theme)>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="description" content="Work with AI coding agents, each in a sandbox of its own."/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=style/>
                <style nonce=use_nonce()>{widths(&preferences)}</style>
                <link rel="modulepreload" href=script/>
                <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin=""/>
                <script type="module" nonce=use_nonce()>{loader}</script>
                {reload}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// A theme as the style sheets call it.
pub fn theme_name(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "system",
        Theme::Light => "light",
        Theme::Dark => "dark",
    }
}

fn widths(preferences: &Preferences) -> String {
    let (sidebar, details) = (preferences.sidebar.clamped(), preferences.details.clamped());
    format!(":root{{--sidebar-width:{}px;--details-width:{}px}}", sidebar.width_px, details.width_px)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_out_of_bounds_are_clamped_in_the_first_paint() {
        let mut preferences = Preferences::default();
        preferences.sidebar.width_px = 9_000;
        assert_eq!(widths(&preferences), ":root{--sidebar-width:640px;--details-width:300px}");
    }
}
