//! What showing and using a session doesn't need at first: other pages, dialogs, menus, terminals, what completes and goes with a prompt. It stands in a chunk of the WASM that a
//! browser fetches when it is first shown, so that a session is there sooner.

use leptos::prelude::*;
use octobot_wire::message::Permission;
use octobot_wire::{PartId, SessionId, TurnId, WorkspaceId};

use crate::components::chat::attachments::AttachmentTray;
use crate::components::chat::completion::Completion;
use crate::components::chat::completion_list::CompletionList;
use crate::components::chat::draft::Draft;
use crate::components::chat::prompt_entries::PromptEntries;
use crate::components::chat::question::QuestionForm;
use crate::components::chat::queued_edit::QueuedEdit;
use crate::components::chat::rewound::RewoundLine;
use crate::components::code::panel::FilesPanel;
use crate::components::code::screen::CodeScreen;
use crate::components::credential::session_dialog::SessionCredentialsDialog;
use crate::components::dynamic::dynamic;
use crate::components::session::delete::DeleteSessionDialog;
use crate::components::session::fork::{ForkDialog, Forking};
use crate::components::session::rewind::{RewindDialog, Rewinding};
use crate::components::session::session_entries::SessionEntries;
use crate::components::terminal::panel::TerminalPanel;
use crate::components::workspace::add::AddWorkspaceDialog;
use crate::components::workspace::entries::WorkspaceEntries;
use crate::components::workspace::remove::RemoveWorkspaceDialog;
use crate::components::workspace::rename::RenameWorkspaceDialog;
use crate::pages::place::PlacePage;

/// A part of the page that loads late.
#[derive(Clone, Copy)]
pub enum Late {
    /// The page of a place that isn't a session.
    Place,
    /// The entries of a session's menu, with the dialogs that give credentials, that fork and that delete.
    SessionMenu(SessionId, Dialog, Dialog, Dialog),
    /// The entries of a workspace's menu, with the dialogs that rename and that remove.
    WorkspaceMenu(WorkspaceId, Dialog, Dialog),
    /// A session's terminals.
    Terminals(SessionId),
    /// The panel of a session's files.
    Files,
    /// A file or a difference.
    Code,
    /// The dialog that gives a session credentials.
    SessionCredentials(SessionId, Dialog),
    /// What an agent wants filled in.
    Question(PartId, TurnId, StoredValue<Permission>),
    /// What completes a prompt.
    Completion(Draft, Completion),
    /// The files that go with a prompt.
    Attachments(Draft),
    /// Editing a queued prompt.
    EditQueued(TurnId, RwSignal<bool>),
    /// The dialog that adds a workspace.
    AddWorkspace(Dialog),
    /// The dialog that renames a workspace.
    RenameWorkspace(WorkspaceId, Signal<String>, Dialog),
    /// The dialog that removes a workspace.
    RemoveWorkspace(WorkspaceId, Signal<String>, Dialog),
    /// The dialog that deletes a session.
    DeleteSession(SessionId, Dialog),
    /// The dialog that forks a session, after a turn or now.
    ForkSession(SessionId, Forking),
    /// The entries of a prompt's menu.
    PromptMenu(TurnId),
    /// The line that stays of turns that were rewound, at their last message.
    Rewound(u64),
    /// The dialog that rewinds a session to before a turn.
    Rewind(Rewinding),
}

/// Whether a dialog is open.
pub type Dialog = RwSignal<bool>;

#[lazy]
fn fetch(part: Late) -> AnyView {
    match part {
        Late::Place => view! { <PlacePage/> }.into_any(),
        Late::SessionMenu(id, giving, forking, deleting) => {
            view! { <SessionEntries id giving forking deleting/> }.into_any()
        }
        Late::WorkspaceMenu(id, renaming, removing) => view! { <WorkspaceEntries id renaming removing/> }.into_any(),
        Late::Terminals(id) => view! { <TerminalPanel id/> }.into_any(),
        Late::Files => view! { <FilesPanel/> }.into_any(),
        Late::Code => view! { <CodeScreen/> }.into_any(),
        Late::SessionCredentials(id, open) => view! { <SessionCredentialsDialog id open/> }.into_any(),
        Late::Question(id, turn, asked) => view! { <QuestionForm id turn asked/> }.into_any(),
        Late::Completion(draft, completion) => view! { <CompletionList draft completion/> }.into_any(),
        Late::Attachments(draft) => view! { <AttachmentTray draft/> }.into_any(),
        Late::EditQueued(id, editing) => view! { <QueuedEdit id editing/> }.into_any(),
        Late::AddWorkspace(open) => view! { <AddWorkspaceDialog open/> }.into_any(),
        Late::RenameWorkspace(id, name, open) => view! { <RenameWorkspaceDialog id name open/> }.into_any(),
        Late::RemoveWorkspace(id, name, open) => view! { <RemoveWorkspaceDialog id name open/> }.into_any(),
        Late::DeleteSession(id, open) => view! { <DeleteSessionDialog id open/> }.into_any(),
        Late::ForkSession(id, forking) => view! { <ForkDialog id forking/> }.into_any(),
        Late::PromptMenu(turn) => view! { <PromptEntries turn/> }.into_any(),
        Late::Rewound(number) => view! { <RewoundLine number/> }.into_any(),
        Late::Rewind(rewinding) => view! { <RewindDialog rewinding/> }.into_any(),
    }
}

/// Shows a part as soon as it is there. The server has it at once.
pub fn show(part: Late) -> AnyView {
    view! { <Suspense>{move || Suspend::new(fetch(part))}</Suspense> }.into_any()
}

/// Shows a dialog from the first time on that it is open.
pub fn show_dialog(open: Dialog, part: Late) -> AnyView {
    show_once(move || open.get(), part)
}

/// Shows a part from the first time on that it is wanted.
pub fn show_once(wanted: impl Fn() -> bool + Send + Sync + 'static, part: Late) -> AnyView {
    once(Box::new(wanted), part)
}

fn once(wanted: Box<dyn Fn() -> bool + Send + Sync>, part: Late) -> AnyView {
    let was_wanted = Memo::new(move |before| before == Some(&true) || wanted());
    view! { {dynamic(move || was_wanted.get().then(|| show(part)))} }.into_any()
}

/// Waits for what the page at this address begins with: taking over what the server rendered can't wait for it.
#[cfg(feature = "hydrate")]
pub async fn ready() {
    use crate::place::Place;
    let path = window().location().pathname().unwrap_or_default();
    match Place::of_path(&path) {
        Place::Session(_) => {}
        Place::Overview
        | Place::Workspace(_)
        | Place::Agents
        | Place::NewAgent
        | Place::Agent(_)
        | Place::Credentials
        | Place::Network
        | Place::Traffic(_)
        | Place::Elsewhere => __preload_fetch().await,
    }
}
