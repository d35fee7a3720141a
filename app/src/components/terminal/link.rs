//! Following a link: where it leads is shown first, since a program can hide it behind another text.

use leptos::prelude::*;

use crate::components::dynamic::dynamic;
use crate::components::form::dialog::Dialog;

/// Shows where a link leads.
#[component]
pub fn LinkDialog(
    /// The link that was pressed.
    link: RwSignal<Option<String>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let url = Memo::new(move |_| link.get().as_deref().and_then(web_address));
    Effect::new(move |_| open.set(url.get().is_some()));
    Effect::new(move |_| {
        if !open.get() {
            link.set(None);
        }
    });
    view! {
        <Dialog open title="Open this link?">
            <p class="dialog__text terminal__url">{dynamic(move || url.get())}</p>
            <div class="dialog__actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    "Cancel"
                </button>
                <a
                    class="button button--primary"
                    href=dynamic(move || url.get())
                    target="_blank"
                    rel="noopener noreferrer"
                    on:click=move |_| open.set(false)
                >
                    "Open in a new tab"
                </a>
            </div>
        </Dialog>
    }
}

/// Where a link to a page of the web leads, as the browser understands it: with the letters of a host that only look like others told
/// apart, and none that turn the order of others around.
fn web_address(link: &str) -> Option<String> {
    let address = web_sys::Url::new(link).ok().filter(|_| is_web(link))?;
    Some(address.href())
}

/// Whether it leads to a page of the web.
fn is_web(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    (url.starts_with("http://") || url.starts_with("https://")) && !url.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_web_are_opened() {
        assert!(is_web("https://example.com/a?b") && is_web("HTTP://example.com"));
        for other in ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "https", "http://a\nb", ""] {
            assert!(!is_web(other), "{other}");
        }
    }
}
