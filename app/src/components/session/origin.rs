//! Where a fork comes from.

use leptos::prelude::*;
use octobot_wire::session::Session;

use crate::live::{ProjectStore, SessionStore};
use crate::place::session_url;

/// A link to the session that this one was forked from, or what is left of that.
pub fn origin(session: Memo<Option<Session>>) -> Option<AnyView> {
    let source = session.with(|session| session.as_ref()?.forked_from)?;
    let store = ProjectStore::expect();
    Some(match store.session(source).get() {
        Some(found) => {
            let title = found.title().to_owned();
            view! { <a href=session_url(&store.id(), source)>{title}</a> }.into_any()
        }
        None => "a session that was deleted".into_any(),
    })
}

/// Says it at the end of the transcript, as long as that is the source's.
pub fn origin_note(session: Memo<Option<Session>>) -> Option<AnyView> {
    let created_at = session.with(|session| session.as_ref().map(|session| session.created_at))?;
    let transcript = SessionStore::expect();
    let has_begun = transcript.turns.with(|turns| !turns.is_empty())
        || transcript.messages.with(|messages| messages.last().is_some_and(|last| last.created_at >= created_at));
    if has_begun {
        return None;
    }
    let link = origin(session)?;
    Some(view! { <p class="remark">"Forked from " {link} ". The agent is told the conversation with your first prompt."</p> }.into_any())
}
