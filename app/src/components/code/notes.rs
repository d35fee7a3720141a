//! Comments on lines: writing one, and those that wait to be sent as one prompt.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use octobot_wire::turn::SubmitPrompt;

use super::comments::{Comment, prompt};
use super::hunks::chosen_tools;
use super::reader::{Chosen, Reader};
use super::store::CodeStore;
use super::view::{View, name_of, shown};
use crate::browser::clock::idempotency_key;
use crate::browser::dom::plain_text;
use crate::browser::focus::focus;
use crate::browser::keys;
use crate::calls;
use crate::components::dynamic::dynamic;
use crate::components::dynamic::rows::Rows;
use crate::components::dynamic::when::When;
use crate::components::form::icon::Glyph;
use crate::components::form::icon_button::IconButton;
use crate::components::frame::layout::Layout;
use crate::components::frame::toasts::Toasts;
use crate::place::session_url;

/// What is said of lines that are others by now.
const CHANGED: &str = "The lines have changed since.";

/// The form for a comment on the chosen lines. Nothing while none are.
#[component]
pub fn NoteForm(
    /// What is read.
    reader: Reader,
) -> impl IntoView {
    let toasts = Toasts::expect();
    let text = RwSignal::new(String::new());
    let area = NodeRef::<html::Textarea>::new();
    Effect::new(move |_| {
        if let Some(area) = area.get() {
            focus(&area);
        }
    });
    let begun = move || reader.chosen.get().and_then(|chosen| written(reader, chosen, String::new()));
    let title =
        move || begun().map(|comment| format!("Comment on {}, {}", name_of(&shown(&comment.path)), comment.place()));
    let close = move || {
        reader.chosen.set(None);
        text.set(String::new());
        if let Some(node) = reader.node.get_untracked() {
            focus(&node);
        }
    };
    let add = move || {
        let said = text.get_untracked();
        let comment = reader.chosen.get_untracked().and_then(|chosen| written(reader, chosen, said.trim().to_owned()));
        if let Some(mut comment) = comment.filter(|comment| !comment.text.is_empty()) {
            reader.store().comments.update(|comments| {
                comment.number = comments.iter().map(|known| known.number).max().unwrap_or_default() + 1;
                comments.push(comment);
            });
            close();
        }
    };
    let key = move |event: web_sys::KeyboardEvent| {
        if keys::is_steer(&event) {
            event.prevent_default();
            add();
        } else if keys::is_escape(&event) {
            event.prevent_default();
            close();
        }
    };
    view! {
        <When when=move || reader.chosen.get().is_some()>
            <section class="note-form" aria-label="Comment">
                <label class="field__label" for="note-text">
                    {dynamic(title)}
                </label>
                <textarea
                    id="note-text"
                    class="input"
                    rows="3"
                    node_ref=area
                    prop:value=dynamic(move || text.get())
                    on:input=move |event| text.set(event_target_value(&event))
                    on:keydown=key
                ></textarea>
                <div class="note-form__actions">
                    <button
                        type="button"
                        class="button button--primary"
                        disabled=dynamic(move || text.with(|text| text.trim().is_empty()))
                        on:click=move |_| add()
                    >
                        "Add comment"
                    </button>
                    <button type="button" class="button" on:click=move |_| close()>
                        "Cancel"
                    </button>
                    {chosen_tools(reader, toasts, close)}
                    <span class="faint">"Comments are sent together, from the panel of files."</span>
                </div>
            </section>
        </When>
    }
}

/// A comment on the chosen lines, as far as they have lines on the chosen side.
fn written(reader: Reader, chosen: Chosen, text: String) -> Option<Comment> {
    let Chosen { first, last, is_old } = chosen;
    let lines = (first..=last).filter_map(|place| {
        let row = reader.row(place)?;
        let number = if is_old { row.old } else { row.new }?;
        let is_right = !is_old && !row.right.is_empty();
        (row.kind != octobot_wire::code::RowKind::Fold)
            .then(|| (number, plain_text(if is_right { &row.right } else { &row.html })))
    });
    let lines: Vec<_> = lines.collect();
    let number = lines.first()?.0;
    let file = reader.view.with_value(|view| untrack(|| reader.store().file(&view.path)));
    let path = reader.view.with_value(|view| view.path.clone());
    let old_path = file.and_then(|file| file.old_path).filter(|_| is_old);
    Some(Comment {
        number: 0,
        path: old_path.unwrap_or(path),
        is_old,
        first: number,
        lines: lines.into_iter().map(|(_, line)| line).collect(),
        text,
    })
}

/// The comments that wait, and the button that sends them. Nothing while there are none.
#[component]
pub fn Waiting(
    /// What is known of the code.
    store: CodeStore,
) -> impl IntoView {
    let toasts = Toasts::expect();
    let navigate = use_navigate();
    let is_sending = RwSignal::new(false);
    let count = Memo::new(move |_| store.comments.with(Vec::len));
    let send = StoredValue::new(move || {
        let (comments, navigate) = (store.comments.get_untracked(), navigate.clone());
        is_sending.set(true);
        spawn_local(async move {
            let (prompt, key) = (prompt(&comments), Some(idempotency_key()));
            let request = SubmitPrompt { prompt, idempotency_key: key, steer: false, attachments: Vec::new() };
            match calls::submit_prompt(store.project(), store.session, request).await {
                Ok(_) => {
                    let _ = store.comments.try_update(|list| list.retain(|comment| !comments.contains(comment)));
                    navigate(&session_url(&store.project(), store.session), leptos_router::NavigateOptions::default());
                }
                Err(failure) => toasts.failure("The comments weren't sent", &failure.0),
            }
            let _ = is_sending.try_set(false);
        });
    });
    let label = move || match count.get() {
        1 => "Send comment".to_owned(),
        count => format!("Send {count} comments"),
    };
    view! {
        <When when=move || count.get() != 0>
            <section class="notes" aria-label="Comments">
                <ul class="notes__list">
                    <Rows each=move || store.comments.get() key=|comment| comment.number let:comment>
                        <Note store comment/>
                    </Rows>
                </ul>
                <button
                    type="button"
                    class="button button--primary"
                    disabled=dynamic(move || is_sending.get())
                    on:click=move |_| send.with_value(|send| send())
                >
                    {dynamic(label)}
                </button>
            </section>
        </When>
    }
}

#[component]
fn Note(store: CodeStore, comment: Comment) -> impl IntoView {
    let layout = Layout::expect();
    let Comment { number, path, text, .. } = comment.clone();
    let url = View::diff(&path).url(&store.project(), store.session);
    let place = format!("{}, {}", name_of(&shown(&path)), comment.place());
    let remove = move |()| store.comments.update(|list| list.retain(|known| known.number != number));
    view! {
        <li class="notes__note">
            <a href=url title=shown(&path) on:click=move |_| layout.page.set(None)>
                {place}
            </a>
            <IconButton glyph=Glyph::Close label="Remove the comment" on_press=remove/>
            <p class="notes__text">{text}</p>
            {stale(store, comment)}
        </li>
    }
}

/// Says when the lines aren't what they were when the comment was written, and while that isn't known.
fn stale(store: CodeStore, comment: Comment) -> AnyView {
    // What was is as it was.
    if comment.is_old {
        return ().into_any();
    }
    let told = RwSignal::new("Looking whether the lines are still the same…");
    let (known, asked) = (StoredValue::new(comment), StoredValue::new(0_u32));
    Effect::new(move |_| {
        store.changes.track();
        let number = asked.get_value() + 1;
        asked.set_value(number);
        if !store.is_running.get() {
            told.set("Whether the lines have changed since is seen when the sandbox runs.");
            return;
        }
        let Comment { path, first, lines, .. } = known.get_value();
        spawn_local(async move {
            let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
            let query = octobot_wire::code::FileQuery { path, at: None, from: first - 1, count, hurry: false };
            let answer = calls::load_file(store.project(), store.session, query).await;
            // Of several answers the last one counts.
            if asked.try_get_value() != Some(number) {
                return;
            }
            told.set(match answer {
                Ok(now) if now.rows.iter().map(|row| plain_text(&row.html)).eq(lines) => "",
                Ok(_) => CHANGED,
                // It is gone.
                Err(failure) if failure.0.kind == octobot_wire::ProblemKind::NotFound => CHANGED,
                Err(_) => "The lines couldn’t be read, so they may have changed since.",
            });
        });
    });
    dynamic(move || {
        let told = told.get();
        (!told.is_empty()).then(|| view! { <p class="notes__stale" role="status">{told}</p> }.into_any())
    })
    .into_any()
}
