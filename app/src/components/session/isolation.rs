//! How a session's sandbox is isolated, where that is less than one may expect.

use leptos::prelude::*;
use octobot_wire::session::{Isolation, Network, Session};

use crate::components::dynamic::dynamic;
use crate::components::form::icon::{Glyph, Icon};

/// A badge that opens an explanation.
#[component]
pub fn IsolationBadge(
    /// The session.
    session: Memo<Option<Session>>,
) -> impl IntoView {
    let isolation = Memo::new(move |_| session.with(|s| s.as_ref().and_then(|s| s.isolation.clone())));
    dynamic(move || {
        let isolation = isolation.get()?;
        let (word, tone) = match (isolation.isolated, isolation.network) {
            (false, _) => ("Not isolated", "warning"),
            (true, Network::Host) => ("Host network", "quiet"),
            (true, Network::Bridge) => ("Open network", "quiet"),
            (true, Network::Proxied) => return None,
        };
        let badge = view! {
            <button type="button" class="badge badge--button" data-tone=tone popovertarget="isolation">
                <Icon glyph=if isolation.isolated { Glyph::Info } else { Glyph::Unlock }/>
                <span class="badge__text">{word}</span>
            </button>
            <div class="menu menu--text" popover="auto" id="isolation">
                <IsolationText isolation/>
            </div>
        };
        Some(badge.into_any())
    })
}

/// The explanation.
#[component]
pub fn IsolationText(
    /// What there is to explain.
    isolation: Isolation,
) -> impl IntoView {
    let Isolation { provider, isolated, network, missing_limits } = isolation;
    let kept_apart = if isolated {
        "Its processes and files are kept apart from the host's."
    } else {
        "Its processes and files aren't kept apart from the host's: what runs in it can read and change what the \
         server can."
    };
    let network = match network {
        Network::Host => {
            "It shares the host's network. Nothing is kept from leaving, and it can reach services on this machine."
        }
        Network::Bridge => {
            "It has a network of the container engine. Nothing is kept from leaving, and it can reach other containers \
             and what this machine offers to its network, but not what listens on this machine's loopback only."
        }
        Network::Proxied => "Its only way out is a proxy, which lets through what the network policy allows.",
    };
    let limits = (!missing_limits.is_empty()).then(|| {
        let lines: Vec<_> = missing_limits.into_iter().map(|limit| view! { <li>{limit}</li> }).collect();
        view! {
            <p>"Limits that this host doesn't let it set:"</p>
            <ul class="bullets">{lines}</ul>
        }
    });
    view! {
        <p>"The sandbox is made by the provider " <code>{provider}</code> ". " {kept_apart}</p>
        <p>{network}</p>
        {limits}
    }
}
